"""How a library of a million photos and three million faces opens, answers and is scanned again.

The library is drawn (make_library) in a temporary folder, unless --library names one that was drawn before. Everything
is timed in new processes: the first time after the library was written, and then --rounds more times. Memory is the
peak of the process. For the rescan, --scan small files are made, and the library is told that they are unchanged.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from harness.measure import STATS, Cost, cost, costs, in_new_process
from harness.report import Report


def run(
    report: Report, *, library: Path | None = None, faces: int = 3_000_000, scan: int = 100_000, rounds: int = 5
) -> None:
    library = library or report.folder / "drawn.faces"
    if not library.exists():
        report.add("drawn", [cost(lambda: in_new_process(draw, library, faces))[0].clock], "s")
    status = json.loads(command("status", "--json", "-L", library))
    vectors = 4 * 128 * status["faces"] / 1e6
    for what in ("photos", "faces", "segments"):
        report.add(what, status[what])
    report.add("on disk", status["bytes"] / 1e6, "MB")
    report.add("on disk, of which vectors", vectors, "MB")
    show(report, ("open", "status"), rounds, lambda: in_new_process(open_library, library), 0)
    for arguments in (["--version"], ["status", "-L", library]):
        whole = costs(lambda: command(*arguments), rounds, warm=1)  # noqa: B023
        report.add_costs(f"`faceindex {arguments[0]}`, whole command", whole)
    (built, _), peak = in_new_process(search, library)
    report.add("index built", built.clock, "s")
    report.add("index built, peak memory beside the vectors", peak - vectors, "MB")
    show(report, ("index opened", "one search"), rounds, lambda: in_new_process(search, library), vectors)
    scan_again(library, scan, rounds, report)
    for check in (["check"], ["check", "--deep"]):
        report.add_costs(
            f"`faceindex {' '.join(check)}`",
            costs(lambda: command(*check, "-L", library), 1),  # noqa: B023
        )


def draw(library: Path, faces: int) -> None:
    from make_library import make_library

    make_library(library, faces, stats=STATS)


def open_library(path: Path) -> tuple[Cost, Cost]:
    import faceindex.library

    opening, library = cost(lambda: faceindex.library.Library(path, create=False))
    return opening, cost(library.status)[0]


def search(path: Path) -> tuple[Cost, Cost]:
    """The index opened, and built where there is none; one search."""
    import faceindex.library
    from faceindex.search import index

    folder = faceindex.library.Library(path, create=False)._opened.folder
    opening, loaded = cost(lambda: index.load_or_build(folder))
    probe = loaded.main.vectors[1]
    return opening, cost(lambda: index.find_nearest(folder, loaded, probe, 10, 0.6))[0]


def show(
    report: Report,
    names: tuple[str, str],
    rounds: int,
    measured: Callable[[], tuple[tuple[Cost, Cost], float]],
    vectors: float,
) -> None:
    """Report two costs of new processes, the first process by itself, and the peak memory less `vectors` MB."""
    (first, _), *others = [measured() for _ in range(rounds + 1)]
    for name, cold, *warm in zip(names, first, *(both for both, _ in others), strict=True):
        report.add(f"{name}, first time", cold.clock, "s")
        report.add_costs(name, warm)
    report.add(f"{names[1]}, peak memory" + " beside the vectors" * bool(vectors), others[-1][1] - vectors, "MB")


def scan_again(library: Path, count: int, rounds: int, report: Report) -> None:
    """Make `count` files that the library knows, and ingest their folder."""
    from faceindex.store.folder import LibraryFolder

    photos = report.folder / "photos"
    files = []
    for number in range(count):
        file = photos / f"{number // 1000:05d}" / f"IMG_{number:07d}.jpg"
        if number % 1000 == 0:
            file.parent.mkdir(parents=True)
        file.write_bytes(b"\xff\xd8\xff photo")
        status = file.stat()
        files.append((os.fsencode(file), number + 1, status.st_size, status.st_mtime_ns, status.st_ctime_ns))
    with (
        closing(LibraryFolder(library, create=False)) as folder,
        folder.writer() as writer,
        writer.catalog.transaction() as transaction,
    ):
        transaction.executemany("INSERT OR REPLACE INTO paths VALUES (?, ?, ?, ?, ?)", files)
    seconds = []
    for _ in range(rounds):
        answer = json.loads(command("ingest", "--json", "-L", library, photos))
        assert answer["photos"]["unchanged"] == count, answer
        seconds.append(answer["seconds"])
    report.add(f"rescan of {count:,} unchanged files", seconds, "s")


def command(*arguments: object) -> str:
    run = [sys.executable, "-P", "-m", "faceindex", *map(str, arguments)]
    return subprocess.run(run, check=True, capture_output=True, text=True).stdout
