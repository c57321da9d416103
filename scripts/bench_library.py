"""How a library of a million photos and three million faces opens, answers and is scanned again.

    .venv/bin/python scripts/bench_library.py [--library DIR] [--faces 3000000] [--scan 100000]

Draws the library (scripts/make_library.py) in a temporary folder unless --library names one that was drawn before.
Everything is timed in processes of its own, once cold (the first time after it was written) and then as the median of
five. Memory is the peak of the process. For the rescan, --scan small files are made and the library told that
it knows them unchanged.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import make_library
import numpy as np

from faceindex.store.folder import LibraryFolder

_PEAK = """
import resource, sys, time

def peak():  # MB; of a program that was started by another one, getrusage also knows what that one took
    try:
        with open("/proc/self/status") as status:
            return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) * 1024 / 1e6
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
"""
_OPEN = """
import faceindex.library
began = time.perf_counter()
library = faceindex.library.Library(sys.argv[1], create=False)
opened = time.perf_counter()
library.status()
known = time.perf_counter()
print(opened - began, known - opened, peak())
"""
_SEARCH = """
import faceindex.library
from faceindex.search import index
library = faceindex.library.Library(sys.argv[1], create=False)
began = time.perf_counter()
loaded = index.load_or_build(library._opened.folder)
opened = time.perf_counter()
probe = loaded.main.vectors[1]
found = index.find_nearest(library._opened.folder, loaded, probe, 10, 0.6)
print(opened - began, time.perf_counter() - opened, peak())
"""


def main() -> None:
    root = Path(__file__).resolve().parents[1]
    data = Path(os.environ.get("FACEINDEX_TEST_DATA", root.parent / "shared" / "data"))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--library", type=Path)
    parser.add_argument("--faces", type=int, default=3_000_000)
    parser.add_argument("--scan", type=int, default=100_000)
    parser.add_argument("--stats", type=Path, default=data / "embedding_stats.npz")
    options = parser.parse_args()
    print(f"{platform.platform()}, Python {platform.python_version()}, {os.cpu_count()} cores, numpy {np.__version__}")
    with tempfile.TemporaryDirectory() as temporary:
        library = options.library or Path(temporary) / "drawn.faces"
        if not library.exists():
            began = time.monotonic()
            make_library.make_library(library, options.faces, stats=options.stats)
            print(f"drawn in {time.monotonic() - began:.0f} s")
        measure(library, Path(temporary), options.scan)


def measure(library: Path, temporary: Path, scan: int) -> None:
    status = json.loads(command("status", "--json", "-L", library))
    vectors = 4 * 128 * status["faces"] / 1e6
    print(f"{status['photos']:,} photos, {status['faces']:,} faces, {status['segments']} segments, ", end="")
    print(f"{status['bytes'] / 1e6:,.0f} MB on disk, of which vectors {vectors:,.0f} MB")
    show("open; status, within the process", lambda: python(_OPEN, library)[:2])
    print(f"    peak memory {python(_OPEN, library)[2]:.0f} MB")
    show(
        "`faceindex --version`; `faceindex status`, whole commands",
        lambda: (timed("--version"), timed("status", "-L", library)),
    )
    built = python(_SEARCH, library)
    print(f"index built in {built[0]:.1f} s, peak memory {built[2] - vectors:+.0f} MB beside the vectors")
    show("index opened; one search", lambda: python(_SEARCH, library)[:2])
    print(f"    peak memory {python(_SEARCH, library)[2] - vectors:+.0f} MB beside the vectors")
    scan_again(library, temporary, scan)
    for arguments in (["check"], ["check", "--deep"]):
        print(f"`faceindex {' '.join(arguments)}`: {timed(*arguments, '-L', library):.1f} s")


def scan_again(library: Path, temporary: Path, count: int) -> None:
    """Make `count` files that the library knows, and ingest their folder."""
    photos = temporary / "photos"
    files = []
    for number in range(count):
        file = photos / f"{number // 1000:05d}" / f"IMG_{number:07d}.jpg"
        if number % 1000 == 0:
            file.parent.mkdir(parents=True)
        file.write_bytes(b"\xff\xd8\xff photo")
        status = file.stat()
        files.append((os.fsencode(file), number + 1, status.st_size, status.st_mtime_ns, status.st_ctime_ns))
    folder = LibraryFolder(library, create=False)
    with folder.writer() as writer, writer.catalog.transaction() as transaction:
        transaction.executemany("INSERT OR REPLACE INTO paths VALUES (?, ?, ?, ?, ?)", files)
    folder.close()
    load_index = timed("status", "-L", library)
    times = []
    for _ in range(3):
        answer = json.loads(command("ingest", "--json", "-L", library, photos))
        assert answer["photos"]["unchanged"] == count, answer
        times.append(answer["seconds"])
    print(f"rescan of {count:,} unchanged files: {statistics.median(times):.2f} s of {times}")
    print(f"    {count / statistics.median(times):,.0f} files a second; a whole `status` took {load_index:.2f} s")


def show(what: str, measured: Callable[[], tuple[float, ...]]) -> None:
    cold, *warm = [measured() for _ in range(6)]
    medians = ", ".join(f"{statistics.median(values):.3f}" for values in zip(*warm, strict=True))
    print(f"{what}: {medians} s; the first time {', '.join(f'{value:.3f}' for value in cold)} s")


def python(code: str, library: Path) -> tuple[float, ...]:
    done = subprocess.run([sys.executable, "-c", _PEAK + code, library], check=True, capture_output=True, text=True)
    return tuple(map(float, done.stdout.split()))


def command(*arguments: object) -> str:
    run = [sys.executable, "-m", "faceindex", *map(str, arguments)]
    return subprocess.run(run, check=True, capture_output=True, text=True).stdout


def timed(*arguments: object) -> float:
    began = time.perf_counter()
    command(*arguments)
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
