"""Do descriptors and memory stay as they are, however many threads read, and however often?

    .venv/bin/python scripts/many_readers.py [--threads 10000] [--calls 1000000] [--at-once 32]

Draws a small library. --threads threads, of which --at-once live at a time, each make their share of --calls calls, of
several kinds. Ten times on the way, and at the end, descriptors, connections and resident memory are printed.
"""

from __future__ import annotations

import argparse
import gc
import tempfile
import threading
import time
from pathlib import Path

import make_library
import psutil

import faceindex

ROOT = Path(__file__).resolve().parents[1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=10_000)
    parser.add_argument("--calls", type=int, default=1_000_000)
    parser.add_argument("--at-once", type=int, default=32)
    parser.add_argument("--stats", type=Path, default=ROOT.parent / "shared" / "data" / "embedding_stats.npz")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        path = Path(temporary, "drawn.faces")
        make_library.make_library(path, 2_000, stats=options.stats)
        with faceindex.Library(path, create=False) as library:
            library.cluster()
            library.people.name("Ann", album=1)
            gc.disable()  # nothing waits for a collection
            read(library, options.threads, options.calls // options.threads, options.at_once)


def read(library: faceindex.Library, threads: int, calls: int, at_once: int) -> None:
    process, began, done = psutil.Process(), time.monotonic(), 0
    show(library, process, 0, 0, began)
    for start in range(0, threads, at_once):
        living = [
            threading.Thread(target=ask, args=(library, calls)) for _ in range(start, min(start + at_once, threads))
        ]
        for thread in living:
            thread.start()
        for thread in living:
            thread.join()
        if (start + at_once) * 10 // threads > done:
            done = (start + at_once) * 10 // threads
            show(library, process, start + len(living), (start + len(living)) * calls, began)


def ask(library: faceindex.Library, calls: int) -> None:
    for number in range(calls):
        match number % 5:
            case 0:
                library.albums.list(limit=5)
            case 1:
                library.faces.get(1 + number)
            case 2:
                library.people.get("Ann")
            case 3:
                str(library.version)
            case _:
                library.albums.faces(1, limit=5)


def show(library: faceindex.Library, process: psutil.Process, threads: int, calls: int, began: float) -> None:
    print(
        f"{threads:7,} threads, {calls:9,} calls: {process.num_fds()} descriptors, "
        f"{library._opened.folder.connections} connections, {process.memory_info().rss / 1e6:.1f} MB, "
        f"{time.monotonic() - began:.0f} s",
        flush=True,
    )


if __name__ == "__main__":
    main()
