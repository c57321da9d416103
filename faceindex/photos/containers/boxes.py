"""HEIC, AVIF, JPEG XL and JPEG 2000 files consist of boxes with declared sizes. This module checks that they are
complete.

libheif leaves out missing tiles without an error, so a truncated file must be recognised here (ISO/IEC 14496-12,
section 4.2). Data that phones and other programs append after the last box are not damage.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from faceindex.photos.containers.item_locations import IN_FILE, item_locations

_TO_THE_END, _LARGE = 0, 1
JXL_SIGNATURE = b"\0\0\0\x0cJXL \r\n\x87\n"  # ISO/IEC 18181-2, section 9.1
JP2_SIGNATURE = b"\0\0\0\x0cjP  \r\n\x87\n"  # ISO/IEC 15444-1, section I.5.1
_FILE = frozenset((b"ftyp", b"meta", b"mdat", b"moov", b"free", b"skip", b"uuid"))
_CODESTREAMS = frozenset((b"jxlc", b"jxlp", b"jp2c"))


@dataclass(frozen=True, slots=True)
class Box:
    """kind: four bytes. begin, end: of its content; end is beyond the file if the box is cut off."""

    kind: bytes
    begin: int
    end: int


def boxes(data: bytes, begin: int = 0, end: int | None = None) -> Iterator[Box]:
    """The boxes one after another between two positions; stops where there cannot be a box."""
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


def is_boxed(data: bytes) -> bool:
    """Whether a file that starts with `data` consists of boxes."""
    return data[4:8] == b"ftyp" or data.startswith((JXL_SIGNATURE, JP2_SIGNATURE))


def without_trailer(data: bytes) -> bytes:
    """A file of boxes without what was appended after the last one; other files are returned unchanged.

    Raises: ValueError if the picture is cut off.
    """
    if not is_boxed(data):
        return data
    row = list(_of_one_file(data))
    whole = [box for box in row if box.end <= len(data)]
    cut = row[len(whole) :]  # the last one, if any
    if not _has_picture(data, whole, cut):
        raise ValueError("image file is truncated")
    end = whole[-1].end
    return data if end == len(data) or _items_end(data, whole) > end else data[:end]


def _of_one_file(data: bytes) -> Iterator[Box]:
    """The boxes up to one without a valid name, or up to a second file: phones append a video to a photo."""
    begun = False
    for box in boxes(data):
        if not (box.kind.isascii() and box.kind.decode().isprintable()) or (begun and box.kind == b"ftyp"):
            return
        begun = begun or box.kind == b"ftyp"
        yield box


def _has_picture(data: bytes, whole: list[Box], cut: list[Box]) -> bool:
    """Whether the complete boxes describe a picture, and all of its bytes are in the file."""
    kinds = {box.kind for box in whole}
    if data[4:8] != b"ftyp":
        return bool(_CODESTREAMS & kinds) and not any(box.kind in _CODESTREAMS for box in cut)
    if b"meta" in kinds and (end := _items_end(data, whole)):
        return end <= len(data)
    return b"moov" in kinds and not any(box.kind in _FILE for box in cut)


def _items_end(data: bytes, row: list[Box]) -> int:
    """The position after the last byte of any item; 0 if no item has a position."""
    return max((end for box in row if box.kind == b"meta" for end in _extents(data, box)), default=0)


def _extents(data: bytes, meta: Box) -> Iterator[int]:
    """The end positions of the items' parts that are in the file itself."""
    for box in boxes(data, meta.begin + 4, min(meta.end, len(data))):
        if box.kind == b"iloc":
            with suppress(struct.error):
                for location in item_locations(data[box.begin : box.end]):
                    if location.method == IN_FILE:
                        yield from (begin + length for begin, length in location.parts)
