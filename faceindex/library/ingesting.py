"""Photos are ingested into a library, with the names that they and their sidecars give."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from faceindex.errors import JobCancelled
from faceindex.exchange.xmp.named_regions import read_names
from faceindex.faces.analyse import Analyser
from faceindex.ingest.run import ingest
from faceindex.ingest.workers.executor import Executor
from faceindex.library.opened import Opened, StrPath
from faceindex.photos.finding.addresses import absolute
from faceindex.running.meter import Meter
from faceindex.types import IngestReport


def ingest_files(
    opened: Opened,
    paths: Sequence[StrPath],
    *,
    analyser: Analyser,
    workers: int | None,
    wait: bool,
    meter: Meter,
    exclude: Iterable[str] = (),
    retry_failed: bool = False,
    force: bool = False,
    prune: bool = False,
    xmp: bool = False,
    executor: Executor | None = None,
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
        executor=executor,
        meter=meter,
    )
    if xmp and not report.interrupted:
        meter.announce("names")
        report = replace(report, xmp=read_names(opened.folder, list(map(absolute, paths))))
    try:
        opened.faces_changed(index=not report.interrupted, meter=meter)
    except JobCancelled:  # in the building of an index, which the next search or ingest makes up for
        return replace(report, interrupted=True)
    return report
