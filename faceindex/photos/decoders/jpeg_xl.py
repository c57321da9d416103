"""JPEG XL: the size is read here before anything is decoded; imagecodecs (optional) decodes it with libjxl."""

from __future__ import annotations

import struct
from collections.abc import Iterator

import numpy as np
from PIL import Image

from faceindex.photos.containers.boxes import JXL_SIGNATURE, boxes
from faceindex.photos.decoders.decoded_at_once import DecodedAtOnce
from faceindex.photos.decoders.extras import FORMATS_MISSING, formats_installed
from faceindex.photos.turning import SIDES_SWAPPED

BARE_SIGNATURE = b"\xff\x0a"

_RATIOS = ((1, 1), (12, 10), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1))  # ISO/IEC 18181-1, section D.2
_MAX_NOTE_BYTES = 8 << 20


def is_jpeg_xl(data: bytes) -> bool:
    """Whether a file that starts with `data` is JPEG XL, with or without boxes around it."""
    return data.startswith((JXL_SIGNATURE, BARE_SIGNATURE))


class JpegXlPhoto(DecodedAtOnce):
    """A JPEG XL file as an upright Pillow image: libjxl undoes the orientation, and EXIF's is ignored."""

    format = "JXL"

    def _open(self) -> None:
        if not formats_installed():
            raise ValueError(f"JPEG XL is not supported: {FORMATS_MISSING}")
        assert self.fp is not None
        self._data = self.fp.read()
        width, height, orientation = header(codestream(self._data))
        self._announce(*((height, width) if orientation in SIDES_SWAPPED else (width, height)))
        self.info["original_orientation"] = orientation
        self.info.update(_notes(self._data))

    def _picture(self) -> Image.Image:
        import imagecodecs  # optional

        return Image.fromarray(_eight_bit(imagecodecs.jpegxl_decode(self._data, index=0, numthreads=1)))


def codestream(data: bytes) -> bytes:
    """The codestream of a JPEG XL file, or its beginning, which is enough for the header. Raises: ValueError."""
    if data.startswith(BARE_SIGNATURE):
        return data
    for box in boxes(data):
        if box.kind in (b"jxlc", b"jxlp"):
            return data[box.begin + (4 if box.kind == b"jxlp" else 0) : box.end]
    raise ValueError("damaged: JPEG XL without a picture")


def header(stream: bytes) -> tuple[int, int, int]:
    """Width and height of the stored picture in pixels, and its orientation, numbered as in EXIF.

    ISO/IEC 18181-1, sections D.2 and D.3.
    """
    bits = _Bits(stream)
    small = bits.read(1)
    height = _side(bits, small)
    ratio = bits.read(3)
    width = height * _RATIOS[ratio - 1][0] // _RATIOS[ratio - 1][1] if ratio else _side(bits, small)
    all_default = bits.read(1)
    orientation = bits.read(3) + 1 if not all_default and bits.read(1) else 1
    return width, height, orientation


class _Bits:
    """Bits of a codestream after its two-byte signature, the lowest bit of each byte first."""

    def __init__(self, stream: bytes) -> None:
        self._value = int.from_bytes(stream[2:32], "little")

    def read(self, count: int) -> int:
        value = self._value & ((1 << count) - 1)
        self._value >>= count
        return value


def _side(bits: _Bits, small: int) -> int:
    if small:
        return 8 * (bits.read(5) + 1)
    return 1 + bits.read((9, 13, 18, 30)[bits.read(2)])


def _eight_bit(pixels: np.ndarray) -> np.ndarray:
    """uint8 from libjxl's pixels: integers that use all their bits, or floats with 1 as white."""
    pixels = pixels.squeeze(axis=2) if pixels.ndim == 3 and pixels.shape[2] == 1 else pixels
    if pixels.dtype == np.uint8:
        return pixels
    if pixels.dtype.kind == "u":
        return (pixels >> (8 * pixels.itemsize - 8)).astype(np.uint8)
    return (np.clip(np.nan_to_num(pixels.astype(np.float32)), 0, 1) * 255 + 0.5).astype(np.uint8)


def _notes(data: bytes) -> Iterator[tuple[str, bytes]]:
    """EXIF and XMP, under Pillow's names for them (ISO/IEC 18181-2, sections 9.5 to 9.7)."""
    if not data.startswith(JXL_SIGNATURE):
        return
    for box in boxes(data):
        kind, body = box.kind, data[box.begin : min(box.end, box.begin + _MAX_NOTE_BYTES)]
        if kind == b"brob":
            kind, body = body[:4], _unpacked(body[4:])
        if kind == b"xml ":
            yield "xmp", body
        elif kind == b"Exif" and len(body) > 8:
            (offset,) = struct.unpack_from(">I", body)
            yield "exif", body[4 + offset :]


def _unpacked(body: bytes) -> bytes:
    try:
        import imagecodecs  # optional

        return bytes(imagecodecs.brotli_decode(body, out=_MAX_NOTE_BYTES))
    except Exception:  # damaged metadata are ignored
        return b""
