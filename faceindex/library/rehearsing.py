"""A copy of a library that lives for a moment: what is tried on it changes nothing."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from faceindex.ingest.workers.executor import Analysed, Executor, Fault, Task
from faceindex.ingest.workers.in_line import InLine
from faceindex.library.ingesting import ingest_files
from faceindex.library.opened import Opened, StrPath
from faceindex.store.care.backup import backup
from faceindex.types import IngestReport

_UNANALYSED = "not analysed, as this run changes nothing"


@contextmanager
def rehearsal(opened: Opened) -> Iterator[Opened]:
    """A copy of the library in a temporary folder; an empty one if the library does not exist yet.

    Raises: LibraryDamaged; LibraryUnwritable if the disk for temporary files is full.
    """
    with tempfile.TemporaryDirectory(prefix="faceindex-") as temporary:
        path = Path(temporary, "rehearsal.faces")
        if opened.folder.exists:
            backup(opened.folder, path)
        with closing(opened.other(path)) as copy:
            yield copy


def rehearsed_ingest(
    opened: Opened,
    paths: Sequence[StrPath],
    *,
    workers: int | None = None,
    executor: Executor | None = None,
    **options: Any,
) -> IngestReport:
    """As `ingest_files`, on a copy of the library and without analysing a photo: to be analysed is `new`."""
    del workers, executor
    with rehearsal(opened) as copy:
        return _as_planned(ingest_files(copy, paths, workers=0, executor=InLine(_unanalysed), **options))


def _unanalysed(task: Task) -> Analysed:
    """An answer that the photo is out of reach."""
    return Analysed(task.file, None, _UNANALYSED, fault=Fault.PLACE)


def _as_planned(report: IngestReport) -> IngestReport:
    """The report of an ingest with `_unanalysed`, in which photos to be analysed count as new."""
    missed = tuple(photo for photo in report.missed if photo.error != _UNANALYSED)
    new = len(report.missed) - len(missed)
    return replace(report, missed=missed, new=report.new + new, out_of_reach=report.out_of_reach - new)
