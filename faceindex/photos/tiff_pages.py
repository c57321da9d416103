"""The directories of a file that is built as a TIFF: one for each page, and for each page below one (TIFF 6.0)."""

from __future__ import annotations

import struct
from collections.abc import Iterator

WIDTH, BITS, COMPRESSION, PHOTOMETRIC, CHANNELS, PLANES, TILE_WIDTH = 256, 258, 259, 262, 277, 284, 322
SUB_PAGES = 330
PLACES, SIZES = (273, 324), (279, 325)  # of strips, of tiles

_MOST_PAGES, _MOST_VALUES = 32, 1 << 16
_WHOLE_NUMBERS = {1: "B", 3: "H", 4: "I", 13: "I"}  # types of value

Page = dict[int, tuple[int, ...]]
"""Values by tag. Of what is no whole number there is one value, without meaning."""


def pages(data: bytes) -> Iterator[Page]:
    """Every page. Raises: struct.error when the data end too early."""
    order = "<" if data[:2] == b"II" else ">"
    waiting, seen = [struct.unpack_from(order + "I", data, 4)[0]], set[int]()
    while waiting and len(seen) < _MOST_PAGES:
        at = waiting.pop()
        if at in seen or not at:
            continue
        seen.add(at)
        (count,) = struct.unpack_from(order + "H", data, at)
        page = dict(_entry(data, place, order) for place in range(at + 2, at + 2 + 12 * count, 12))
        waiting.extend(page.get(SUB_PAGES, ())[:8])
        yield page
        waiting.extend(struct.unpack_from(order + "I", data, at + 2 + 12 * count))


def _entry(data: bytes, at: int, order: str) -> tuple[int, tuple[int, ...]]:
    tag, kind, count = struct.unpack_from(order + "HHI", data, at)
    number = _WHOLE_NUMBERS.get(kind)
    if number is None or not 0 < count <= _MOST_VALUES:
        return tag, struct.unpack_from(order + "I", data, at + 8)
    values = f"{order}{count}{number}"
    if struct.calcsize(values) > 4:
        (at,) = struct.unpack_from(order + "I", data, at + 8)
        return tag, struct.unpack_from(values, data, at)
    return tag, struct.unpack_from(values, data, at + 8)


def strips(page: Page) -> list[tuple[int, int]]:
    """Where the page's strips or tiles begin and end; both may lie beyond the file."""
    for places, sizes in zip(PLACES, SIZES, strict=True):
        if places in page and sizes in page:
            return [(begin, begin + length) for begin, length in zip(page[places], page[sizes], strict=False)]
    return []
