"""HEIC and AVIF files are rows of boxes with declared sizes: a file that ends inside one is cut off.

libheif leaves out the tiles that it does not find and says nothing, so this has to be asked of the file itself
(ISO/IEC 14496-12, section 4.2).
"""

from __future__ import annotations

_TO_THE_END, _LARGE = 0, 1


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
