"""Export and import of a drawn library: how long they take, and their memory, each in a process of its own.

--faces are drawn as make_library draws them, unless --library names a library. --forms are those of `faceindex export`.
The portable file (hdf5) is imported into a new library, whose index is not built, and once more into that.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from harness.measure import STATS, Cost, cost, in_new_process
from harness.report import Report
from make_library import make_library

import faceindex
from faceindex.exchange.library_import import import_library
from faceindex.store.folder import LibraryFolder

FORMS = ("hdf5", "npz", "jsonl", "csv", "faiss")


def run(
    report: Report, *, faces: int = 1_000_000, library: Path | None = None, forms: Sequence[str] = FORMS[:4]
) -> None:
    path = library or report.folder / "drawn.faces"
    if not path.exists():
        in_new_process(make_library, path, faces, stats=STATS)
    for form in forms:
        out = report.folder / f"faces.{form}"
        spent, (count, most) = cost(lambda: in_new_process(export, path, out, form))  # noqa: B023
        told(report, f"{count:,} faces exported, {form}", spent, most)
        report.add(f"{count:,} faces exported, {form}, size", out.stat().st_size / 1e6, "MB")
        if form == "hdf5":
            for what in ("a new library", "the same again"):
                spent, (count, most) = cost(lambda: in_new_process(join, report.folder / "new.faces", out))  # noqa: B023
                told(report, f"{count:,} faces imported into {what}", spent, most)
        out.unlink()


def told(report: Report, title: str, spent: Cost, most: float) -> None:
    report.add_costs(title, [spent])
    report.add(f"{title}, peak memory", most, "MB")


def export(path: Path, out: Path, form: str) -> int:
    with faceindex.Library(path, create=False) as library:
        return library.export(out, form=form)


def join(path: Path, file: Path) -> int:
    with closing(LibraryFolder(path)) as folder:
        done = import_library(folder, file)
        return done.faces + done.known
