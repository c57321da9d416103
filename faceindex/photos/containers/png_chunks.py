"""Checks a PNG's chunks and checksums, to find out whether its picture is complete; Pillow does not.

Pillow does not check the checksums of IDAT, and takes missing data for black rows (ISO/IEC 15948, section 5.3).
"""

from __future__ import annotations

import struct
import zlib
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from PIL import Image

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_FRAME_BYTES = 12
_PIECE = 1 << 14
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # by colour type
_PALETTE, _LAST_FILTER = 3, 4
_PASSES = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
"""Adam7: first column and row, steps between columns and between rows (section 8.2)."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """kind: four letters. begin, end: of its data in the file. sound: whether its checksum is right."""

    kind: bytes
    begin: int
    end: int
    sound: bool


def chunks(data: bytes) -> Iterator[Chunk]:
    """Every chunk up to IEND, or up to the first one that is cut off or whose name is not four letters."""
    position = len(SIGNATURE)
    while position + _FRAME_BYTES <= len(data):
        length, kind = struct.unpack_from(">I4s", data, position)
        end = position + 8 + length
        if end + 4 > len(data) or not kind.isalpha():
            return
        checksum = zlib.crc32(memoryview(data)[position + 4 : end])
        yield Chunk(kind, position + 8, end, checksum == int.from_bytes(data[end : end + 4], "big"))
        if kind == b"IEND":
            return
        position = end + 4


def refuse_damaged_header(data: bytes) -> None:
    """Does nothing for other files. Raises: ValueError if the picture's size or kind, or all its colours, are
    damaged."""
    if not data.startswith(SIGNATURE):
        return
    first, colour = data[12:16], None
    if first == b"CgBI":
        raise ValueError("PNG of a kind that cannot be read: Apple's CgBI")
    if first != b"IHDR":
        raise ValueError("damaged: its size or kind may be wrong")
    for chunk in chunks(data):
        if chunk.kind == b"IHDR":
            if not chunk.sound or chunk.end - chunk.begin != 13:
                raise ValueError("damaged: its size or kind may be wrong")
            colour = data[chunk.begin + 9]
        elif chunk.kind == b"PLTE" and not chunk.sound and colour == _PALETTE:
            raise ValueError("damaged: its colours may be wrong")
        elif chunk.kind == b"IDAT":
            return


def damage(data: bytes, picture: Image.Image | None) -> str | None:
    """The damage of a PNG whose picture is usable nevertheless, in one line.

    data: the file, with an intact header. picture: as Pillow decoded it; None if it could not.

    Raises: ValueError if a part of the picture is missing, with the share if it is known.
    """
    found = list(chunks(data))
    ended = bool(found) and found[-1].kind == b"IEND"
    sound = all(chunk.sound for chunk in found if chunk.kind == b"IDAT")
    if not ended or not sound or picture is None or _may_end_early(data, picture):
        _refuse_missing(data, found, sound=sound)
    if not sound:
        return "damaged: a checksum is wrong, but all pixels are right"
    if any(chunk.kind == b"tRNS" and not chunk.sound for chunk in found):
        return "damaged: its transparency may be wrong"
    return None if ended else "damaged after the picture"


def _may_end_early(data: bytes, picture: Image.Image) -> bool:
    """Whether the last row looks as Pillow leaves it without data; always so if interlaced (rows are in another
    order)."""
    row = picture.crop((0, picture.height - 1, picture.width, picture.height))
    return bool(data[28]) or not any(row.tobytes())


def _refuse_missing(data: bytes, found: list[Chunk], *, sound: bool) -> None:
    """Raises: ValueError unless all rows are there and the checksum over all of them (RFC 1950) is right.

    sound: whether the chunks' own checksums are right. Some programs write a wrong overall checksum.
    """
    width, height, bits, colour = struct.unpack_from(">IIBB", data, 16)
    begins = _row_begins(width, height, bits, colour, interlaced=bool(data[28]))
    pixels = _Inflated(_picture_data(data, found))
    rows = _whole_rows(pixels, begins)
    if rows < len(begins) - 1:
        cut_off = sound and not (found and found[-1].kind == b"IEND")
        what = "image file is truncated" if cut_off else "damaged"
        raise ValueError(f"{what}: {1 - rows / (len(begins) - 1):.1%} of the picture is missing")
    if not pixels.whole and not sound:
        raise ValueError("damaged: a part of the picture is wrong")


def with_right_checksum(data: bytes) -> bytes | None:
    """The same PNG with the right overall checksum, if that checksum alone is wrong; else None.

    Some programs write a wrong one, and others ignore it.
    """
    found = list(chunks(data))
    if not found or found[-1].kind != b"IEND" or not all(chunk.sound for chunk in found):
        return None
    width, height, bits, colour = struct.unpack_from(">IIBB", data, 16)
    begins = _row_begins(width, height, bits, colour, interlaced=bool(data[28]))
    coded = b"".join(data[chunk.begin : chunk.end] for chunk in found if chunk.kind == b"IDAT")
    inflater, checksum, left = zlib.decompressobj(-zlib.MAX_WBITS), 1, begins[-1]
    with suppress(zlib.error):
        waiting = coded[2:]
        while waiting and not inflater.eof:
            piece = inflater.decompress(waiting, _PIECE << 6)
            waiting = inflater.unconsumed_tail
            checksum, left = zlib.adler32(piece, checksum), left - len(piece)
    if not inflater.eof or left > 0:
        return None
    body = coded[: len(coded) - len(inflater.unused_data)] + checksum.to_bytes(4, "big")
    coded = struct.pack(">I", len(body)) + b"IDAT" + body + zlib.crc32(b"IDAT" + body).to_bytes(4, "big")
    before = next(chunk.begin - 8 for chunk in found if chunk.kind == b"IDAT")
    after = [data[chunk.begin - 8 : chunk.end + 4] for chunk in found if chunk.begin > before and chunk.kind != b"IDAT"]
    return data[:before] + coded + b"".join(after)


def _whole_rows(blocks: Iterable[bytes], begins: list[int]) -> int:
    """How many rows are complete before the data end or become invalid; each row starts with the number of its
    filter."""
    there = row = 0
    for block in blocks:
        while row < len(begins) - 1 and begins[row] < there + len(block):
            if block[begins[row] - there] > _LAST_FILTER:
                return row
            row += 1
        there += len(block)
    return bisect_right(begins, there) - 1


class _Inflated:
    """The data inflated so far, up to their end or to an error.

    whole: whether the end was reached with the right checksum; known after the last block.
    """

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = pieces
        self.whole = False

    def __iter__(self) -> Iterator[bytes]:
        inflater = zlib.decompressobj()
        for piece in self._pieces:
            before = inflater.copy()
            try:
                yield inflater.decompress(piece)
            except zlib.error:
                yield from _until_error(before, piece)
                return
        self.whole = inflater.eof


def _until_error(inflater: Any, piece: bytes) -> Iterator[bytes]:
    for place in range(len(piece)):
        try:
            yield inflater.decompress(piece[place : place + 1])
        except zlib.error:
            return


def _picture_data(data: bytes, found: list[Chunk]) -> Iterator[bytes]:
    """The content of the IDAT chunks in small pieces, also of one that is cut off."""
    parts = [(chunk.begin, chunk.end) for chunk in found if chunk.kind == b"IDAT"]
    position = found[-1].end + 4 if found else len(SIGNATURE)
    if data[position + 4 : position + 8] == b"IDAT":
        parts.append((position + 8, len(data)))
    for begin, end in parts:
        for place in range(begin, end, _PIECE):
            yield data[place : min(place + _PIECE, end)]


def _row_begins(width: int, height: int, bits: int, colour: int, *, interlaced: bool) -> list[int]:
    """The position of each row in the inflated data, for each pass of an interlaced picture; and the end (section
    7.2)."""
    begins = [0]
    for left, top, across, down in _PASSES if interlaced else ((0, 0, 1, 1),):
        columns, rows = -(-(width - left) // across), -(-(height - top) // down)
        if columns > 0:
            stride = 1 + (columns * bits * _CHANNELS.get(colour, 1) + 7) // 8
            begins.extend(range(begins[-1] + stride, begins[-1] + stride * rows + 1, stride))
    return begins
