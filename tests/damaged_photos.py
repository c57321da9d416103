"""Photos damaged where their pixels are coded: each must fail, have a warning, or show the pixels of the whole photo.

PNGs of every colour type and depth with one byte altered in IHDR, PLTE, tRNS or IDAT (data, length, name or checksum),
and photos of every format whose tail is zeros, as an interrupted copy leaves them.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from made_png import DEPTHS, PALETTE, png
from skimage import data
from written_photos import written_photos

from faceindex.errors import UnreadablePhoto
from faceindex.photos.decode import Photo
from faceindex.types import Pixels

PLACES = ("data", "length", "name", "checksum")


class Damaged(NamedTuple):
    """name: what it is and how it was damaged, with the extension."""

    name: str
    whole: bytes
    bytes: bytes


def damaged_pngs(count: int, seed: int) -> Iterator[Damaged]:
    """Every colour type, depth, place and chunk in turn."""
    random = np.random.default_rng(seed)
    face = np.ascontiguousarray(data.astronaut()[:120, 160:290])
    kinds = [(colour, bits) for colour, depths in DEPTHS.items() for bits in depths]
    for number in range(count):
        colour, bits = kinds[number % len(kinds)]
        whole = png(
            face,
            colour,
            bits,
            interlaced=bool(number % 3 == 2),
            transparent=colour <= PALETTE,
            level=(6, 9, 0)[number % 5 % 3],
            chunk_bytes=(700, 8192, 1 << 20)[number % 7 % 3],
            random=random,
        )
        names = [b"IHDR", b"IDAT", b"IDAT"] + [b"tRNS"] * (colour <= PALETTE) + [b"PLTE"] * (colour == PALETTE)
        name, place = names[number % len(names)], PLACES[int(random.integers(len(PLACES)))]
        flipped = _flipped(whole, name, place, random)
        title = f"{number:03d}-{colour}-{bits}-{name.decode()}-{place}.png"
        yield Damaged(title, whole, flipped)


def _flipped(whole: bytes, name: bytes, place: str, random: np.random.Generator) -> bytes:
    """One bit or one byte altered in a chunk of that name, one of several at random."""
    begins, at = [], 8
    while at < len(whole):
        (length,) = struct.unpack_from(">I", whole, at)
        if whole[at + 4 : at + 8] == name:
            begins.append((at, length))
        at += 12 + length
    begin, length = begins[int(random.integers(len(begins)))]
    offset, size = {"length": (0, 4), "name": (4, 4), "data": (8, length), "checksum": (8 + length, 4)}[place]
    altered = bytearray(whole)
    change = int(random.integers(1, 256)) if random.random() < 0.5 else 1 << int(random.integers(8))
    altered[begin + offset + int(random.integers(size))] ^= change
    return bytes(altered)


def zeroed_tails(count: int, seed: int) -> Iterator[Damaged]:
    """Photos of every format and way of writing it in turn; half of the tails begin at a multiple of 512 bytes."""
    random = np.random.default_rng(seed)
    photos = list(written_photos())
    for number in range(count):
        form, whole = photos[number % len(photos)]
        begin = int(len(whole) * random.uniform(0.15, 0.9))
        sector = begin // 512 * 512
        aligned = form.aligned or (number % 2 and sector)
        begin = sector if aligned else begin
        while form.aligned and not whole[begin - 1]:  # black that goes on in zeros is black
            begin -= 512
        tail = bytes(len(whole) - begin)
        yield Damaged(f"{number:03d}-{form.name}", whole, whole[:begin] + tail)


def judged(photo: Damaged) -> tuple[str, str]:
    """What became of it, and why. SILENT: it was read as if it were whole, and is not."""
    try:
        found = Photo(photo.bytes, photo.name)
        pixels = found.pixels()
    except UnreadablePhoto as error:
        return "failure", error.reason
    if found.warning:
        return "warning", found.warning
    whole = Photo(photo.whole, photo.name).pixels()
    share = changed(whole, pixels)
    return ("SILENT" if share else "same pixels"), f"{share:.1%} of the pixels differ"


def changed(whole: Pixels, pixels: Pixels) -> float:
    return 1.0 if whole.shape != pixels.shape else float((whole != pixels).any(axis=2).mean())
