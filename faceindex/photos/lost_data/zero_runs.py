"""Zeros in place of a picture's data, as an interrupted copy leaves them in a file with the full length.

File systems lose data in blocks of at least 512 bytes, and read blocks that were never written as zeros.
"""

from __future__ import annotations

import re

SECTOR = 512
"""Bytes; the smallest block of any disk. Lost data begin and end at a multiple of it."""

_OWN_ZEROS = 4
_WRITTEN = re.compile(rb"[^\0]")


def zeros_begin(
    data: bytes, begin: int, end: int, *, shortest: int = SECTOR, at_end: int = 64, fill: bytes = b"\0"
) -> int | None:
    """The first zeros that are too many for compressed data; None if there are none.

    begin, end: of the data to search. shortest: bytes that are too many anywhere; at_end: at the end of the data.
    fill: another byte than zero; erased flash memory is full of 0xFF.
    """
    found = data.find(fill * shortest, begin, end)
    if found >= 0:
        return found
    tail = data[max(begin, end - shortest) : end]
    written = len(tail.rstrip(fill))
    return end - len(tail) + written if len(tail) - written >= at_end else None


def unwritten_begin(data: bytes, begin: int, end: int, *, shortest: int = SECTOR, at_end: int = 64) -> int | None:
    """The same for zeros or 0xFF, whichever begins first: for data in which neither occurs in a row."""
    found = (zeros_begin(data, begin, end, shortest=shortest, at_end=at_end, fill=fill) for fill in (b"\0", b"\xff"))
    return min((place for place in found if place is not None), default=None)


def zeros_end(data: bytes, begin: int) -> int:
    """Where the zeros that begin at `begin` end."""
    written = _WRITTEN.search(data, begin)
    return written.start() if written else len(data)


def is_whole_sectors(data: bytes, begin: int, end: int) -> bool:
    """Whether zeros from `begin` on fill whole disk sectors; a flat picture's zeros do so by chance once in 512 times.

    end: of the data to search; zeros up to there need not end with a sector. Data after lost sectors may begin with
    zeros of their own.
    """
    stop = zeros_end(data, begin)
    ended = stop >= end or stop % SECTOR < _OWN_ZEROS
    return begin % SECTOR == 0 and ended and stop - begin >= min(SECTOR, end - begin)


def lost_sectors(data: bytes, begin: int, end: int, stride: int) -> int:
    """How many bytes of uncompressed rows are zeros that a picture would not have there.

    Black is zeros, too. Lost data begin at a multiple of SECTOR in the file, inside a row, and end at such a multiple
    or with the picture. A black part of a picture does so by chance once in several hundred times.

    begin, end: of the rows. stride: bytes of a row.
    """
    lost, position = 0, data.find(bytes(SECTOR), begin, end)
    while position >= 0:
        stop = min(zeros_end(data, position), end)
        if position % SECTOR == 0 and (position - begin) % stride and (stop == end or stop % SECTOR == 0):
            lost += stop - position
        position = data.find(bytes(SECTOR), stop, end)
    return lost
