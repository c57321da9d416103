"""BMPs that Pillow does not write: those of OS/2, and rows that are coded as runs."""

from __future__ import annotations

import struct

import numpy as np
import pytest

from faceindex.errors import UnreadablePhoto
from faceindex.photos.decode import Photo
from faceindex.types import Pixels

PALETTE = b"".join(bytes((level, level, level, 0)) for level in range(256))


def warning(data: bytes) -> str | None:
    photo = Photo(data, "a")
    photo.image()
    return photo.warning


def of_os2(pixels: Pixels) -> bytes:
    """Of 24 bits; the width must be a multiple of four."""
    height, width = pixels.shape[:2]
    rows = pixels[::-1, :, ::-1].tobytes()
    return b"BM" + struct.pack("<IIIIHHHH", 26 + len(rows), 0, 26, 12, width, height, 1, 24) + rows


def of_runs(pixels: Pixels) -> bytes:
    """Of 8 bits: pixels as they are in the left half, then runs of two, and a step of no length in between."""
    height, width = pixels.shape
    rows = b""
    for row in pixels[::-1]:
        half = width // 2
        rows += bytes((0, half)) + row[:half].tobytes() + bytes(half % 2) + b"\0\2\0\0"
        rows += b"".join(bytes((2, level)) for level in row[half::2]) + b"\0\0"
    rows += b"\0\1"
    begin = 54 + len(PALETTE)
    head = struct.pack("<IIIIiiHHIIiiII", begin + len(rows), 0, begin, 40, width, height, 1, 8, 1, 0, 0, 0, 256, 0)
    return b"BM" + head + PALETTE + rows


@pytest.fixture(scope="module")
def grey(astronaut: Pixels) -> Pixels:
    return np.maximum(astronaut[:200, :254, 1], 3)


def test_lost_sectors_of_a_bitmap_of_os2_are_a_warning(astronaut: Pixels) -> None:
    data = of_os2(np.maximum(astronaut[:300, :252], 1))
    assert warning(data) is None
    begin = 512 * 200
    assert "black, as if a disk had lost data" in str(warning(data[:begin] + bytes(len(data) - begin)))


@pytest.mark.parametrize("padding", [1, 63, 64, 512, 5000])
def test_zeros_behind_the_end_mark_of_runs_are_nothing(grey: Pixels, padding: int) -> None:
    data = of_runs(grey)
    assert np.abs(Photo(data, "a").pixels()[..., 0].astype(int)[:, :100] - grey[:, :100]).max() == 0
    assert warning(data) is None
    assert warning(data + bytes(padding)) is None


def test_zeros_in_place_of_runs_are_missing(grey: Pixels) -> None:
    data = of_runs(grey)
    with pytest.raises(UnreadablePhoto, match="of the picture's data are missing"):
        Photo(data[: len(data) // 2] + bytes(len(data) - len(data) // 2), "a").image()
    with pytest.raises(UnreadablePhoto, match="truncated"):
        Photo(data[:-1000] + bytes(1000), "a").image()
