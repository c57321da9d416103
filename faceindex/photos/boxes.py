"""HEIC and AVIF files are rows of boxes with declared sizes: a file that ends inside one is cut off.

libheif leaves out the tiles that it does not find and says nothing, so this has to be asked of the file itself
(ISO/IEC 14496-12, section 4.2).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

_TO_THE_END, _LARGE = 0, 1


@dataclass(frozen=True, slots=True)
class Box:
    """kind: four bytes. begin, end: of its content; end is beyond the file when the box is cut off."""

    kind: bytes
    begin: int
    end: int


def boxes(data: bytes, begin: int = 0, end: int | None = None) -> Iterator[Box]:
    """The boxes in a row between two places; stops where no box can be."""
    position, limit = begin, len(data) if end is None else end
    while position + 8 <= limit:
        size, header = int.from_bytes(data[position : position + 4], "big"), 8
        if size == _TO_THE_END:
            size = limit - position
        elif size == _LARGE:
            size, header = int.from_bytes(data[position + 8 : position + 16], "big"), 16
        if size < header:
            return
        yield Box(data[position + 4 : position + 8], position + header, position + size)
        position += size


def refuse_truncated_boxes(data: bytes) -> None:
    """Nothing for other files. Raises: ValueError when the file ends before its last top-level box does."""
    if data[4:8] != b"ftyp":
        return
    position = 0
    while position + 8 <= len(data):
        size = int.from_bytes(data[position : position + 4], "big")
        if size == _TO_THE_END:
            return
        if size == _LARGE:
            size = int.from_bytes(data[position + 8 : position + 16], "big")
        if size < 8:
            raise ValueError("damaged: a box of no size")
        position += size
    if position != len(data):
        raise ValueError("image file is truncated" if position > len(data) else "damaged: bytes after the last box")
