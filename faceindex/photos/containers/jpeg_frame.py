"""The frame header of a JPEG and its kind of coding (ITU T.81, table B.1), and how to open such a file with Pillow."""

from __future__ import annotations

import io
from dataclasses import dataclass

from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile

_JPEG_LS = 0xF7  # ITU T.87
_FRAMES = (frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}) | {_JPEG_LS}
_LOSSLESS, _HIERARCHICAL = frozenset((0xC3, 0xCB)), frozenset((0xC5, 0xC6, 0xC7, 0xCD, 0xCE, 0xCF))
_ARITHMETIC = frozenset((0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF))
_START_OF_SCAN = 0xDA


@dataclass(frozen=True, slots=True)
class Frame:
    """marker: the second byte of the frame's marker. bits: per sample."""

    marker: int
    bits: int


def frame(data: bytes) -> Frame | None:
    """The frame of the first picture; None if there is none before its coded data."""
    position = 2
    while position + 5 <= len(data) and data[position] == 0xFF:
        marker = data[position + 1]
        if marker in _FRAMES:
            return Frame(marker, data[position + 4])
        if marker == _START_OF_SCAN:
            return None
        filling = marker == 0xFF
        position += 1 if filling else 2 + int.from_bytes(data[position + 2 : position + 4], "big")
    return None


def is_arithmetic(data: bytes) -> bool:
    """Whether the data have arithmetic coding; then a flat end of the picture needs no bytes at all."""
    found = frame(data)
    return found is not None and found.marker in _ARITHMETIC


def kind_not_read(data: bytes) -> str | None:
    """A description of a JPEG that libjpeg cannot decode; None for one that it can."""
    found = frame(data)
    if found is None:
        return None
    if found.marker == _JPEG_LS:
        return "JPEG-LS, which cannot be read: save it as PNG or TIFF"
    if found.marker in _HIERARCHICAL:
        words = "hierarchical"
    elif found.bits != 8:
        words = f"{'lossless, ' if found.marker in _LOSSLESS else ''}{found.bits} bits a sample"
    elif found.marker in _LOSSLESS:
        words = "lossless"
    else:
        return None
    return f"JPEG of a kind that cannot be read: {words}"


def opened_jpeg(data: bytes) -> JpegImageFile:
    """The first picture of a JPEG, its header read. Raises: whatever Pillow does."""
    image = JpegImageFile(io.BytesIO(data))  # Image.open has its own size limit, and reads the other pictures of an MPO
    give_at_once(image, data)
    return image


def give_at_once(image: Image.Image, data: bytes) -> None:
    """Make Pillow pass the file as a whole: libjpeg cannot wait for more data of an arithmetic-coded one, and starts a
    row of blocks again whenever it has to wait for data."""
    image.decodermaxblock = len(data) + 1  # type: ignore[attr-defined]
