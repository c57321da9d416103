"""TIFF: read by Pillow, and kinds that Pillow does not know by tifffile and imagecodecs, which are optional."""

from __future__ import annotations

import io
import logging
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from PIL import Image, TiffImagePlugin

from faceindex.photos.containers.tiff_pages import Page, pages
from faceindex.photos.containers.tiff_values import refuse_lost_directory
from faceindex.photos.decoders.decoded_at_once import DecodedAtOnce
from faceindex.photos.decoders.extras import FORMATS_MISSING, formats_installed
from faceindex.photos.decoders.levels import Depth, depth_said, eight_bit_samples
from faceindex.photos.turning import SIDES_SWAPPED, TURN
from faceindex.types import Pixels

MAX_SAMPLE_BYTES = 2 << 30
"""A page that needs more memory than this is refused; 300 megapixels of 16-bit RGB need less."""

_NEW_SUBFILE_TYPE, _REDUCED = 254, 1
_BITS, _COMPRESSION, _PHOTOMETRIC, _ORIENTATION, _PLANES, _EXTRA, _FORMAT = 258, 259, 262, 274, 284, 338, 339
_PROFILE, _XMP = 34675, 700
_WEBP, _SEPARATE = 50001, 2
_NATIVE = {"F;32BF": "F;32NF", "I;16BS": "I;16NS", "I;32BS": "I;32NS"}
_COLOURS = {0: "grey", 1: "grey", 2: "RGB", 3: "palette", 5: "CMYK", 6: "YCbCr", 8: "CIELAB", 9: "ICC LAB"}
_CHANNELS = {0: 1, 1: 1, 2: 3, 3: 1, 5: 4, 6: 3, 8: 3, 9: 3}
_PALETTE, _CMYK, _YCBCR, _CIELAB, _ICCLAB = 3, 5, 6, 8, 9
_COMPRESSIONS = {
    **{6: "old JPEG", 7: "JPEG", 34712: "JPEG 2000", 34887: "LERC", 34925: "LZMA", 34933: "PNG", 34934: "JPEG XR"},
    **{50000: "Zstandard", 50001: "WebP", 50002: "JPEG XL", 52546: "JPEG XL", 34676: "SGILog", 34677: "SGILog"},
}
_PREMULTIPLIED, _ALPHA = 1, 2
_SIGNS = np.array([0, 128, 128], np.uint8)


