"""Where the coded data of a HEIC or AVIF picture are in its file (ISO/IEC 14496-12, section 8.11; 23008-12).

libheif and its decoders hide missing data: the picture is smeared, and there is no error. So the data are checked here.
"""

from __future__ import annotations

import struct
from collections import defaultdict

from faceindex.photos.containers.boxes import Box, boxes
from faceindex.photos.containers.item_locations import IN_BOX, item_locations

Extent = tuple[int, int]
"""Begin and end of bytes in the file."""

_CODED = frozenset((b"hvc1", b"av01", b"avc1", b"jpeg", b"vvc1", b"j2k1"))


def coded_items(data: bytes, *, auxiliary: bool = False) -> list[list[Extent]]:
    """The extents of each coded item of the primary picture: the picture itself, or its tiles.

    auxiliary: also those of its auxiliary items, such as the alpha channel.

    Raises: struct.error or KeyError if the boxes are invalid.
    """
    meta = next((box for box in boxes(data) if box.kind == b"meta"), None)
    if meta is None:
        return []
    inside = {box.kind: box for box in boxes(data, meta.begin + 4, meta.end)}
    kinds = _kinds(data, inside[b"iinf"])
    sources = _references(data, inside[b"iref"], b"dimg") if b"iref" in inside else {}
    extents = _extents(data, inside[b"iloc"], in_box=inside[b"idat"].begin if b"idat" in inside else 0)
    primary = _primary(data, inside[b"pitm"].begin)
    waiting, parts = [primary], list[int]()
    if auxiliary and b"iref" in inside:
        beside = _references(data, inside[b"iref"], b"auxl")
        waiting.extend(item for item, others in beside.items() if primary in others)
    for item in waiting:  # the list grows
        if len(waiting) > 1 << 16:
            break
        waiting.extend(sources.get(item, ()))
        if kinds.get(item) in _CODED:
            parts.append(item)
    return [extents[item] for item in parts]


def whole_units(data: bytes, extents: list[Extent]) -> bool:
    """Whether an HEVC item consists of units, each after its length in four bytes, up to the item's end."""
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


def _references(data: bytes, table: Box, kind: bytes) -> dict[int, tuple[int, ...]]:
    """The references of each item. "dimg": the items it is made from, such as tiles; "auxl": the items it belongs
    to."""
    number, size = ("I", 4) if data[table.begin] else ("H", 2)
    found = {}
    for entry in boxes(data, table.begin + 4, table.end):
        if entry.kind == kind:
            item, count = struct.unpack_from(f">{number}H", data, entry.begin)
            found[item] = struct.unpack_from(f">{count}{number}", data, entry.begin + size + 2)
    return found


def _extents(data: bytes, table: Box, *, in_box: int) -> dict[int, list[Extent]]:
    found = defaultdict(list)
    for location in item_locations(data[table.begin : table.end]):
        first = in_box if location.method == IN_BOX else 0
        for begin, length in location.parts:
            found[location.item].append((first + begin, first + begin + length if length else len(data)))
    return found
