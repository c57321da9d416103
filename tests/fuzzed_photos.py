"""Damage photos of every format at random, ingest them, and show that each is accounted for and none did any harm.

A program of its own, so that the memory of its workers can be told: python fuzzed_photos.py [--count 2000] [--seed 0].
The photos are those of the test data's folder `formats` that are not too large, and an astronaut (NASA, public domain)
in every format that can be written. Each is damaged in one way: bytes altered, the end cut off, a block replaced,
removed or zeroed, a number in its header made absurd. Exit code 1: a photo was lost, or a worker used too much memory.
"""

from __future__ import annotations

import argparse
import io
import os
import re
import resource
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from made_dng import dng
from PIL import Image
from skimage import data
from written_photos import written_photos

import faceindex
from faceindex.errors import UnreadablePhoto
from faceindex.ingest.workers.limits import MEMORY_LIMIT
from faceindex.photos.decode import open_photo
from faceindex.types import IngestReport

LARGEST_SEED = 300_000
"""Bytes; larger photos only make the run slow."""

EXTREMES = (0, 1, 2, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x10000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
HARM = ("its decoder crashed", "not finished after", "needed more than")

Seed = tuple[str, bytes]
"""Format, and the bytes of a photo of it."""


def main() -> None:
    root = Path(__file__).resolve().parents[1]
    shared = Path(os.environ.get("FACEINDEX_TEST_DATA", root.parent / "shared" / "data"))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    seeds = [*made_photos(), *real_photos(shared / "formats")]
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "photos"
        damage_photos(folder, seeds, options.count, options.seed)
        with faceindex.Library(Path(temporary) / "fuzz.faces") as library:
            report = library.ingest([folder])
        show(folder, report)
    accounted = report.new + report.duplicate + report.failed
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    print(f"\n{accounted} of {options.count} accounted for: {report.new} read, {report.duplicate} duplicates, ", end="")
    print(f"{report.failed} failed; {report.seconds:.0f} s; peak memory of a worker {peak >> 20} MB ", end="")
    print(f"of {MEMORY_LIMIT >> 20} MB")
    sys.exit(accounted != options.count or peak > MEMORY_LIMIT)


def real_photos(folder: Path) -> Iterator[Seed]:
    """The photos of `folder` that can be read; nothing when there is no such folder."""
    for path in sorted(folder.iterdir()) if folder.is_dir() else []:
        if path.stat().st_size <= LARGEST_SEED:
            try:
                open_photo(str(path), max_megapixels=20).image(500)
            except UnreadablePhoto:
                continue
            yield path.suffix[1:].lower(), path.read_bytes()


def made_photos() -> Iterator[Seed]:
    """The astronaut's face in every format that can be written, and in several ways."""
    pixels = np.ascontiguousarray(data.astronaut()[:160, 150:310])
    for written, photo in written_photos(pixels):
        yield written.name.split(".")[1], photo
    face, buffer, exif = Image.fromarray(pixels), io.BytesIO(), Image.Exif()
    exif[0x0112] = 6
    face.resize((120, 120)).save(buffer, "JPEG", exif=exif)
    yield "jpg", buffer.getvalue()
    yield "dng", dng(pixels, buffer.getvalue())


def damage_photos(folder: Path, seeds: list[Seed], count: int, seed: int) -> None:
    """Write `count` damaged photos into `folder`; the same for the same seeds and seed. Every format is as frequent."""
    random = np.random.default_rng(seed)
    folder.mkdir(parents=True, exist_ok=True)
    by_format: dict[str, list[bytes]] = defaultdict(list)
    for extension, photo in seeds:
        by_format[extension].append(photo)
    for number in range(count):
        extension = list(by_format)[number % len(by_format)]
        photos = by_format[extension]
        damage = DAMAGES[int(random.integers(len(DAMAGES)))]
        whole = bytearray(photos[int(random.integers(len(photos)))])
        path = folder / f"{number:06d}-{damage.__name__}.{extension}"
        path.write_bytes(damage(whole, random))


def altered(photo: bytearray, random: np.random.Generator) -> bytes:
    for place in random.integers(0, len(photo), int(random.integers(1, 30))):
        photo[place] = random.integers(256)
    return bytes(photo)


def altered_head(photo: bytearray, random: np.random.Generator) -> bytes:
    for place in random.integers(0, min(len(photo), 400), int(random.integers(1, 6))):
        photo[place] ^= 1 << int(random.integers(8))
    return bytes(photo)


def absurd(photo: bytearray, random: np.random.Generator) -> bytes:
    """A number of two or four bytes at either end of the file, where directories are."""
    size = int(random.choice([2, 4]))
    place = int(random.integers(0, min(len(photo) - size, 600)))
    if random.random() < 0.3:
        place = len(photo) - size - place
    value = int(random.choice(EXTREMES)) & (2 ** (8 * size) - 1)
    photo[place : place + size] = value.to_bytes(size, "big" if random.random() < 0.5 else "little")
    return bytes(photo)


def cut(photo: bytearray, random: np.random.Generator) -> bytes:
    return bytes(photo[: int(len(photo) * random.beta(2, 0.7))])


def zeroed(photo: bytearray, random: np.random.Generator) -> bytes:
    begin, end = _block(photo, random)
    photo[begin:end] = bytes(end - begin)
    return bytes(photo)


def holed(photo: bytearray, random: np.random.Generator) -> bytes:
    begin, end = _block(photo, random)
    del photo[begin:end]
    return bytes(photo)


def spliced(photo: bytearray, random: np.random.Generator) -> bytes:
    begin, end = _block(photo, random)
    source = int(random.integers(0, len(photo) - (end - begin) + 1))
    photo[begin:end] = photo[source : source + end - begin]
    return bytes(photo)


def _block(photo: bytearray, random: np.random.Generator) -> tuple[int, int]:
    size = min(int(2 ** random.uniform(3, 12)), len(photo) // 2)
    begin = int(random.integers(0, len(photo) - size))
    return begin, begin + size


Damage = Callable[[bytearray, np.random.Generator], bytes]
DAMAGES: list[Damage] = [altered, altered_head, absurd, cut, zeroed, holed, spliced]


def show(folder: Path, report: IngestReport) -> None:
    """Read and failed by format, and the reasons."""
    files = Counter(path.suffix[1:] for path in folder.iterdir())
    reasons: dict[str, Counter[str]] = defaultdict(Counter)
    for failure in report.failures:
        reasons[Path(failure.path).suffix[1:]][re.sub(r"[\d.]+", "N", failure.error)[:70]] += 1
        if failure.error.startswith(HARM):
            print(f"HARM  {Path(failure.path).name}: {failure.error}")
    print("format  files   read failed  most frequent reasons")
    for extension, count in sorted(files.items()):
        failed = reasons[extension].total()
        common = "; ".join(f"{times} {reason}" for reason, times in reasons[extension].most_common(3))
        print(f"{extension:6}  {count:5}  {count - failed:5}  {failed:5}  {common}")


if __name__ == "__main__":
    main()
