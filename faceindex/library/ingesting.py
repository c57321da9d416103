"""Photos come into a library."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from faceindex.exchange.named_regions import read_names
from faceindex.faces.analyse import Analyser
from faceindex.ingest.run import ingest
from faceindex.ingest.tally import Progress
from faceindex.library.opened import Opened, StrPath
from faceindex.photos.find import absolute
from faceindex.types import IngestReport


def ingest_files(
    opened: Opened,
    paths: Sequence[StrPath],
    *,
    analyser: Analyser,
    workers: int | None,
    exclude: Iterable[str],
    retry_failed: bool,
    force: bool,
    prune: bool,
    xmp: bool,
    wait: bool,
    progress: Callable[[Progress], None] | None,
) -> IngestReport:
    """What `Library.ingest` does."""
    report = ingest(
        opened.folder,
        paths,
        analyser=analyser,
        workers=workers,
        exclude=[exclude] if isinstance(exclude, str) else list(exclude),
        retry_failed=retry_failed,
        force=force,
        prune=prune,
        wait=wait,
        progress=progress,
    )
    if xmp and not report.interrupted:
        report = replace(report, xmp=read_names(opened.folder, list(map(absolute, paths))))
    opened.faces_changed(index=not report.interrupted)
    return report
