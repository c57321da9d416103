"""Counts and lists of one ingest."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable

from faceindex.faces.stopwatch import Stopwatch
from faceindex.ingest.workers.machine import Workers
from faceindex.running.meter import Meter
from faceindex.types import FailedPhoto, IngestReport, Pruned

_SEEN = ("new", "unchanged", "moved", "duplicate", "failed", "out_of_reach")
_NO_PHOTOS = ("ignored", "forgotten")

_log = logging.getLogger(__name__)


class Tally:
    """counts: files by result, see IngestReport. new_faces: faces stored so far."""

    def __init__(self, meter: Meter, found: Callable[[], int | None] = lambda: None) -> None:
        """found: returns the number of files, or None while it is unknown."""
        self.counts: Counter[str] = Counter()
        self.new_faces = 0
        self.failures: list[FailedPhoto] = []
        self.out_of_reach: list[FailedPhoto] = []
        self.warnings: list[FailedPhoto] = []
        self.pruned: Pruned | None = None
        self.stopwatch = Stopwatch()
        self._since = time.monotonic()
        self._meter = meter
        self._found = found

    def fail(self, path: str, reason: str) -> None:
        """Record a photo whose content cannot be read."""
        _log.info("%s failed: %s", path, reason)
        self.counts["failed"] += 1
        self.failures.append(FailedPhoto(path, reason))

    def miss(self, path: str, reason: str) -> None:
        """Record a photo or folder that cannot be reached; the library keeps what it knows of it."""
        _log.info("%s is out of reach: %s", path, reason)
        self.counts["out_of_reach"] += 1
        self.out_of_reach.append(FailedPhoto(path, reason, out_of_reach=True))

    def show(self, *, late: int, waiting_faces: int, now: bool = False) -> None:
        """Report the progress to the meter. now: even shortly after the last report.

        late: photos that were checked but are not yet counted. waiting_faces: new faces that are not yet stored.
        """
        if not (now or self._meter.due):
            return
        no_photos, found = sum(self.counts[kind] for kind in _NO_PHOTOS), self._found()
        self._meter.show(
            self.counts.total() + late - no_photos,
            total=None if found is None else found - no_photos,
            faces=self.new_faces + waiting_faces,
            failed=self.counts["failed"],
            now=now,
        )

    def report(self, recipe: str, chosen: Workers, workers: int, faces: int, *, interrupted: bool) -> IngestReport:
        """The report. chosen: how many workers were chosen; workers: how many there are at the end.

        faces: faces in the library.
        """
        kinds = {kind: self.counts[kind] for kind in _SEEN}
        return IngestReport(
            seen=sum(kinds.values()),
            new=kinds["new"],
            unchanged=kinds["unchanged"],
            moved=kinds["moved"],
            duplicate=kinds["duplicate"],
            failed=kinds["failed"],
            out_of_reach=kinds["out_of_reach"],
            ignored=self.counts["ignored"],
            forgotten=self.counts["forgotten"],
            pruned=self.pruned,
            xmp=None,  # the caller reads it after the photos are stored
            new_faces=self.new_faces,
            total_faces=faces,
            missed=_by_path(self.out_of_reach),
            workers=workers,
            workers_reason=chosen.reason if workers == chosen.number else "the machine had no room for more",
            failures=_by_path(self.failures),
            warnings=_by_path(self.warnings),
            seconds=time.monotonic() - self._since,
            recipe=recipe,
            stages=dict(self.stopwatch.seconds),
            interrupted=interrupted,
        )


def _by_path(photos: list[FailedPhoto]) -> tuple[FailedPhoto, ...]:
    return tuple(sorted(photos, key=lambda photo: photo.path))
