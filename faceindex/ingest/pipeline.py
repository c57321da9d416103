"""The pipeline of one ingest: found files go to the executor, and its answers go into batches that are committed."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from faceindex.errors import MachineError, SilentDisk
from faceindex.faces.analyse import Analyser
from faceindex.ingest.hard_links import HardLinks
from faceindex.ingest.identifying import Identifying
from faceindex.ingest.photo_reader import PhotoReader
from faceindex.ingest.reader import (
    Forgotten,
    Known,
    NotAPhoto,
    OutOfReach,
    StillUnreadable,
    Unchanged,
    Unknown,
    Unreadable,
    changed_among,
    classify,
)
from faceindex.ingest.renaming import Renaming
from faceindex.ingest.tally import Tally
from faceindex.ingest.workers.executor import Analysed, Executor, Fault, Task
from faceindex.ingest.workers.machine_errors import is_circumstance, is_of_the_machine
from faceindex.photos.finding.entries import FoundFile, UnreadableEntry
from faceindex.running.stop import Stop
from faceindex.store.hdf5.merging import compact
from faceindex.store.writer import Batch, Writer
from faceindex.types import FailedPhoto

_log = logging.getLogger(__name__)

BATCH_PHOTOS = 64
BATCH_SECONDS = 5.0
"""A batch is committed at this size or age; a crash loses at most one batch."""


class Pipeline:
    """The state of one ingest. in_flight: for each content hash at work, the files with this content."""

    def __init__(
        self,
        writer: Writer,
        executor: Executor,
        analyser: Analyser,
        reader: PhotoReader,
        tally: Tally,
        stop: Stop,
        *,
        retry: bool,
        force: bool,
    ) -> None:
        self.writer = writer
        self.executor = executor
        self.analyser = analyser
        self.reader = reader
        self.tally = tally
        self.stop = stop
        self.retry = retry or force
        self.force = force
        self.batch = Batch()
        self.batch_since = time.monotonic()
        self.is_renaming = False
        self.renaming = Renaming(writer.catalog, reader, tally)
        self.links = HardLinks()
        self.identifying = Identifying(executor, analyser, reader, stop, lambda: self.collect(timeout=0))
        self.in_flight: dict[bytes, list[FoundFile]] = {}
        self.content_of: dict[str, bytes] = {}
        self.retimed: list[FoundFile] = []

    def take_all(self, batches: Iterable[Sequence[FoundFile | UnreadableEntry]]) -> None:
        """Check all files, at the end again those that did not answer the first time, and wait for all answers.

        Raises: MachineError; SilentDisk, after the answers for earlier files were collected.
        """
        ended = self._check_all(batches)
        while self.in_flight and not self.stop.is_set():
            self.collect(timeout=0.2)
        if ended:
            raise ended

    def _check_all(self, batches: Iterable[Sequence[FoundFile | UnreadableEntry]]) -> SilentDisk | None:
        """Returns the error that ended it before all files were checked, if any."""
        silent: list[FoundFile] = []
        try:
            for batch in batches:
                if self.stop.is_set():
                    return None
                changed = self._changed(batch)
                self.identifying.expect(changed)
                for entry in changed:
                    if self.stop.is_set():
                        return None
                    self.take(entry, silent)
            for entry in silent:
                if self.stop.is_set():
                    return None
                self.take(entry)
        except SilentDisk as error:
            return error
        return None

    def _changed(self, batch: Sequence[FoundFile | UnreadableEntry]) -> Sequence[FoundFile | UnreadableEntry]:
        """The entries of a batch without the files that are stored and unchanged, which are counted."""
        if self.force:
            return batch
        with self.tally.stopwatch.stage("find"):
            changed = changed_among(batch, self.writer.catalog)
        self.tally.counts["unchanged"] += len(batch) - len(changed)
        self.collect(timeout=0)
        return changed

    def take(self, entry: FoundFile | UnreadableEntry, silent: list[FoundFile] | None = None) -> None:
        """Check one file; submit it if its content is new, and collect the answers so far.

        silent: receives the file if it does not answer now; None if this was its last chance.
        """
        if isinstance(entry, UnreadableEntry):
            self._take_unreadable(entry)
            return
        counts = self.tally.counts
        with self.tally.stopwatch.stage("find"):
            finding = classify(
                entry,
                self.writer.catalog,
                retry=self.retry,
                force=self.force,
                identify=self.identifying.identify,
                links=self.links,
            )
        match finding:
            case Unchanged(retimed):
                counts["unchanged"] += 1
                self._retime(retimed)
            case Forgotten():
                counts["forgotten"] += 1
            case NotAPhoto():
                counts["ignored"] += 1
            case StillUnreadable(error, retimed):
                self.tally.fail(entry.path, error)
                self._retime(retimed)
            case OutOfReach(silent=True) if silent is not None:
                silent.append(entry)
            case OutOfReach(error):
                self.tally.miss(entry.path, error)
            case Unreadable(file, error):
                self._fail(file, error)
            case Known() as known:
                with self._one_batch():
                    self.renaming.meet(known, self.batch)
            case Unknown(file, content):
                self._submit(file, content)
        self.collect(timeout=0)

    def collect(self, timeout: float) -> None:
        """Put the executor's answers into the batch, and commit the batch if it is due."""
        for answer in self.executor.answers(timeout):
            self._store(answer)
        self._show()
        due = len(self.batch) >= BATCH_PHOTOS or time.monotonic() - self.batch_since > BATCH_SECONDS
        if due and not self.is_renaming:
            self.commit()

    def commit(self) -> None:
        """Make everything answered so far durable."""
        if self.renaming.takes_last_path(self.batch):
            with self._one_batch():
                self.renaming.name_postponed(self.batch)
        if self.retimed:
            self.writer.store_ctimes(self.retimed)
            self.retimed.clear()
        if len(self.batch):
            with self.tally.stopwatch.stage("write"):
                self.tally.new_faces += self.writer.commit(self.batch)
            _log.info("committed, photos and files: %d", len(self.batch))
            self.batch = Batch()
            with self.tally.stopwatch.stage("compact"):
                compact(self.writer, self.stop)
        self.batch_since = time.monotonic()

    def finish(self) -> None:
        """Commit the rest, and report the progress for the last time."""
        if not self.stop.is_set():  # else the next run finds them again
            with self._one_batch():
                self.renaming.name_postponed(self.batch)
        self.commit()
        self._show(now=True)

    @contextmanager
    def _one_batch(self) -> Iterator[None]:
        """Commit nothing meanwhile: renaming asks the reader, which collects answers while it waits."""
        self.is_renaming = True
        try:
            yield
        finally:
            self.is_renaming = False

    def _submit(self, file: FoundFile, content: bytes) -> None:
        self.renaming.note(file.path)
        if content in self.in_flight:
            self.in_flight[content].append(file)
        elif content in self.batch.photos:
            self.batch.photos[content][1].append(file)
            self.tally.counts["duplicate"] += 1
        else:
            while not self.executor.room:
                if self.stop.is_set():
                    return
                self.collect(timeout=0.2)
            self.in_flight[content] = [file]
            self.content_of[file.path] = content
            self.executor.submit(Task(file, self.analyser))

    def _store(self, answer: Analysed) -> None:
        self.tally.stopwatch.seconds.update(answer.seconds)
        content = self.content_of.pop(answer.file.path)
        files = self.in_flight.pop(content)
        if answer.photo is None:
            reason = answer.error or "unknown"
            for file in files:
                if answer.fault is Fault.PHOTO:
                    self._fail(file, reason)
                else:
                    self.tally.miss(file.path, reason)
            return
        if answer.photo.warning:
            self.tally.warnings += [FailedPhoto(file.path, answer.photo.warning) for file in files]
        _log.info("%s: faces found: %d", answer.file.path, len(answer.photo.faces))
        self.batch.photos[content] = (answer.photo, files)
        self.tally.counts["new"] += 1
        self.tally.counts["duplicate"] += len(files) - 1

    def _take_unreadable(self, entry: UnreadableEntry) -> None:
        if is_of_the_machine(entry.reason):
            raise MachineError(f"{entry.path} cannot be read: {entry.reason}")
        # A broken link stays broken; a file that was just listed and is missing was removed in between.
        if is_circumstance(entry.reason) and not Path(entry.path).is_symlink():
            self.tally.miss(entry.path, entry.reason)
        else:
            self._fail(FoundFile(entry.path, 0, 0, False), entry.reason)

    def _fail(self, file: FoundFile, reason: str) -> None:
        self.tally.fail(file.path, reason)
        self.batch.failures.append((file, reason))

    def _retime(self, file: FoundFile | None) -> None:
        if file is not None:
            self.retimed.append(file)

    def _show(self, *, now: bool = False) -> None:
        waiting = sum(len(photo.faces) for photo, _ in self.batch.photos.values())
        self.tally.show(late=len(self.renaming.postponed), waiting_faces=waiting, now=now)
