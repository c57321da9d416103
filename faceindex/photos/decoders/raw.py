"""RAW photos of cameras: the preview inside, or the sensor's data at half size; LibRaw reads them, by way of rawpy.

rawpy is optional. Many RAW files are TIFF files by their first bytes, whose first page is a thumbnail: a TIFF decoder
would take that for the photo.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from PIL import Image

from faceindex.photos.containers.libtiff_messages import messages
from faceindex.photos.containers.tiff_pages import PHOTOMETRIC, pages
from faceindex.photos.identity import RAW_EXTENSIONS, has_raw_magic, is_tiff
from faceindex.photos.lost_data.raw_sensor import damage_of_sensor_data

try:
    import rawpy
except ImportError:
    rawpy = None

NOT_INSTALLED = "a RAW photo: pip install 'faceindex[raw]' lets it be read"

LARGE_ENOUGH = 1600
"""A preview of so many pixels on its longer side is as good as the photo; a smaller one if it has half of its side."""

_SAID = {
    "LibRawFileUnsupportedError": "it is damaged, or of a camera that LibRaw does not know",
    "LibRawNotImplementedError": "it is of a kind that LibRaw does not decode",
    "NotSupportedError": "it is of a kind that LibRaw does not decode",
    "LibRawIOError": "it is cut off, or damaged",
    "LibRawTooBigError": "it is larger than LibRaw takes",
    "LibRawUnsufficientMemoryError": "it takes more memory than there is, or is damaged",
}
"""By the name of rawpy's exception."""

_ORIENTATION, _SOFTWARE = 0x0112, 0x0131
_TURNED = {3: 3, 5: 8, 6: 6}  # LibRaw's `flip` as EXIF orientation
_SIDEWAYS = frozenset((5, 6))
_DNG_VERSION = 50706
_SENSOR = frozenset((32803, 34892))  # photometric interpretation: colour filter array, linear raw


@dataclass(frozen=True, slots=True)
class Picture:
    """What a RAW file shows.

    data: a JPEG or BMP file. orientation: EXIF's, to be undone. warning: what could not be read, if anything.
    """

    data: bytes
    orientation: int
    warning: str | None = None


def is_raw(data: bytes, path: str) -> bool:
    """Whether the file is a RAW photo: by its first bytes, or a TIFF by them and a RAW by its tags or its name."""
    if not is_tiff(data):
        return has_raw_magic(data)
    if data[8:10] == b"CR" or PurePath(path).suffix.lower() in RAW_EXTENSIONS:
        return True
    try:
        return any(_DNG_VERSION in page or page.get(PHOTOMETRIC, (0,))[0] in _SENSOR for page in pages(data))
    except struct.error:  # cut off: as a TIFF it is unreadable, too
        return False


def installed() -> bool:
    """Whether RAW photos can be read at all."""
    return rawpy is not None


def picture_in(data: bytes, check: Callable[[int, int], None]) -> Picture:
    """The embedded preview when it is large enough, else the photo at half of its size.

    check: gets width and height of the photo before anything is decoded, and raises when they are too much.

    Raises: ValueError when rawpy is not installed, or LibRaw cannot read the file.
    """
    if rawpy is None:
        raise ValueError(NOT_INSTALLED)
    try:
        with messages(), rawpy.imread(io.BytesIO(data)) as raw:
            sizes = raw.sizes
            check(sizes.raw_width, sizes.raw_height)
            preview = _preview(raw)
            longer = max(sizes.width, sizes.height)
            if preview and max(_size(preview.data)) >= min(LARGE_ENOUGH, longer / 2):
                return preview
            try:
                pixels = raw.postprocess(half_size=True, use_camera_wb=True)
            except rawpy.LibRawError as error:
                if preview is None:
                    raise
                warning = f"only its small preview can be read ({_reason(error)})"
                return Picture(preview.data, preview.orientation, warning)
            return Picture(_as_file(pixels), 1, damage_of_sensor_data(data, pixels))
    except rawpy.LibRawError as error:
        raise ValueError(f"a RAW photo that cannot be read: {_reason(error)}") from error


def _preview(raw: Any) -> Picture | None:
    """The largest preview in the file that can be opened."""
    try:
        found = raw.extract_thumb()
        data = bytes(found.data) if found.format == rawpy.ThumbFormat.JPEG else _as_file(found.data)
        width, height = _size(data)
        exif = Image.open(io.BytesIO(data)).getexif()
    except Exception:  # no preview, or none of a kind that is known: the sensor's data are still there
        return None
    # LibRaw gives EXIF of its own to a preview that has none; it signs that with the program it comes from.
    if exif.get(_ORIENTATION) in range(2, 9) and not str(exif.get(_SOFTWARE)).startswith("dcraw"):
        return Picture(data, exif[_ORIENTATION])
    # Some cameras store the preview upright, and say in the RAW file how the sensor was held.
    upright = raw.sizes.flip in _SIDEWAYS and (width < height) != (raw.sizes.width < raw.sizes.height)
    return Picture(data, 1 if upright else _TURNED.get(raw.sizes.flip, 1))


def _size(data: bytes) -> tuple[int, int]:
    return Image.open(io.BytesIO(data)).size


def _as_file(pixels: Any) -> bytes:
    """A file, so that for all that follows a RAW photo is one like any other; BMP costs next to nothing."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "BMP")
    return buffer.getvalue()


def _reason(error: Exception) -> str:
    """In words of ours: LibRaw's own are "Input/output error" and the like."""
    return next((words for name, words in _SAID.items() if type(error).__name__ == name), "it is damaged")
