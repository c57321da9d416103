"""Where the first picture of a GIF ends in its file (GIF89a, sections 17 to 26)."""

from __future__ import annotations

_HEADER, _SCREEN, _DESCRIPTOR = 6, 7, 9
_EXTENSION, _IMAGE, _TRAILER = 0x21, 0x2C, 0x3B
_HAS_TABLE, _TABLE_SIZE = 0x80, 7


def first_picture(data: bytes) -> tuple[int, int] | None:
    """Begin and end of its coded blocks, without the empty last one; None if there is no picture."""
    position = _HEADER + _SCREEN + _table(data[_HEADER + 4])
    while position < len(data):
        if data[position] == _EXTENSION:
            position = _end_of_blocks(data, position + 2) + 1
        elif data[position] == _IMAGE:
            position += 1 + _DESCRIPTOR + _table(data[position + _DESCRIPTOR]) + 1
            return position, _end_of_blocks(data, position)
        else:
            return None
    return None


def goes_on(data: bytes, position: int) -> bool:
    """Whether a valid block or the end of the file is at `position`."""
    return position >= len(data) or data[position] in (_EXTENSION, _IMAGE, _TRAILER)


def _table(flags: int) -> int:
    return 3 << ((flags & _TABLE_SIZE) + 1) if flags & _HAS_TABLE else 0


def _end_of_blocks(data: bytes, position: int) -> int:
    while position < len(data) and data[position]:
        position += 1 + data[position]
    return position
