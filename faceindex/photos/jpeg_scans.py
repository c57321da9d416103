"""Zeros inside the coded data of a JPEG: which of them no encoder wrote.

A run of zeros is no proof: with Huffman tables made for the picture, a flat area is nothing but zeros. But data with a
hole in them are too short or too long for the picture, and libjpeg decodes both without a word.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageChops
from PIL.JpegImagePlugin import JpegImageFile

from faceindex.photos.zero_runs import SECTOR, zeros_end

_FEW = bytes(64)
_LAST = 48
"""Bytes at the end of a scan that hold at least one block of the picture."""

_NOISE = np.random.default_rng(1).integers(1, 255, 4096, dtype=np.uint8).tobytes()  # no 0xFF: no marker
_END_OF_DATA = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
_RESTART = re.compile(rb"\xff[\xd0-\xd7]")
_RESTARTS = 8
_START_OF_IMAGE, _END_OF_IMAGE, _START_OF_SCAN = 0xD8, 0xD9, 0xDA
_BARE = frozenset(range(0xD0, 0xDA)) | {0x01}

Load = Callable[[Image.Image], object]


@dataclass(frozen=True, slots=True)
class Scan:
    """begin, end: of the entropy-coded data in the file. marker: the one behind them, None at the end of the file."""

    begin: int
    end: int
    marker: int | None


def scans(data: bytes) -> Iterator[Scan]:
    """The scans of the first picture in the file."""
    position = 2
    while (position := data.find(b"\xff", position)) >= 0 and position + 4 <= len(data):
        marker = data[position + 1]
        if marker in (_START_OF_IMAGE, _END_OF_IMAGE):
            return
        if marker in (0x00, 0xFF) or marker in _BARE:
            position += 1 if marker == 0xFF else 2
            continue
        begin = position + 2 + int.from_bytes(data[position + 2 : position + 4], "big")
        if marker == _START_OF_SCAN:
            found = _END_OF_DATA.search(data, begin)
            position = found.start() if found else len(data)
            yield Scan(begin, position, data[position + 1] if found else None)
        else:
            position = begin


def hole(data: bytes, picture: Image.Image, load: Load) -> int | None:
    """Where zeros begin that are not the picture's; None when there are none. Costs next to nothing for most files.

    picture: what Pillow made of `data`, by `load` from an opened JPEG.
    """
    first = next(scans_headers(data), None)
    if first is None or data.find(_FEW, first) < 0:
        return None
    for scan in scans(data):
        if scan.end == len(data) and (begin := _tail(data, scan)) is not None:
            return begin
        begin = data.find(bytes(SECTOR), scan.begin, scan.end)
        if begin >= 0 and not _consistent(data, scan, begin, picture, load):
            return begin
    return None


def scans_headers(data: bytes) -> Iterator[int]:
    """Where the coded data of the first scan begin, without looking at them."""
    position = 2
    while position + 4 <= len(data) and data[position] == 0xFF:
        begin = position + 2 + int.from_bytes(data[position + 2 : position + 4], "big")
        if data[position + 1] == _START_OF_SCAN:
            yield begin
            return
        position = begin


def _tail(data: bytes, scan: Scan) -> int | None:
    written = len(data.rstrip(b"\0"))
    return max(written, scan.begin) if len(data) - written >= len(_FEW) else None


def _consistent(data: bytes, scan: Scan, zeros: int, picture: Image.Image, load: Load) -> bool:
    """Whether a scan with many zeros has as many data as its part of the picture needs, and not more."""
    if not _restarts_in_order(data, scan):
        return False
    if zeros_end(data, zeros) >= scan.end and not _changes(data, scan, zeros, zeros, picture, load):
        return True  # padding behind the picture
    if _changes(data, scan, scan.end, scan.end, picture, load):
        return False
    return _changes(data, scan, max(scan.begin, scan.end - _LAST), scan.end, picture, load)


def _restarts_in_order(data: bytes, scan: Scan) -> bool:
    numbers = [data[found.start() + 1] & 7 for found in _RESTART.finditer(data, scan.begin, scan.end)]
    return all(number == place % _RESTARTS for place, number in enumerate(numbers))


def _changes(data: bytes, scan: Scan, begin: int, end: int, picture: Image.Image, load: Load) -> bool:
    """Whether the picture is another one with noise instead of what is between two places."""
    other = data[:begin] + _NOISE + data[end:]
    image = JpegImageFile(io.BytesIO(other))
    load(image)
    return ImageChops.difference(picture, image).getbbox(alpha_only=False) is not None
