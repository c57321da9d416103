"""Damage photos where their pixels are coded, and show that none is read as if nothing had happened.

    .venv/bin/python scripts/damaged_photos.py [--pngs 180] [--tails 60] [--seed 0] [--folder DIR]
    .venv/bin/python scripts/damaged_photos.py --whole FOLDER...

The first makes PNGs of every colour type and depth with one byte altered in IHDR, PLTE, tRNS or IDAT (data, length,
name or checksum), and photos of every format whose tail is zeros, as an interrupted copy leaves them. Each must fail,
have a warning, or show the very pixels of the whole photo. The second reads whole photos: none may fail or have a
warning. Exit code 1: one did not as it must.
"""

from __future__ import annotations

import argparse
import struct
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from make_png import DEPTHS, PALETTE, png
from skimage import data
from whole_photos import written_photos

from faceindex.errors import UnreadablePhoto
from faceindex.photos.decode import Photo, open_photo
from faceindex.photos.identity import claims_to_be_photo
from faceindex.types import Pixels

PLACES = ("data", "length", "name", "checksum")


class Damaged(NamedTuple):
    """name: with the extension. kind: of photo and damage, for the table."""

    name: str
    kind: str
    whole: bytes
    bytes: bytes


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pngs", type=int, default=180)
    parser.add_argument("--tails", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--folder", type=Path, help="where to leave the damaged photos")
    parser.add_argument("--whole", type=Path, nargs="+", metavar="FOLDER")
    options = parser.parse_args()
    if options.whole:
        sys.exit(bool(show_whole(options.whole)))
    photos = [*damaged_pngs(options.pngs, options.seed), *zeroed_tails(options.tails, options.seed)]
    if options.folder:
        options.folder.mkdir(parents=True, exist_ok=True)
        for photo in photos:
            (options.folder / photo.name).write_bytes(photo.bytes)
    sys.exit(bool(show_damaged(photos)))


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
        extension = f"{number:03d}-{colour}-{bits}-{name.decode()}-{place}.png"
        yield Damaged(extension, f"png {name.decode()} {place}", whole, flipped)


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
        yield Damaged(f"{number:03d}-{form.name}", f"{form.name.split('.')[1]} tail", whole, whole[:begin] + tail)


def show_damaged(photos: list[Damaged]) -> int:
    """How many are silent. Prints a table, and each that is silent."""
    table: dict[str, Counter[str]] = {}
    for photo in photos:
        outcome, reason = judged(photo)
        table.setdefault(photo.kind, Counter())[outcome] += 1
        if outcome == "SILENT":
            print(f"SILENT  {photo.name}: {reason}")
    columns = ("failure", "warning", "same pixels", "SILENT")
    print(f"{'damage':22}", *(f"{column:>12}" for column in columns))
    for kind, outcomes in sorted(table.items()):
        print(f"{kind:22}", *(f"{outcomes[column]:12}" for column in columns))
    silent = sum(outcomes["SILENT"] for outcomes in table.values())
    print(f"\n{len(photos)} damaged photos, {silent} of them silent")
    return silent


def judged(photo: Damaged) -> tuple[str, str]:
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


def show_whole(folders: list[Path]) -> int:
    """How many whole photos fail or have a warning."""
    count, wrong = Counter[str](), 0
    for path in sorted(path for folder in folders for path in folder.rglob("*") if path.is_file()):
        if not claims_to_be_photo(str(path)):
            continue
        count[path.suffix.lower()] += 1
        try:
            photo = open_photo(str(path))
            photo.image()
            outcome = photo.warning
        except UnreadablePhoto as error:
            outcome = f"failure: {error.reason}"
        if outcome:
            wrong += 1
            print(f"{path}: {outcome}")
    print(
        f"{count.total()} photos ({', '.join(f'{n} {kind}' for kind, n in sorted(count.items()))}); {wrong} with a word"
    )
    return wrong


if __name__ == "__main__":
    main()
