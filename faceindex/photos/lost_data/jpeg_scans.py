"""Zeros inside the coded data of a JPEG: which of them no encoder wrote.

A run of zeros proves nothing: with Huffman tables made for the picture, a flat area may be all zeros. But data in which
a part was replaced by zeros are then too short or too long for the picture; libjpeg decodes both without an error.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
from PIL import Image, ImageChops

from faceindex.photos.containers.jpeg_frame import opened_jpeg
from faceindex.photos.lost_data.zero_runs import SECTOR, is_whole_sectors, zeros_end

_FEW = bytes(64)
_LAST = 16
"""Bytes at the end of a scan that contain at least one block of the picture."""

_END_OF_DATA = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
_RESTART = re.compile(rb"\xff[\xd0-\xd7]")
_RESTARTS = 8
_START_OF_IMAGE, _END_OF_IMAGE, _START_OF_SCAN, _HUFFMAN_TABLES = 0xD8, 0xD9, 0xDA, 0xC4
_ALWAYS = -1
_DETAIL = 0x10  # class of the tables for AC coefficients
_BARE = frozenset(range(0xD0, 0xDA)) | {0x01}

Load = Callable[[Image.Image], object]


@dataclass(frozen=True, slots=True)
class Scan:
    """begin, end: of the entropy-coded data in the file (ITU T.81).

    can_be_zeros: whether a flat area may be zeros. says_nothing: whether any data would give the same picture.
    """

    begin: int
    end: int
    can_be_zeros: bool
    says_nothing: bool


def scans(data: bytes) -> Iterator[Scan]:
    """The scans of the first picture in the file."""
    position, shortest = 2, dict[int, int]()
    while (position := data.find(b"\xff", position)) >= 0 and position + 4 <= len(data):
        marker = data[position + 1]
        if marker in (_START_OF_IMAGE, _END_OF_IMAGE):
            return
        if marker in (0x00, 0xFF) or marker in _BARE:
            position += 1 if marker == 0xFF else 2
            continue
        begin = position + 2 + int.from_bytes(data[position + 2 : position + 4], "big")
        body, position = data[position + 4 : begin], begin
        if marker == _HUFFMAN_TABLES:
            shortest |= _first_symbols(body)
        elif marker == _START_OF_SCAN:
            found = _END_OF_DATA.search(data, begin)
            position = found.start() if found else len(data)
            yield Scan(begin, position, _can_be_zeros(body, shortest), set(shortest.values()) == {_ALWAYS})


def _first_symbols(tables: bytes) -> dict[int, int]:
    """For each Huffman table (class and number in one byte), the symbol that a code of zeros means: always the first.

    _ALWAYS for a table with one symbol: all data mean it.
    """
    symbols, at = {}, 0
    while at + 17 < len(tables):
        count = sum(tables[at + 1 : at + 17])
        symbols[tables[at]] = tables[at + 17] if count > 1 else _ALWAYS
        at += 17 + count
    return symbols


def _can_be_zeros(header: bytes, symbols: dict[int, int]) -> bool:
    """Whether zeros are the code for blocks like the block before: no difference, and no detail.

    Where a scan has only detail, encoders write many blocks without detail as one run.
    """
    first, last = header[-3:-1]
    if first:
        return False
    tables = [header[2 + 2 * number] for number in range(header[0])]
    codes = [table >> 4 for table in tables]
    if last:
        codes += [_DETAIL | table & 15 for table in tables]
    return all(symbols.get(code, 0) in (0, _ALWAYS) for code in codes)


def hole(data: bytes, picture: Image.Image, load: Load) -> int | None:
    """Where zeros begin that do not belong to the picture; None if there are none. Costs almost nothing for most files.

    picture: what Pillow's `load` made of `data`, an opened JPEG.
    """
    first = _first_scan(data)
    if first is None or not (data.endswith(_FEW) or data.find(bytes(SECTOR), first) >= 0):
        return None
    found = list(scans(data))
    if not all(scan.says_nothing for scan in found):  # also in place of the tables before a scan
        lost = _lost_sectors(data, data.find(bytes(SECTOR), first), found[-1].end)
        if lost is not None:
            return lost
    for scan in found:
        if scan.end == len(data) and (begin := _tail(data, scan)) is not None:
            return begin
        begin = data.find(bytes(SECTOR), scan.begin, scan.end)
        if begin < 0 or scan.says_nothing:
            continue
        if not _is_whole(data, scan, begin, picture, load):
            return begin
    return None


def _lost_sectors(data: bytes, begin: int, end: int) -> int | None:
    while 0 <= begin < end:
        stop = zeros_end(data, begin)
        if stop < end and is_whole_sectors(data, begin, end):
            return begin
        begin = data.find(bytes(SECTOR), stop, end)
    return None


def _first_scan(data: bytes) -> int | None:
    """Where the coded data of the first scan begin; the data are not read."""
    position = 2
    while position + 4 <= len(data) and data[position] == 0xFF:
        begin = position + 2 + int.from_bytes(data[position + 2 : position + 4], "big")
        if data[position + 1] == _START_OF_SCAN:
            return begin
        position = begin
    return None


def _tail(data: bytes, scan: Scan) -> int | None:
    written = len(data.rstrip(b"\0"))
    return max(written, scan.begin) if len(data) - written >= len(_FEW) else None


def _is_whole(data: bytes, scan: Scan, zeros: int, picture: Image.Image, load: Load) -> bool:
    """Whether a scan with many zeros has exactly the data that its part of the picture needs."""
    if zeros_end(data, zeros) >= scan.end and not _changes(data, zeros, zeros, picture, load):
        return True  # padding after the picture
    if not scan.can_be_zeros or not _restarts_in_order(data, scan):
        return False
    if _changes(data, scan.end, scan.end, picture, load):
        return False
    return _changes(data, max(scan.begin, scan.end - _LAST), scan.end, picture, load)


def _restarts_in_order(data: bytes, scan: Scan) -> bool:
    numbers = [data[found.start() + 1] & 7 for found in _RESTART.finditer(data, scan.begin, scan.end)]
    return all(number == place % _RESTARTS for place, number in enumerate(numbers))


def _changes(data: bytes, begin: int, end: int, picture: Image.Image, load: Load) -> bool:
    """Whether the picture changes with noise instead of the bytes between two positions.

    Several noises are tried, because white stays white when it becomes lighter.
    """
    return any(_differs(data[:begin] + noise + data[end:], picture, load) for noise in _noises())


def _differs(other: bytes, picture: Image.Image, load: Load) -> bool:
    try:
        image = opened_jpeg(other)
        load(image)
    except (OSError, SyntaxError):
        return True
    return ImageChops.difference(picture, image).getbbox(alpha_only=False) is not None


@cache
def _noises() -> list[bytes]:
    """Bytes without 0xFF, so without a marker; drawn when they are needed, as numpy.random is slow to load."""
    return [noise.tobytes() for noise in np.random.default_rng(1).integers(1, 255, (4, 4096), dtype=np.uint8)]
