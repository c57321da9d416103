"""Where the coded data of a HEIC or AVIF picture lie in its file (ISO/IEC 14496-12, section 8.11; 23008-12).

libheif and its decoders conceal what is missing: the picture is smeared, and nobody is told. So the data are looked at.
"""

from __future__ import annotations

import struct
from collections import defaultdict

from faceindex.photos.boxes import Box, boxes

Extent = tuple[int, int]
"""Where bytes begin and end in the file."""

_CODED = frozenset((b"hvc1", b"av01", b"avc1", b"jpeg", b"vvc1", b"j2k1"))
_IN_FILE, _IN_BOX = 0, 1  # construction methods of an item


def coded_items(data: bytes) -> list[list[Extent]]:
    """The extents of each coded item of the primary picture: itself, or the tiles that it is made of.

    Raises: struct.error or KeyError when the boxes make no sense.
    """
    meta = next((box for box in boxes(data) if box.kind == b"meta"), None)
    if meta is None:
        return []
    inside = {box.kind: box for box in boxes(data, meta.begin + 4, meta.end)}
    kinds = _kinds(data, inside[b"iinf"])
    sources = _sources(data, inside[b"iref"]) if b"iref" in inside else {}
    extents = _extents(data, inside[b"iloc"], in_box=inside[b"idat"].begin if b"idat" in inside else 0)
    waiting, parts = [_primary(data, inside[b"pitm"].begin)], list[int]()
    for item in waiting:  # grows
        if len(waiting) > 1 << 16:
            break
        waiting.extend(sources.get(item, ()))
        if kinds.get(item) in _CODED:
            parts.append(item)
    return [extents[item] for item in parts]


def whole_units(data: bytes, extents: list[Extent]) -> bool:
    """Whether an HEVC item is a row of units, each behind its length in four bytes, up to its very end."""
    unit = b"".join(data[begin:end] for begin, end in extents)
    position = 0
    while position + 4 <= len(unit):
        position += 4 + int.from_bytes(unit[position : position + 4], "big")
    return position == len(unit)


def _primary(data: bytes, at: int) -> int:
    (item,) = struct.unpack_from(">I" if data[at] else ">H", data, at + 4)
    return int(item)


def _kinds(data: bytes, table: Box) -> dict[int, bytes]:
    kinds = {}
    for entry in boxes(data, table.begin + (8 if data[table.begin] else 6), table.end):
        wide = data[entry.begin] >= 3
        (item,) = struct.unpack_from(">I" if wide else ">H", data, entry.begin + 4)
        kind = entry.begin + 4 + (4 if wide else 2) + 2
        kinds[item] = data[kind : kind + 4]
    return kinds


def _sources(data: bytes, table: Box) -> dict[int, tuple[int, ...]]:
    """The items that an item is derived from: the tiles of a grid, the layers of an overlay."""
    number, size = ("I", 4) if data[table.begin] else ("H", 2)
    sources = {}
    for entry in boxes(data, table.begin + 4, table.end):
        if entry.kind == b"dimg":
            item, count = struct.unpack_from(f">{number}H", data, entry.begin)
            sources[item] = struct.unpack_from(f">{count}{number}", data, entry.begin + size + 2)
    return sources


def _extents(data: bytes, table: Box, *, in_box: int) -> dict[int, list[Extent]]:
    numbers = _Numbers(data, table.begin, table.end)
    version = numbers.next(1)
    sizes = numbers.next(5) & 0xFFFF  # three bytes of flags before them
    offset_size, length_size, base_size = sizes >> 12, sizes >> 8 & 15, sizes >> 4 & 15
    index_size = sizes & 15 if version else 0
    wide = 4 if version == 2 else 2
    found = defaultdict(list)
    for _ in range(numbers.next(wide)):
        item = numbers.next(wide)
        method = numbers.next(2) & 15 if version else _IN_FILE
        numbers.next(2)  # of a file that the data are in: this one
        base = numbers.next(base_size) + (in_box if method == _IN_BOX else 0)
        for _ in range(numbers.next(2)):
            numbers.next(index_size)
            begin = base + numbers.next(offset_size)
            length = numbers.next(length_size)
            found[item].append((begin, begin + length if length else len(data)))
    return found


class _Numbers:
    """Big-endian numbers, one after another."""

    def __init__(self, data: bytes, at: int, end: int) -> None:
        self._data, self._at, self._end = data, at, end

    def next(self, size: int) -> int:
        begin, self._at = self._at, self._at + size
        if self._at > self._end:
            raise struct.error("the box ends too early")
        return int.from_bytes(self._data[begin : self._at], "big")
