"""The positions of items in a file of boxes: the box `iloc` (ISO/IEC 14496-12, section 8.11.3)."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

IN_FILE, IN_BOX = 0, 1  # construction methods


@dataclass(frozen=True, slots=True)
class Location:
    """method: whether `parts` count from the beginning of the file or of the box `idat`. parts: (begin, length) each.

    A length of 0 means: up to the end.
    """

    item: int
    method: int
    parts: list[tuple[int, int]]


def item_locations(body: bytes) -> Iterator[Location]:
    """Read the content of an `iloc` box. Raises: struct.error if it ends too early."""
    numbers = _Numbers(body)
    version = numbers.next(1)
    sizes = numbers.next(5) & 0xFFFF  # after three bytes of flags
    offset_size, length_size, base_size = sizes >> 12, sizes >> 8 & 15, sizes >> 4 & 15
    index_size = sizes & 15 if version else 0
    wide = 4 if version == 2 else 2
    for _ in range(numbers.next(wide)):
        item = numbers.next(wide)
        method = numbers.next(2) & 15 if version else IN_FILE
        numbers.next(2)  # index of the file with the data: always this file
        base, parts = numbers.next(base_size), []
        for _ in range(numbers.next(2)):
            numbers.next(index_size)
            begin = base + numbers.next(offset_size)
            parts.append((begin, numbers.next(length_size)))
        yield Location(item, method, parts)


class _Numbers:
    """Big-endian numbers, one after another."""

    def __init__(self, body: bytes) -> None:
        self._body, self._at = body, 0

    def next(self, size: int) -> int:
        begin, self._at = self._at, self._at + size
        if self._at > len(self._body):
            raise struct.error("the box ends too early")
        return int.from_bytes(self._body[begin : self._at], "big")
