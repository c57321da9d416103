"""A TIFF or DNG whose directory, or what it refers to, lies in an end that was never written."""

from __future__ import annotations

import io
import struct
from typing import Any

import numpy as np
import pytest
from made_dng import dng
from PIL import Image

from faceindex.errors import UnreadablePhoto
from faceindex.photos.containers.tiff_pages import directories, pages
from faceindex.photos.decode import Photo
from faceindex.types import Pixels

tifffile = pytest.importorskip("tifffile")


def saved(pixels: Pixels, mode: str = "RGB", **options: Any) -> bytes:
    buffer = io.BytesIO()
    picture = Image.fromarray(pixels)
    (picture.quantize(200) if mode == "P" else picture.convert(mode)).save(buffer, "TIFF", **options)
    return buffer.getvalue()


def with_values_last(data: bytes, *last: int) -> bytes:
    """The same classic TIFF with the values of these tags once more behind all, in their order, and those used."""
    (directory,) = struct.unpack_from("<I", data, 4)
    moved = bytearray(data)
    for tag in last:
        entries = next(directories(data))
        number, entry = next((number, entry) for number, entry in enumerate(entries) if entry.tag == tag)
        struct.pack_into("<I", moved, directory + 2 + 12 * number + 8, len(moved))
        moved += data[entry.begin : entry.end]
    return bytes(moved)


def zeroed(data: bytes, begin: int) -> bytes:
    return data[:begin] + bytes(len(data) - begin)


def outcome(data: bytes) -> str | None:
    try:
        photo = Photo(data, "a.tif")
        photo.image()
    except UnreadablePhoto as error:
        return error.reason
    return photo.warning


@pytest.mark.parametrize("compression", ["packbits", "tiff_lzw"])
def test_strips_of_which_only_the_size_is_left_are_missing(astronaut: Pixels, compression: str) -> None:
    data = saved(astronaut, compression=compression, strip_size=512 * 3 * 4)
    moved = with_values_last(data, 273)
    assert outcome(moved) is None
    assert "damaged" in str(outcome(zeroed(moved, len(moved) - 256)))  # 64 strips of 128


def test_jpeg_tables_in_a_lost_end_are_missed(astronaut: Pixels) -> None:
    moved = with_values_last(saved(astronaut, compression="jpeg"), 347)
    assert outcome(moved) is None
    for lost in (100, 400):
        assert "damaged" in str(outcome(zeroed(moved, len(moved) - lost)))


@pytest.mark.parametrize("lost", [300, 512, 900, 1500])
def test_colours_in_a_lost_end_are_missed(astronaut: Pixels, lost: int) -> None:
    moved = with_values_last(saved(astronaut, "P"), 320)
    assert outcome(moved) is None  # 56 of the 256 colours are zeros, rightly
    assert outcome(zeroed(moved, len(moved) - lost)) == "damaged: its colours may be wrong"


def test_entries_that_are_zeros_are_missed(astronaut: Pixels, capfd: pytest.CaptureFixture[str]) -> None:
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, astronaut, photometric="rgb", metadata=None, software="s" * 40, compression="zlib")
    data = buffer.getvalue()
    (directory,) = struct.unpack_from("<I", data, 4)
    count = len(next(directories(data)))
    behind = data + data[directory : directory + 2 + 12 * count + 4]
    moved = behind[:4] + struct.pack("<I", len(data)) + behind[8:]
    assert outcome(moved) is None
    for kept in range(2, count):
        assert "damaged" in str(outcome(zeroed(moved, len(data) + 2 + 12 * kept) + bytes(64))), kept
    assert capfd.readouterr().err == ""


def test_matrices_of_a_raw_photo_in_a_lost_end_are_missed(astronaut: Pixels) -> None:
    pytest.importorskip("rawpy")
    data = dng(np.maximum(astronaut[:256, :256], 3))
    end = max(entry.end for entry in next(directories(data)))
    assert outcome(data) is None
    assert "colours may be wrong" in str(outcome(zeroed(data, end - 40) + bytes(64)))


def test_directories_of_bigtiff_are_read_in_both_orders(astronaut: Pixels) -> None:
    for order in "<>":
        buffer = io.BytesIO()
        tifffile.imwrite(buffer, astronaut, photometric="rgb", bigtiff=True, byteorder=order, rowsperstrip=100)
        page = next(pages(buffer.getvalue()))
        assert page[256] == (512,)
        assert len(page[273]) == 6
        assert page[279][0] == 512 * 3 * 100
