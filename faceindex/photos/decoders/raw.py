"""RAW photos of cameras: the embedded preview, or the sensor data at half size, read by LibRaw through rawpy.

rawpy is optional. Many RAW files look like TIFF files whose first page is a thumbnail, which a TIFF decoder would take
for the photo.
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
"""A preview with so many pixels on its longer side is used; a smaller one only if it has half of the photo's side."""

_SAID = {
    "LibRawFileUnsupportedError": "it is damaged, or LibRaw does not know the camera",
    "LibRawNotImplementedError": "LibRaw cannot decode this kind",
    "NotSupportedError": "LibRaw cannot decode this kind",
    "LibRawIOError": "it is cut off, or damaged",
    "LibRawTooBigError": "it is too large for LibRaw",
    "LibRawUnsufficientMemoryError": "there is not enough memory, or it is damaged",
}
"""Reasons by the name of rawpy's exception."""

_ORIENTATION, _SOFTWARE = 0x0112, 0x0131
_TURNED = {3: 3, 5: 8, 6: 6}  # LibRaw's `flip` to EXIF orientation
_SIDEWAYS = frozenset((5, 6))
_DNG_VERSION = 50706
_SENSOR = frozenset((32803, 34892))  # photometric interpretation: colour filter array, linear raw


@dataclass(frozen=True, slots=True)
class Picture:
    """The picture of a RAW file.

    data: a JPEG or BMP file. orientation: the EXIF orientation to undo. warning: what could not be read, if anything.
    """

    data: bytes
    orientation: int
    warning: str | None = None


def is_raw(data: bytes, path: str) -> bool:
    """Whether the file is a RAW photo: by its first bytes, or a TIFF that is RAW by its tags or its name."""
    if not is_tiff(data):
        return has_raw_magic(data)
    if data[8:10] == b"CR" or PurePath(path).suffix.lower() in RAW_EXTENSIONS:
        return True
    try:
        return any(_DNG_VERSION in page or page.get(PHOTOMETRIC, (0,))[0] in _SENSOR for page in pages(data))
    except struct.error:  # cut off: it is not readable as TIFF, either
        return False


def installed() -> bool:
    """Whether RAW photos can be read at all."""
    return rawpy is not None


def picture_in(data: bytes, check: Callable[[int, int], None]) -> Picture:
    """The embedded preview if it is large enough, else the photo at half of its size.

    check: called with width and height of the photo before anything is decoded; raises if they are too large.

    Raises: ValueError if rawpy is not installed, or LibRaw cannot read the file.
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
    except Exception:  # no usable preview; the sensor data are still there
        return None
    # LibRaw adds its own EXIF to a preview without EXIF; the tag "software" shows that.
    if exif.get(_ORIENTATION) in range(2, 9) and not str(exif.get(_SOFTWARE)).startswith("dcraw"):
        return Picture(data, exif[_ORIENTATION])
    # Some cameras store the preview upright, and write in the RAW file how the camera was held.
    upright = raw.sizes.flip in _SIDEWAYS and (width < height) != (raw.sizes.width < raw.sizes.height)
    return Picture(data, 1 if upright else _TURNED.get(raw.sizes.flip, 1))


def _size(data: bytes) -> tuple[int, int]:
    return Image.open(io.BytesIO(data)).size


def _as_file(pixels: Any) -> bytes:
    """A file, so that a RAW photo can be treated like any other; writing BMP costs almost nothing."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "BMP")
    return buffer.getvalue()


def _reason(error: Exception) -> str:
    """The reason in our words; LibRaw's own are like "Input/output error"."""
    return next((words for name, words in _SAID.items() if type(error).__name__ == name), "it is damaged")
