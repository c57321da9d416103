"""One ingest: files are looked at, new photos analysed by a pool, and all of it committed in batches."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from faceindex.errors import UsageError
from faceindex.faces.analyse import Analyser
from faceindex.faces.stopwatch import Stopwatch
from faceindex.ingest.pool import WorkerPool
from faceindex.ingest.reader import (
    Known,
    NoPhoto,
    StillUnreadable,
    Unchanged,
    Unknown,
    Unreadable,
    gone,
    look_at,
)
from faceindex.ingest.worker import Analysed
from faceindex.photos.find import FoundFile, UnreadableEntry, find_files
from faceindex.store.folder import LibraryFolder
from faceindex.store.writer import Batch, Writer
from faceindex.types import FailedPhoto, IngestReport

BATCH_PHOTOS = 64
BATCH_SECONDS = 5.0
"""A batch is committed when it is this large, or this old: what a crash can cost."""


@dataclass(frozen=True, slots=True)
class Progress:
    """photos: looked at by now; faces: new ones; failed: photos that could not be read."""

    photos: int
    faces: int
    failed: int


def ingest(
    folder: LibraryFolder,
    paths: Iterable[str | os.PathLike[str]],
    *,
    analyser: Analyser,
    workers: int,
    progress: Callable[[Progress], None] | None = None,
) -> IngestReport:
    """Find, analyse and store every photo under `paths`; run it again to resume.

    Ctrl-C and SIGTERM stop it after storing what was analysed (`interrupted` in the report); a second
    one stops at once.

    Raises: UsageError when a path does not exist or no photo is found; LibraryLocked; LibraryUnwritable;
    ModelError. A bad photo raises nothing: it is listed in the report.
    """
    roots = [os.fspath(path) for path in paths]
    analyser.check_models()
    files = find_files(roots, skip=str(folder.path))
    first = next(files, None)
    if first is None:
        raise UsageError(f"no files under {', '.join(roots) or 'no path'}")
    with folder.writer() as writer, _stop_signals() as stop, WorkerPool(analyser, workers) as pool:
        if analyser.min_face is not None:
            writer.save_settings(min_face=analyser.min_face)
        run = _Run(writer, pool, progress or (lambda _: None))
        run.take(first)
        for file in files:
            if stop.is_set():
                break
            run.take(file)
        while pool.waiting and not stop.is_set():
            run.collect(timeout=0.2)
        run.commit()
        report = run.report(analyser.recipe.title, interrupted=stop.is_set())
    if not report.seen and not report.interrupted:
        raise UsageError(f"no photos under {', '.join(roots)}")
    return report


class _Run:
    """The state of one ingest. in_flight: content hash to the files that have it, while it is analysed."""

    def __init__(self, writer: Writer, pool: WorkerPool, progress: Callable[[Progress], None]) -> None:
        self.writer = writer
        self.pool = pool
        self.progress = progress
        self.batch = Batch()
        self.batch_since = self.since = time.monotonic()
        self.in_flight: dict[bytes, list[FoundFile]] = {}
        self.content_of: dict[str, bytes] = {}
        self.counts: Counter[str] = Counter()
        self.new_faces = 0
        self.failures: list[FailedPhoto] = []
        self.stopwatch = Stopwatch()

    def take(self, entry: FoundFile | UnreadableEntry) -> None:
        """Look at one file; submit it when its content is new, and collect what has been answered."""
        if isinstance(entry, UnreadableEntry):
            self._fail(entry.path, entry.reason)
            return
        with self.stopwatch.stage("find"):
            finding = look_at(entry, self.writer.catalog)
        match finding:
            case Unchanged():
                self.counts["unchanged"] += 1
            case NoPhoto():
                self.counts["ignored"] += 1
            case StillUnreadable(error):
                self._fail(entry.path, error)
            case Unreadable(error):
                self._fail(entry.path, error)
                self.batch.failures.append((entry, error))
            case Known() as known:
                self._rename(known)
            case Unknown(file, content):
                self._submit(file, content)
        self.collect(timeout=0)
        self._report_progress()

    def collect(self, timeout: float) -> None:
        """Put the pool's answers into the batch, and commit it when it is due."""
        for answer in self.pool.answers(timeout):
            self._store(answer)
            self._report_progress()
        if len(self.batch) >= BATCH_PHOTOS or time.monotonic() - self.batch_since > BATCH_SECONDS:
            self.commit()

    def commit(self) -> None:
        """Make everything answered so far durable."""
        if len(self.batch):
            with self.stopwatch.stage("write"):
                self.new_faces += self.writer.commit(self.batch)
            self.batch = Batch()
        self.batch_since = time.monotonic()

    def report(self, recipe: str, *, interrupted: bool) -> IngestReport:
        """The run in figures."""
        kinds = {kind: self.counts[kind] for kind in ("new", "unchanged", "moved", "duplicate", "failed")}
        return IngestReport(
            seen=sum(kinds.values()),
            **kinds,
            ignored=self.counts["ignored"],
            new_faces=self.new_faces,
            total_faces=self.writer.catalog.counts()["faces"],
            failures=tuple(sorted(self.failures, key=lambda failure: failure.path)),
            seconds=time.monotonic() - self.since,
            recipe=recipe,
            stages=dict(self.stopwatch.seconds),
            interrupted=interrupted,
        )

    def _submit(self, file: FoundFile, content: bytes) -> None:
        if content in self.in_flight:
            self.in_flight[content].append(file)
        elif content in self.batch.photos:
            self.batch.photos[content][1].append(file)
            self.counts["duplicate"] += 1
        else:
            while not self.pool.room:
                self.collect(timeout=0.2)
            self.in_flight[content] = [file]
            self.content_of[file.path] = content
            self.pool.submit(file)

    def _store(self, answer: Analysed) -> None:
        self.stopwatch.seconds.update(answer.seconds)
        content = self.content_of.pop(answer.file.path)
        files = self.in_flight.pop(content)
        if answer.photo is None:
            reason = answer.error or "unknown"
            for file in files:
                self._fail(file.path, reason)
                self.batch.failures.append((file, reason))
            return
        self.batch.photos[content] = (answer.photo, files)
        self.counts["new"] += 1
        self.counts["duplicate"] += len(files) - 1

    def _rename(self, known: Known) -> None:
        """Another file with known content: the same file touched, the photo's new place, or a copy."""
        self.batch.names.append((known.photo, known.file))
        if known.file.path in known.former:
            self.counts["unchanged"] += 1
            return
        old = next((p for p in known.former if p not in self.batch.gone and gone(p)), None)
        if old is None:
            self.counts["duplicate"] += 1
        else:
            self.counts["moved"] += 1
            self.batch.gone.append(old)

    def _fail(self, path: str, reason: str) -> None:
        self.counts["failed"] += 1
        self.failures.append(FailedPhoto(path, reason))

    def _report_progress(self) -> None:
        faces = self.new_faces + sum(len(photo.faces) for photo, _ in self.batch.photos.values())
        photos = self.counts.total() - self.counts["ignored"]
        self.progress(Progress(photos, faces, self.counts["failed"]))


@contextmanager
def _stop_signals() -> Iterator[threading.Event]:
    """An event that Ctrl-C and SIGTERM set; a second one acts as usual. Only the main thread gets signals."""
    stop = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    former = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def on_signal(number: int, frame: object) -> None:
        stop.set()
        signal.signal(number, former[signal.Signals(number)])

    for number in former:
        signal.signal(number, on_signal)
    try:
        yield stop
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
