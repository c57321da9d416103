"""Where the rows of a BMP are in its file, also for OS/2 files and run-length coding (BI_RLE8, BI_RLE4)."""

from __future__ import annotations

import struct
from dataclasses import dataclass

END_MARK = 2
"""Bytes that end the runs of a picture: 0 and 1."""

_OLD_HEADER = 12  # BITMAPCOREHEADER
_RUNS = {1: 8, 2: 4}  # bits of a pixel, by compression


@dataclass(frozen=True, slots=True)
class Rows:
    """begin: in the file. stride: bytes of a row without runs. depth_of_runs: bits of a pixel; 0 without runs."""

    begin: int
    stride: int
    height: int
    depth_of_runs: int


def page(data: bytes) -> Rows:
    """Where the rows are. Raises: struct.error if the header is cut off."""
    begin, header = struct.unpack_from("<II", data, 10)
    if header == _OLD_HEADER:
        width, height, _, bits = struct.unpack_from("<HHHH", data, 18)
        compression = 0
    else:
        width, height, _, bits, compression = struct.unpack_from("<iiHHI", data, 18)
    return Rows(begin, max(1, (width * bits + 31) // 32 * 4), abs(height), _RUNS.get(compression, 0))


def runs_end(data: bytes, rows: Rows) -> int:
    """Where the runs end, by their end mark; the end of the file if that is missing."""
    position = rows.begin
    while position + 2 <= len(data):
        count, value = data[position], data[position + 1]
        position += 2
        if count == 0 and value == 1:
            return position
        if count == 0 and value == 2:  # a step
            position += 2
        elif count == 0 and value > 2:  # uncompressed pixels, padded to two bytes
            position += (value * rows.depth_of_runs + 15) // 16 * 2
    return len(data)
