"""Which strips or tiles of a TIFF page lack data: they are zeros, or beyond the end of the file."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

from faceindex.photos.containers.tiff_pages import BITS, CHANNELS, COMPRESSION, PLANES, TILE_WIDTH, WIDTH, Page, strips
from faceindex.photos.containers.tiff_values import lost_places
from faceindex.photos.lost_data.zero_runs import SECTOR, lost_sectors, zeros_begin

_UNCOMPRESSED, _SEPARATE_PLANES = 1, 2
_JPEG_XR = frozenset((22610, 34934))
"""A compression that pads its data with more zeros than others."""

_DEFLATE, _JPEG = frozenset((8, 32946)), frozenset((6, 7))

_FEW = 64  # zeros at the end of a strip
_END_OF_IMAGE = b"\xff\xd9"
_STANDARD_CODES = bytes.fromhex("0002010303020403050504040000017d")
"""Lengths of the usual Huffman codes (ITU T.81, table K.5): with them no picture has many zeros in a row."""

Strip = tuple[int, int]
"""Begin and end in the file."""


def is_uncompressed(page: Page) -> bool:
    """Whether the page's bytes are its pixels, so that black pixels are zeros."""
    return page.get(COMPRESSION, (_UNCOMPRESSED,))[0] == _UNCOMPRESSED


def missing_share(data: bytes, page: Page) -> float:
    """The share of the page's bytes that are beyond the file, or are zeros that a picture cannot have there.

    If the positions of the bytes are unknown, the share of strips.
    """
    if lost := lost_places(data, page):
        return lost
    found = strips(page)
    total = sum(end - begin for begin, end in found)
    missing = sum(end - max(begin, min(end, len(data))) for begin, end in found)
    inside = [(begin, min(end, len(data))) for begin, end in found if begin < len(data)]
    if is_uncompressed(page):
        stride = _stride(page)
        missing += sum(lost_sectors(data, begin, end, stride) for begin, end in _joined(inside))
    else:
        missing += sum(_lost(data, begin, end, page[COMPRESSION][0]) for begin, end in inside)
    return missing / total if total else 0.0


def _lost(data: bytes, begin: int, end: int, compression: int) -> int:
    at = zeros_begin(data, begin, end, at_end=SECTOR if compression in _JPEG_XR else _FEW)
    if at is None:
        return 0
    strip = data[begin:end]
    if compression in _JPEG:
        written = strip.rstrip(b"\0")
        ended = written.endswith(_END_OF_IMAGE)
        padding = at >= begin + len(written)
        whole = ended and (padding or _STANDARD_CODES not in data)
    else:
        whole = compression in _DEFLATE and _inflates(strip)
    return 0 if whole else end - at


def _inflates(strip: bytes) -> bool:
    """Whether its own checksum is right; then zeros belong to it, as in data stored without compression."""
    inflater = zlib.decompressobj()
    try:
        inflater.decompress(strip)
    except zlib.error:
        return False
    return inflater.eof


def _joined(found: list[Strip]) -> Iterator[Strip]:
    """Strips that are adjacent in the file as one, because a run of zeros may continue from one into the next."""
    begin, end = min(found, default=(0, 0))
    for first, last in sorted(found):
        if first > end:
            yield begin, end
            begin = first
        end = last
    yield begin, end


def _stride(page: Page) -> int:
    """Bytes of one row of a strip or tile."""
    width = (page.get(TILE_WIDTH) or page[WIDTH])[0]
    channels = 1 if page.get(PLANES) == (_SEPARATE_PLANES,) else page.get(CHANNELS, (1,))[0]
    return max(1, (width * page.get(BITS, (1,))[0] * channels + 7) // 8)