def is_tiff_or_big(data: bytes) -> bool:
    """Whether a file that starts with `data` is TIFF or BigTIFF."""
    return data[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")


def opened_tiff(data: bytes) -> Image.Image:
    """The first page that is not marked as a reduced version of another. Raises: ValueError, or what Pillow raises.

    ValueError says which kind of file cannot be read.
    """
    try:
        image = TiffImagePlugin.TiffImageFile(io.BytesIO(data))
        _skip_thumbnails(image)
        if not _misread_by_pillow(image.tag_v2):
            image.tile = [_in_native_order(tile) for tile in image.tile]
            image.tag_v2.setdefault(_ORIENTATION, 1)  # else Pillow would turn it by its XMP; no other program does
            return image
        tags: Any = image.tag_v2
    except (SyntaxError, KeyError) as error:  # Pillow does not know this kind, or it is damaged
        tags = _first_page(data)
        if not {_BITS, _COMPRESSION, _PHOTOMETRIC} & set(tags):
            raise error
    return _opened_by_tifffile(data, kind_of(tags))


def _first_page(data: bytes) -> Page:
    """The first page; empty if the file is damaged there."""
    try:
        return next(pages(data), {})
    except (struct.error, OverflowError):
        return {}


def _misread_by_pillow(tags: Any) -> bool:
    """Whether Pillow would misread it: its libtiff lacks WebP, and it reads planes of 16 bits as 8 bits."""
    planes_of_16 = tags.get(_PLANES) == _SEPARATE and 16 in tags.get(_BITS, ())
    return tags.get(_COMPRESSION) == _WEBP or planes_of_16


def _in_native_order(tile: Any) -> Any:
    """libtiff returns samples in the machine's byte order, but Pillow expects some of them in the file's order."""
    native = _NATIVE.get(tile.args[0]) if tile.codec_name == "libtiff" else None
    return tile._replace(args=(native, *tile.args[1:])) if native else tile


def _opened_by_tifffile(data: bytes, kind: str) -> Image.Image:
    refuse_lost_directory(data)
    if not formats_installed():
        raise ValueError(f"{kind}: {FORMATS_MISSING}")
    import tifffile  # optional

    try:
        with _in_silence():
            found: Any = tifffile.TiffFile(io.BytesIO(data)).pages
            page = next((each for each in found if not each.subfiletype & _REDUCED), found[0])
    except Exception:
        raise ValueError("damaged: a TIFF file without a readable page") from None
    if any(begin + count > len(data) for begin, count in zip(page.dataoffsets, page.databytecounts, strict=False)):
        raise ValueError("image file is truncated")
    return TiffPage(data, page, kind)


@contextmanager
def _in_silence() -> Iterator[None]:
    """tifffile logs problems of a file, and Python would print them."""
    log = logging.getLogger("tifffile")
    before, log.disabled = log.disabled, True
    try:
        yield
    finally:
        log.disabled = before


class TiffPage(DecodedAtOnce):
    """A page read by tifffile, as an upright Pillow image."""

    format = "TIFF"

    def __init__(self, data: bytes, page: Any, kind: str) -> None:
        self._page, self._kind, self._bytes = page, kind, data
        super().__init__(io.BytesIO(data))

    def _open(self) -> None:
        page, photometric = self._page, int(self._page.photometric)
        if photometric not in _CHANNELS or page.samplesperpixel < _CHANNELS[photometric] or page.imagedepth != 1:
            raise ValueError(self._kind)
        self.tag_v2 = {tag.code: tag.value for tag in page.tags}  # the name that Pillow uses
        self._orientation = int(getattr(page.tags.get(_ORIENTATION), "value", 1))
        size = (page.imagewidth, page.imagelength)
        self._announce(*(size[::-1] if self._orientation in SIDES_SWAPPED else size))
        for tag, key in ((_PROFILE, "icc_profile"), (_XMP, "xmp")):
            if isinstance(value := getattr(page.tags.get(tag), "value", None), bytes):
                self.info[key] = value

    def _picture(self) -> Image.Image:
        try:
            with _in_silence():
                picture = _picture(self._page)
        except MemoryError:
            raise
        except Exception as error:  # a missing decoder, or damaged data; the library raises many kinds of errors
            raise ValueError(f"damaged, or a {self._kind}") from error
        return picture.transpose(TURN[self._orientation]) if self._orientation in TURN else picture

    def getexif(self) -> Image.Exif:
        """EXIF, which is part of the page's own tags. Raises: anything that Pillow raises."""
        exif = Image.Exif()
        exif.load_from_fp(io.BytesIO(self._bytes))
        return exif


def _picture(page: Any) -> Image.Image:
    """The page's pixels in eight bits, in any mode."""
    if page.nbytes > MAX_SAMPLE_BYTES:
        raise MemoryError
    values = page.asarray(maxworkers=1)
    if page.axes == "SYX":
        values = np.moveaxis(values, 0, -1)
    values = values[..., None] if values.ndim == 2 else values
    if values.dtype == bool:
        values = values.astype(np.uint8) * 255
    if values.ndim != 3:
        raise ValueError("not a two-dimensional picture")
    photometric, tags = int(page.photometric), {tag.code: tag.value for tag in page.tags}
    channels = _CHANNELS[photometric]
    depth = depth_said(tags) if page.dtype != bool else Depth(inverted=photometric == 0)
    colours = values[..., :channels]
    if photometric == _PALETTE:
        return Image.fromarray(_eight_bit_palette(page.colormap)[colours[..., 0]])
    if photometric in (_CIELAB, _ICCLAB):
        return Image.frombytes("LAB", colours.shape[1::-1], _lab(colours, photometric).tobytes())
    eight = eight_bit_samples(colours, depth)
    if photometric in (_CMYK, _YCBCR):
        rgb = photometric == _YCBCR and int(page.compression) in (6, 7)  # tifffile has converted it
        mode = "CMYK" if photometric == _CMYK else "RGB" if rgb else "YCbCr"
        return Image.frombytes(mode, eight.shape[1::-1], eight.tobytes())
    picture = Image.fromarray(eight[..., 0] if channels == 1 else eight)
    extra = int(page.extrasamples[0]) if page.extrasamples else 0
    if extra in (_ALPHA, _PREMULTIPLIED):
        picture = _with_alpha(picture, eight_bit_samples(values[..., channels], Depth(white=depth.white)), extra)
    return picture


def _with_alpha(picture: Image.Image, alpha: Pixels, extra: int) -> Image.Image:
    if extra == _PREMULTIPLIED:
        premultiplied = np.dstack([np.asarray(picture.convert("RGB")), alpha])
        return Image.frombytes("RGBa", picture.size, premultiplied.tobytes()).convert("RGBA")
    picture.putalpha(Image.fromarray(alpha))
    return picture


def _lab(values: np.ndarray, photometric: int) -> Pixels:
    """L from 0 to 255, a and b as signed bytes (TIFF 6.0, section 23); in ICC LAB their zero is 128."""
    if values.dtype.kind == "f":
        levels: Pixels = np.clip(np.nan_to_num(values) * [2.55, 1, 1] + [0, 128, 128], 0, 255).astype(np.uint8)
        return levels ^ _SIGNS
    high: Pixels = (values.view(f"u{values.itemsize}") >> (8 * values.itemsize - 8)).astype(np.uint8)
    return high if photometric == _CIELAB else high ^ _SIGNS


def _eight_bit_palette(palette: np.ndarray) -> Pixels:
    shift = 8 if palette.max(initial=0) > 255 else 0  # some programs write eight bits instead of sixteen
    return np.ascontiguousarray((palette >> shift).astype(np.uint8).T)


def kind_of(tags: Any) -> str:
    """A description: "TIFF of a kind that cannot be read: 16-bit CIELAB"."""

    def values(tag: int) -> tuple[Any, ...]:
        value = tags.get(tag, ())
        return value if isinstance(value, tuple) else (value,)

    bits, form = values(_BITS) or (1,), (values(_FORMAT) or (1,))[0]
    words = [f"{bits[0]}-bit", {2: "signed", 3: "floating-point"}.get(form, "")]
    words.append(_COLOURS.get((values(_PHOTOMETRIC) or (None,))[0], "of unknown colours"))
    if {_PREMULTIPLIED, _ALPHA} & set(values(_EXTRA)):
        words.append("with transparency")
    compression = (values(_COMPRESSION) or (1,))[0]
    if compression in _COMPRESSIONS:
        words.append(f"in {_COMPRESSIONS[compression]}")
    return f"TIFF of a kind that cannot be read: {' '.join(filter(None, words))}"


def _skip_thumbnails(image: TiffImagePlugin.TiffImageFile) -> None:
    """Go to the first page that is not marked as a reduced version of another one, if there is one."""
    page = 0
    while _is_thumbnail(image):
        page += 1
        try:
            image.seek(page)
        except EOFError:
            image.seek(0)
            return


def _is_thumbnail(page: TiffImagePlugin.TiffImageFile) -> bool:
    kind = page.tag_v2.get(_NEW_SUBFILE_TYPE)
    return isinstance(kind, int) and bool(kind & _REDUCED)
