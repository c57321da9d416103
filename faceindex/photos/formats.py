"""Opens a photo of any supported format. Only the header is read; pixels are decoded when they are needed."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

import pillow_heif
from PIL import Image, UnidentifiedImageError

from faceindex.photos.containers import png_chunks
from faceindex.photos.containers.boxes import without_trailer
from faceindex.photos.containers.jpeg_frame import give_at_once, kind_not_read, opened_jpeg
from faceindex.photos.decoders import jpeg_2000, jpeg_xl, png
from faceindex.photos.decoders.avif import AvifPhoto, is_avif, refuse_large
from faceindex.photos.decoders.tiff import is_tiff_or_big, opened_tiff
from faceindex.photos.finding.sources import source_of
from faceindex.photos.identity import is_photo
from faceindex.photos.kinds import refusal
from faceindex.photos.read import read_bytes

_JPEG = b"\xff\xd8"
_OTHERS = ("JPEG", "WEBP", "GIF", "BMP", "HEIF")

pillow_heif.register_heif_opener()
_pillow_limit = threading.Lock()


def opened(data: bytes) -> Image.Image:
    """The first or primary picture in `data`, a file without a trailer (see `without_trailer`); its header is read.

    Raises: ValueError that names the kind of a file that cannot be read; anything that decoders raise.
    """
    # Pillow's own limit is a process-wide setting below ours; our limit is in Photo.
    with _pillow_limit:
        limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
        try:
            return _opened(data)
        finally:
            Image.MAX_IMAGE_PIXELS = limit


@contextmanager
def opened_header(path: str) -> Iterator[Image.Image]:
    """The photo at `path` with only its header read. Raises: OSError; UnreadablePhoto; as `opened`."""
    with source_of(path).opened(path) as opened, _header(opened.file, path) as image:
        yield image


def _header(file: BinaryIO, path: str) -> Image.Image:
    with _pillow_limit:
        limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
        try:
            return Image.open(file, formats=(*_OTHERS, "PNG", "TIFF"))
        except Exception:
            data, _ = read_bytes(path)
        finally:
            Image.MAX_IMAGE_PIXELS = limit
    return opened(without_trailer(data))


def _opened(data: bytes) -> Image.Image:
    if data.startswith(png_chunks.SIGNATURE):
        return png.opened_png(data)
    if is_tiff_or_big(data):
        return opened_tiff(data)
    if is_avif(data):
        refuse_large(data)
        return AvifPhoto(io.BytesIO(data))
    if jpeg_xl.is_jpeg_xl(data):
        return jpeg_xl.JpegXlPhoto(io.BytesIO(data))
    if jpeg_2000.is_jpeg_2000(data):
        return jpeg_2000.opened_jpeg_2000(data)
    if data.startswith(_JPEG):
        return _opened_jpeg(data)
    try:
        return Image.open(io.BytesIO(data), formats=_OTHERS)
    except UnidentifiedImageError:
        if not is_photo(data[:32]):
            raise ValueError(refusal(data[:32])) from None
        raise


def _opened_jpeg(data: bytes) -> Image.Image:
    """Raises: ValueError that names the kind of a JPEG that cannot be read; anything that Pillow raises."""
    try:
        image: Image.Image = Image.open(io.BytesIO(data), formats=_OTHERS)
    except UnidentifiedImageError:
        if kind := kind_not_read(data):
            raise ValueError(kind) from None
        raise
    except Exception:
        # The metadata of an MPO list its other pictures; if these metadata are broken, it is still a JPEG.
        return opened_jpeg(data)
    give_at_once(image, data)
    return image
