"""Compare the ingest of this checkout with that of another one: an older version, or a branch.

    git worktree add ../older COMMIT && (cd ../older && scripts/setup test)
    .venv/bin/python scripts/bench_versions.py ../older FOLDER... [--rounds 5] [--files 20000] [--recipe dlib]

Both work in turn on each folder of photos, as whole commands with two workers, by the Python of their own .venv: first
all of it is ingested, then scanned again, when nothing has changed. Last come so many names (hard links) of one photo.
Told are the medians by the clock and by the processors, and the medians of the ratios of both runs of a round. What is
compiled and converted once was so before.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds of a whole command, by the clock and of the processors."""

    clock: float
    processor: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("other", type=Path, metavar="OTHER", help="the checkout to compare with")
    parser.add_argument("photos", type=Path, nargs="*", metavar="FOLDER")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--files", type=int, default=20_000, help="names of the one photo; 0: without")
    parser.add_argument("--recipe", default="dlib")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folders = [folder.resolve() for folder in options.photos]
        if options.files:
            folders.append(linked(Path(temporary) / f"{options.files} names of a photo", options.files))
        for photos in folders:
            compare(photos, options.other.resolve(), options.recipe, options.rounds, Path(temporary))


def linked(folder: Path, count: int) -> Path:
    """A folder with `count` names of a small photo without a face."""
    from PIL import Image

    folder.mkdir()
    first = folder / "000000.png"
    Image.linear_gradient("L").save(first)
    for number in range(1, count):
        (folder / f"{number:06d}.png").hardlink_to(first)
    return folder


def compare(photos: Path, other: Path, recipe: str, rounds: int, temporary: Path) -> None:
    """Print what both cost on one folder. The first round only warms up."""
    costs: dict[str, dict[Path, list[Cost]]] = {"ingest": {}, "scanned again": {}}
    for number in range(rounds + 1):
        for checkout in (ROOT, other) if number % 2 else (other, ROOT):
            library = temporary / "compared.faces"
            for kind in costs:
                cost = ingest(checkout, photos, library, recipe)
                if number:
                    costs[kind].setdefault(checkout, []).append(cost)
            shutil.rmtree(library)
    for kind, of in costs.items():
        print(f"{photos.name}, {kind}: {told(of[other])} there, {told(of[ROOT])} here, {ratios(of[ROOT], of[other])}")
        sys.stdout.flush()


def ingest(checkout: Path, photos: Path, library: Path, recipe: str) -> Cost:
    environment = os.environ | {"PYTHONPATH": str(checkout)}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    command = [str(checkout / ".venv" / "bin" / "python"), "-m", "faceindex", "ingest", str(photos)]
    before, began = processor_seconds(), time.monotonic()
    subprocess.run(
        [*command, "-L", str(library), "--recipe", recipe, "--workers", "2", "--json"],
        env=environment,
        cwd=library.parent,
        stdout=subprocess.DEVNULL,
        check=True,
    )
    return Cost(time.monotonic() - began, processor_seconds() - before)


def processor_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def told(costs: Sequence[Cost]) -> str:
    clock, processor = (statistics.median(getattr(cost, name) for cost in costs) for name in ("clock", "processor"))
    return f"{clock:.2f} s ({processor:.2f} s of processors)"


def ratios(here: Sequence[Cost], there: Sequence[Cost]) -> str:
    clocks = [one.clock / other.clock for one, other in zip(here, there, strict=True)]
    processors = [one.processor / other.processor for one, other in zip(here, there, strict=True)]
    return f"{statistics.median(clocks):.3f} times (processors {statistics.median(processors):.3f})"


if __name__ == "__main__":
    main()
