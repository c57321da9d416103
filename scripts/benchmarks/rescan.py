"""A tree of unchanged files looked at again: `ingest` of --files files, 1,000 in a folder, that a library knows.

The files are empty, and the library has rows for them as if they were photos, so nothing is analysed or opened. Beside
it the least that anybody can do: every folder listed, every file's size and times read.
`scripts/bench rescan --compare ../older` compares with another version.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from harness.measure import in_turn
from harness.report import Report

import faceindex
from faceindex.store.folder import LibraryFolder

IN_FOLDER = 1000


def run(report: Report, *, files: int = 1_000_000, rounds: int = 3) -> None:
    tree, library = report.folder / "tree", report.folder / "known.faces"
    make_tree(tree, files)
    make_known(tree, library)
    command = [sys.executable, "-P", "-m", "faceindex", "ingest", str(tree), "-L", str(library), "--workers", "1", "-q"]
    works = {
        "scandir and stat": lambda: sum(1 for _ in statuses(tree)),
        "ingest": lambda: subprocess.run(command, check=True, stdout=subprocess.DEVNULL),
    }
    for name, costs in in_turn(works, rounds).items():
        report.add_costs(f"{files:,} files, {name}", costs)


def make_tree(tree: Path, files: int) -> None:
    """Empty files with names of photos."""
    for start in range(0, files, IN_FOLDER):
        folder = tree / f"{start // IN_FOLDER:05d}"
        folder.mkdir(parents=True)
        for number in range(start, min(start + IN_FOLDER, files)):
            (folder / f"IMG_{number:07d}.jpg").touch()


def statuses(tree: Path) -> Iterator[tuple[str, os.stat_result]]:
    with os.scandir(tree) as listing:
        for entry in listing:
            if entry.is_dir():
                yield from statuses(Path(entry.path))
            else:
                yield entry.path, entry.stat()


def make_known(tree: Path, library: Path) -> None:
    """A library that knows all files of the tree as photos without a face."""
    folder = LibraryFolder(library, wanted=faceindex.recipe("sface"))
    with folder.writer() as writer, writer.catalog.transaction() as transaction:
        known = [(os.fsencode(path), at.st_size, at.st_mtime_ns, at.st_ctime_ns) for path, at in statuses(tree)]
        transaction.executemany(
            "INSERT INTO photos (id, content, width, height, analysed) VALUES (?, ?, 4000, 3000, '2026-01-01')",
            ((number, number.to_bytes(32, "big")) for number in range(1, len(known) + 1)),
        )
        transaction.executemany(
            "INSERT INTO paths (path, photo, size, mtime_ns, ctime_ns) VALUES (?, ?, ?, ?, ?)",
            ((path, number, *rest) for number, (path, *rest) in enumerate(sorted(known), start=1)),
        )
        transaction.execute("DELETE FROM unread_dates")
    folder.close()
