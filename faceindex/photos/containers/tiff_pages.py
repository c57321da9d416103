"""The directories of a TIFF or BigTIFF file: one for each page and each sub-page (TIFF 6.0)."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

WIDTH, BITS, COMPRESSION, PHOTOMETRIC, CHANNELS, PLANES, TILE_WIDTH = 256, 258, 259, 262, 277, 284, 322
SUB_PAGES = 330
PLACES, SIZES = (273, 324), (279, 325)  # tags: of strips, of tiles

_MOST_PAGES, _MOST_VALUES = 32, 1 << 16
_WHOLE_NUMBERS = {1: "B", 3: "H", 4: "I", 13: "I", 16: "Q", 18: "Q"}  # types of values, as `struct` has them
_BYTES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}

Page = dict[int, tuple[int, ...]]
"""Values by tag. A value that is not an integer is replaced by one without meaning."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One tag in a directory. kind: the number of its type. begin, end: of its values in the file."""

    tag: int
    kind: int
    count: int
    begin: int
    end: int


def byte_order(data: bytes) -> str:
    """The byte order, as `struct` writes it."""
    return "<" if data[:2] == b"II" else ">"


def directories(data: bytes) -> Iterator[list[Entry]]:
    """The entries of every page. Raises: struct.error if the data end too early."""
    order = byte_order(data)
    big = data[2:4] in (b"+\0", b"\0+")
    offset, count, step = ("Q", "Q", 20) if big else ("I", "H", 12)
    waiting, seen = [_number(data, 8 if big else 4, order + offset)], set[int]()
    while waiting and len(seen) < _MOST_PAGES:
        at = waiting.pop()
        if at in seen or not at:
            continue
        seen.add(at)
        first = at + struct.calcsize(count)
        end = first + step * min(_number(data, at, order + count), _MOST_VALUES)
        page = [_entry(data, place, order, big=big) for place in range(first, end, step)]
        waiting.extend(value for entry in page if entry.tag == SUB_PAGES for value in numbers(data, entry)[:8])
        yield page
        waiting.append(_number(data, end, order + offset))


def pages(data: bytes) -> Iterator[Page]:
    """The integer values of every page. Raises: struct.error if the data end too early."""
    for page in directories(data):
        yield {entry.tag: numbers(data, entry) for entry in page}


def numbers(data: bytes, entry: Entry) -> tuple[int, ...]:
    """The values. If they are not integers, or too many, the four bytes at their place, without meaning."""
    order, letter = byte_order(data), _WHOLE_NUMBERS.get(entry.kind)
    if letter is None or not 0 < entry.count <= _MOST_VALUES:
        return (_number(data, entry.begin, order + "I"),) if entry.begin + 4 <= len(data) else (0,)
    return struct.unpack_from(f"{order}{entry.count}{letter}", data, entry.begin)


def _entry(data: bytes, at: int, order: str, *, big: bool) -> Entry:
    tag, kind, count = struct.unpack_from(order + ("HHQ" if big else "HHI"), data, at)
    room, begin = (8, at + 12) if big else (4, at + 8)
    size = count * _BYTES.get(kind, 1)
    if size > room:
        begin = _number(data, begin, order + ("Q" if big else "I"))
    return Entry(tag, kind, count, begin, begin + size)


def _number(data: bytes, at: int, form: str) -> int:
    return int(struct.unpack_from(form, data, at)[0])


def strips(page: Page) -> list[tuple[int, int]]:
    """Begin and end of the page's strips or tiles; both may be beyond the file."""
    for places, sizes in zip(PLACES, SIZES, strict=True):
        if places in page and sizes in page:
            return [(begin, begin + length) for begin, length in zip(page[places], page[sizes], strict=False)]
    return []
