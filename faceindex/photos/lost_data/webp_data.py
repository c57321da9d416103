"""Whether the coded data of a WebP are complete: where they are in the file (RFC 9649, section 2), and zeros in
them."""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass
from functools import cache

import numpy as np
from PIL import Image, ImageChops

from faceindex.photos.lost_data.zero_runs import SECTOR, is_whole_sectors, lost_sectors, unwritten_begin

_STORED = 3  # bits in the first byte of ALPH; all are 0 without compression


@dataclass(frozen=True, slots=True)
class Chunk:
    """begin, end: of its content in the file."""

    kind: bytes
    begin: int
    end: int


def missing_share(data: bytes, picture: Image.Image | None) -> float:
    """The share of the coded data of the first picture, and of its alpha channel, that was never written.

    picture: as it was decoded; None if it could not be. Raises: struct.error, or KeyError if there is no picture.
    """
    parts = first_picture(data)
    missing = sum(part.end - begin for part in parts if (begin := _missing_from(data, part, picture)) is not None)
    stored = sum(lost_sectors(data, part.begin + 1, part.end, SECTOR - 1) for part in parts if _is_stored(data, part))
    return (missing + stored) / sum(part.end - part.begin for part in parts)


def first_picture(data: bytes) -> list[Chunk]:
    """Its chunks. Raises: KeyError if there is none."""
    return _first_picture(data, 12, len(data))


def _first_picture(data: bytes, position: int, end: int) -> list[Chunk]:
    beside = list[Chunk]()
    while position + 8 <= end:
        kind, size = struct.unpack_from("<4sI", data, position)
        begin, position = position + 8, position + 8 + size + size % 2
        found = Chunk(kind, begin, min(begin + size, len(data)))
        if kind in (b"VP8 ", b"VP8L"):
            return [*beside, found]
        if kind == b"ALPH":
            beside = [found]
        elif kind == b"ANMF":
            return _first_picture(data, begin + 16, begin + size)
    raise KeyError("no picture")


def _is_stored(data: bytes, part: Chunk) -> bool:
    return part.kind == b"ALPH" and not data[part.begin] & _STORED


def _missing_from(data: bytes, part: Chunk, picture: Image.Image | None) -> int | None:
    if _is_stored(data, part):
        return None
    begin = unwritten_begin(data, part.begin, part.end)
    if begin is None or is_whole_sectors(data, begin, part.end) or picture is None:
        return begin
    return None if _needs_its_end(data, part.end, picture) else begin


def _needs_its_end(data: bytes, end: int, picture: Image.Image) -> bool:
    """Whether the last bytes of the coded data matter. A flat area may be zeros; after lost data, bytes remain
    unused."""
    shown = picture.convert("RGBA")
    return any(_differs(data[: end - len(noise)] + noise + data[end:], shown) for noise in _noises())


def _differs(webp: bytes, shown: Image.Image) -> bool:
    try:
        with Image.open(io.BytesIO(webp), formats=("WEBP",)) as image:
            return ImageChops.difference(shown, image.convert("RGBA")).getbbox(alpha_only=False) is not None
    except Exception:  # no longer a picture
        return True


@cache
def _noises() -> list[bytes]:
    """Drawn when they are needed, as numpy.random is slow to load."""
    return [noise.tobytes() for noise in np.random.default_rng(2).integers(1, 255, (4, 64), dtype=np.uint8)]
