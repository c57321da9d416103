"""One ingest: checks files, lets an executor analyse new photos, and commits the results in batches."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Collection, Iterable
from contextlib import closing
from dataclasses import replace
from itertools import chain
from pathlib import Path

from faceindex.errors import MachineError, SilentDisk, UsageError
from faceindex.faces.analyse import Analyser
from faceindex.ingest.ahead import Ahead
from faceindex.ingest.dates import read_dates
from faceindex.ingest.hard_links import HardLinks
from faceindex.ingest.left_out import LeftOut
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
    classify,
)
from faceindex.ingest.renaming import Renaming
from faceindex.ingest.roots import folder_of, to_remember
from faceindex.ingest.tally import Tally
from faceindex.ingest.vanished import Vanished
from faceindex.ingest.workers.circumstances import is_circumstance, is_of_the_machine
from faceindex.ingest.workers.executor import Analysed, Executor, Fault, Task
from faceindex.ingest.workers.local import local_executor
from faceindex.ingest.workers.machine import Workers, choose_workers
from faceindex.ingest.workers.pool import IDLE_LIMIT
from faceindex.photos.finding.addresses import absolute
from faceindex.photos.finding.entries import FoundFile, UnreadableEntry
from faceindex.photos.finding.find import find_files
from faceindex.running.meter import Meter
from faceindex.running.stop import Stop
from faceindex.store.folder import LibraryFolder
from faceindex.store.hdf5.merging import compact
from faceindex.store.photos.lost import lost_faces
from faceindex.store.writer import Batch, Writer
from faceindex.types import FailedPhoto, IngestReport

_log = logging.getLogger(__name__)

BATCH_PHOTOS = 64
BATCH_SECONDS = 5.0
"""A batch is committed at this size or age; a crash loses at most one batch."""


def ingest(
    folder: LibraryFolder,
    paths: Iterable[str | os.PathLike[str]],
    *,
    analyser: Analyser,
    workers: int | None = None,
    exclude: Collection[str] = (),
    retry_failed: bool = False,
    force: bool = False,
    prune: bool = False,
    wait: bool = False,
    executor: Executor | None = None,
    meter: Meter | None = None,
    idle_limit: float = IDLE_LIMIT,
) -> IngestReport:
    """Find, analyse and store every photo under `paths`; run it again to resume.

    workers: processes, default as the machine allows, see `choose_workers`; 0: photos are analysed in this one.
    exclude: patterns of what to leave out, see `find_files`. retry_failed: open photos again that could not be read and
    have not changed since. force: open all of them again. prune: remove photos from the library that are no longer
    under `paths`, or are left out now; never ones that may be on a disk that is not there, see `removed`. wait: for
    another writer to finish. executor: what analyses photos, instead of `workers`; it is closed at the end. meter:
    hears of the progress; its `stop` ends it after storing what was analysed (`interrupted` in the report).
    idle_limit: seconds after which a photo or disk that does not answer is given up.

    Raises: UsageError when a path does not exist or no photo is found; LibraryLocked; LibraryUnwritable;
    ModelError; MachineError, when what was analysed is stored; JobCancelled while it waits. A bad photo raises nothing:
    it is listed in the report, and so is one that lies out of reach, which is not a failure.
    """
    roots = [os.fspath(path) for path in paths]
    meter = meter or Meter()
    stop = meter.stop
    analyser.check_models()
    chosen = choose_workers(workers) if executor is None else Workers(executor.workers, "as the executor has")
    executor = executor or local_executor(chosen.number, idle_limit=idle_limit)
    left_out = LeftOut()
    found = find_files(roots, skip=str(folder.path), exclude=exclude, on_skip=left_out.add)
    ahead = Ahead(found, stop, idle_limit=idle_limit)
    files = iter(ahead)
    first = next(files, None)
    if first is None:
        stop.check()
        raise UsageError(f"no files under {', '.join(roots) or 'no path'}{left_out.in_words()}")
    with (
        closing(files),
        folder.writer(wait=wait, stop=stop) as writer,
        closing(executor),
        PhotoReader(stop, lambda: run.collect(timeout=0), idle_limit=idle_limit) as reader,
    ):
        meter.announce("analysing")
        if analyser.min_face is not None:
            writer.save_settings(min_face=analyser.min_face)
        folders = list(dict.fromkeys(map(folder_of, roots)))
        writer.add_roots(to_remember(roots, folders, writer.catalog.roots()))
        tally = Tally(meter, lambda: ahead.total)
        run = _Run(writer, executor, analyser, reader, tally, stop, retry=retry_failed, force=force)
        given = list(map(absolute, roots))
        try:
            run.take_all(chain([first], files))
            run.finish()
            writer.store_out_of_reach(tally.out_of_reach, searched=[] if stop.is_set() else given)
            read_dates(writer, reader, stop)
            kept = left_out.known(writer.catalog, [*writer.catalog.roots(), *given])
            if not stop.is_set():
                vanished = Vanished(writer, reader, folders, stop)
                if prune:
                    tally.pruned = vanished.prune(left_out=kept)
                    kept.clear()
                else:
                    vanished.forget_failures({failure.path for failure in tally.failures})
        except MachineError as error:
            run.commit()
            writer.store_out_of_reach(tally.out_of_reach, searched=[])
            raise MachineError(
                f"{error}; what was analysed is stored, and the same command goes on from there"
            ) from error
        faces = writer.catalog.counts()["faces"]
        report = tally.report(analyser.recipe.title, chosen, executor.workers, faces, interrupted=stop.is_set())
        lost = tuple(lost_faces(writer.catalog, writer.lost)) if writer.lost else ()
    if not report.seen and not report.interrupted:
        raise UsageError(f"no photos under {', '.join(roots)}{left_out.in_words()}")
    return replace(report, skipped=left_out.report(kept=len(kept)), lost=lost)


class _Run:
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
        self.renaming = Renaming(writer.catalog, reader, tally)
        self.links = HardLinks()
        self.in_flight: dict[bytes, list[FoundFile]] = {}
        self.content_of: dict[str, bytes] = {}
        self.retimed: list[FoundFile] = []

    def take_all(self, entries: Iterable[FoundFile | UnreadableEntry]) -> None:
        """Look at files, in the end again at those of which nothing could be read the first time, and wait for all
        answers. Raises: MachineError, SilentDisk when the answers to what was found before are there."""
        ended = self._look_at_all(entries)
        while self.in_flight and not self.stop.is_set():
            self.collect(timeout=0.2)
        if ended:
            raise ended

    def _look_at_all(self, entries: Iterable[FoundFile | UnreadableEntry]) -> SilentDisk | None:
        """Returns the error that ended it before all files were checked, if any."""
        silent: list[FoundFile] = []
        try:
            for entry in entries:
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

    def take(self, entry: FoundFile | UnreadableEntry, silent: list[FoundFile] | None = None) -> None:
        """Look at one file; submit it when its content is new, and collect what has been answered.

        silent: gets the file when no byte of it can be read now; None when that was its last chance.
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
                identify=self.reader.identify,
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
                self.renaming.meet(known, self.batch)
            case Unknown(file, content):
                self._submit(file, content)
        self.collect(timeout=0)

    def collect(self, timeout: float) -> None:
        """Put the executor's answers into the batch, and commit the batch if it is due."""
        for answer in self.executor.answers(timeout):
            self._store(answer)
        self._show()
        if len(self.batch) >= BATCH_PHOTOS or time.monotonic() - self.batch_since > BATCH_SECONDS:
            self.commit()

    def commit(self) -> None:
        """Make everything answered so far durable."""
        if self.renaming.takes_last_path(self.batch):
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
            self.renaming.name_postponed(self.batch)
        self.commit()
        self._show(now=True)

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
