"""One ingest: files are looked at, new photos analysed by a pool, and all of it committed in batches."""

from __future__ import annotations

import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

from faceindex.errors import MachineError, SilentDisk, UsageError
from faceindex.faces.analyse import Analyser
from faceindex.faces.stopwatch import Stopwatch
from faceindex.ingest.ahead import Ahead
from faceindex.ingest.circumstances import is_circumstance
from faceindex.ingest.dates import read_dates
from faceindex.ingest.left_out import LeftOut
from faceindex.ingest.machine import Workers, choose_workers
from faceindex.ingest.photo_reader import PhotoReader
from faceindex.ingest.pool import IDLE_LIMIT, WorkerPool
from faceindex.ingest.reader import (
    Forgotten,
    Known,
    NoPhoto,
    OutOfReach,
    StillUnreadable,
    Unchanged,
    Unknown,
    Unreadable,
    look_at,
)
from faceindex.ingest.stopping import stop_signals
from faceindex.ingest.worker import Analysed, Fault
from faceindex.photos.away import missing, removed, renamed
from faceindex.photos.find import FoundFile, UnreadableEntry, absolute, find_files
from faceindex.store.folder import LibraryFolder
from faceindex.store.lost import lost_faces
from faceindex.store.merging import compact
from faceindex.store.writer import Batch, Writer
from faceindex.types import FailedPhoto, IngestReport, Pruned

BATCH_PHOTOS = 64
BATCH_SECONDS = 5.0
"""A batch is committed when it is this large, or this old: what a crash can cost."""

MOST_LATE = 100_000
"""Files that are kept in memory, at most, because their names still are the only ones of other photos."""

_SEEN = ("new", "unchanged", "moved", "duplicate", "failed", "out_of_reach")

PROGRESS_SECONDS = 0.1
"""How often the caller hears of the progress; a rescan looks at thousands of files in that time."""


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
    workers: int | None = None,
    exclude: Collection[str] = (),
    retry_failed: bool = False,
    force: bool = False,
    prune: bool = False,
    wait: bool = False,
    progress: Callable[[Progress], None] | None = None,
    idle_limit: float = IDLE_LIMIT,
) -> IngestReport:
    """Find, analyse and store every photo under `paths`; run it again to resume.

    workers: processes, default as the machine allows: see `choose_workers`. exclude: patterns of what to leave out, see
    `find_files`. retry_failed: open photos again that could not be read and have not changed since. force: open all of
    them again. prune: remove photos from the library that are no longer under `paths`, or are left out now; never ones
    that may be on a disk that is not there, see `removed`. wait: for another writer to finish. idle_limit: seconds
    after which a photo or disk that does not answer is given up.

    Ctrl-C and SIGTERM stop it after storing what was analysed (`interrupted` in the report); a second
    one stops at once.

    Raises: UsageError when a path does not exist or no photo is found; LibraryLocked; LibraryUnwritable;
    ModelError; MachineError, when what was analysed is stored. A bad photo raises nothing: it is listed in the report,
    and so is one that lies out of reach, which is not a failure.
    """
    roots = [os.fspath(path) for path in paths]
    analyser.check_models()
    chosen = choose_workers(workers)
    stopped = threading.Event()
    left_out = LeftOut()
    found = find_files(roots, skip=str(folder.path), exclude=exclude, on_skip=left_out.add)
    files = iter(Ahead(found, stopped.is_set, idle_limit=idle_limit))
    first = next(files, None)
    if first is None:
        raise UsageError(f"no files under {', '.join(roots) or 'no path'}{left_out.in_words()}")
    with (
        closing(files),
        folder.writer(wait=wait) as writer,
        stop_signals(stopped) as stop,
        WorkerPool(analyser, chosen.number, idle_limit=idle_limit) as pool,
    ):
        if analyser.min_face is not None:
            writer.save_settings(min_face=analyser.min_face)
        folders = list(dict.fromkeys(_folder(root) for root in roots))
        writer.add_roots(_to_remember(roots, folders, writer.catalog.roots()))
        run = _Run(writer, pool, stop, progress or (lambda _: None), retry=retry_failed, force=force)
        given = list(map(absolute, roots))
        try:
            with PhotoReader(stop.is_set, lambda: run.collect(timeout=0), idle_limit=idle_limit) as reader:
                silent = run.take_all(chain([first], files), reader)
            while pool.waiting and not stop.is_set():
                run.collect(timeout=0.2)
            if silent:
                raise silent
        except MachineError as error:
            run.commit()
            writer.store_out_of_reach(run.out_of_reach, searched=[])
            raise MachineError(
                f"{error}; what was analysed is stored, and the same command goes on from there"
            ) from error
        run.finish()
        writer.store_out_of_reach(run.out_of_reach, searched=[] if stop.is_set() else given)
        read_dates(writer, stop.is_set)
        kept = left_out.known(writer.catalog, [*writer.catalog.roots(), *given])
        if prune and not stop.is_set():
            run.prune(folders, left_out=kept)
            kept.clear()
        report = run.report(analyser.recipe.title, chosen, interrupted=stop.is_set())
    if not report.seen and not report.interrupted:
        raise UsageError(f"no photos under {', '.join(roots)}{left_out.in_words()}")
    return replace(report, skipped=left_out.report(kept=len(kept)))


class _Run:
    """The state of one ingest. in_flight: content hash to the files that have it, while it is analysed.

    late: known photos under names that still are the only ones of other photos. Those may be met later in the run,
    where photos were renumbered or exchanged, and would lose their faces if they lost their names before. taken: these
    names, but those that a photo was seen to have moved from.
    """

    def __init__(
        self,
        writer: Writer,
        pool: WorkerPool,
        stop: threading.Event,
        progress: Callable[[Progress], None],
        *,
        retry: bool,
        force: bool,
    ) -> None:
        self.writer = writer
        self.pool = pool
        self.stop = stop
        self.progress = progress
        self.retry = retry or force
        self.force = force
        self.pruned: Pruned | None = None
        self.batch = Batch()
        self.batch_since = self.since = time.monotonic()
        self.shown = -PROGRESS_SECONDS
        self.in_flight: dict[bytes, list[FoundFile]] = {}
        self.content_of: dict[str, bytes] = {}
        self.late: list[Known] = []
        self.taken: set[str] = set()
        self.counts: Counter[str] = Counter()
        self.new_faces = 0
        self.failures: list[FailedPhoto] = []
        self.out_of_reach: list[FailedPhoto] = []
        self.retimed: list[FoundFile] = []
        self.warnings: list[FailedPhoto] = []
        self.stopwatch = Stopwatch()

    def take_all(self, entries: Iterable[FoundFile | UnreadableEntry], reader: PhotoReader) -> SilentDisk | None:
        """Look at files; in the end again at those of which nothing could be read the first time. Returns what ended
        it before all were looked at, if anything did."""
        silent: list[FoundFile] = []
        try:
            for entry in entries:
                if self.stop.is_set():
                    return None
                self.take(entry, reader, silent)
            for entry in silent:
                if self.stop.is_set():
                    return None
                self.take(entry, reader)
        except SilentDisk as error:
            return error
        return None

    def take(
        self, entry: FoundFile | UnreadableEntry, reader: PhotoReader, silent: list[FoundFile] | None = None
    ) -> None:
        """Look at one file; submit it when its content is new, and collect what has been answered.

        silent: gets the file when no byte of it can be read now; None when that was its last chance.
        """
        if isinstance(entry, UnreadableEntry):
            self._take_unreadable(entry)
            return
        with self.stopwatch.stage("find"):
            finding = look_at(entry, self.writer.catalog, retry=self.retry, force=self.force, identify=reader.identify)
        match finding:
            case Unchanged(retimed):
                self.counts["unchanged"] += 1
                self._retime(retimed)
            case Forgotten():
                self.counts["forgotten"] += 1
            case NoPhoto():
                self.counts["ignored"] += 1
            case StillUnreadable(error, retimed):
                self._fail(entry.path, error)
                self._retime(retimed)
            case OutOfReach(silent=True) if silent is not None:
                silent.append(entry)
            case OutOfReach(error):
                self._miss(entry.path, error)
            case Unreadable(file, error):
                self._fail(file.path, error)
                self.batch.failures.append((file, error))
            case Known() as known:
                self._meet(known)
            case Unknown(file, content):
                self._submit(file, content)
        self.collect(timeout=0)

    def collect(self, timeout: float) -> None:
        """Put the pool's answers into the batch, and commit it when it is due."""
        for answer in self.pool.answers(timeout):
            self._store(answer)
        if time.monotonic() - self.shown > PROGRESS_SECONDS:
            self._report_progress()
        if len(self.batch) >= BATCH_PHOTOS or time.monotonic() - self.batch_since > BATCH_SECONDS:
            self.commit()

    def commit(self) -> None:
        """Make everything answered so far durable."""
        if self.late and self._endangers_late():
            self._name_late()
        if self.retimed:
            self.writer.store_ctimes(self.retimed)
            self.retimed.clear()
        if len(self.batch):
            with self.stopwatch.stage("write"):
                self.new_faces += self.writer.commit(self.batch)
            self.batch = Batch()
            with self.stopwatch.stage("compact"):
                compact(self.writer, self.stop.is_set)
        self.batch_since = time.monotonic()

    def finish(self) -> None:
        """Commit what is left, and report the progress a last time."""
        if not self.stop.is_set():  # else the next run meets them again
            self._name_late()
        self.commit()
        self._report_progress()

    def prune(self, folders: Sequence[str], *, left_out: Collection[str]) -> None:
        """Remove the photos under `folders` that are there no longer, and count those that are only away.

        left_out: paths that the library knows, of files that are no longer wanted in it: they go as well.
        """
        with self.stopwatch.stage("find"):
            roots = self.writer.catalog.roots()
            not_there = [path for folder in folders for path in self.writer.catalog.paths(folder) if missing(path)]
            gone = [path for path in not_there if removed(path, roots)]
        unwanted = sorted(set(left_out) - set(not_there))
        self.pruned = Pruned(
            self.writer.remove_paths([*gone, *unwanted]), away=len(not_there) - len(gone), left_out=len(unwanted)
        )

    def report(self, recipe: str, workers: Workers, *, interrupted: bool) -> IngestReport:
        """The run in figures. workers: as they were chosen."""
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
            xmp=None,  # read by the caller, of photos that are stored
            new_faces=self.new_faces,
            total_faces=self.writer.catalog.counts()["faces"],
            missed=tuple(sorted(self.out_of_reach, key=lambda missed: missed.path)),
            workers=self.pool.workers,
            workers_reason=workers.reason if self.pool.workers == workers.number else "more did not fit the machine",
            failures=tuple(sorted(self.failures, key=lambda failure: failure.path)),
            warnings=tuple(sorted(self.warnings, key=lambda warning: warning.path)),
            seconds=time.monotonic() - self.since,
            recipe=recipe,
            stages=dict(self.stopwatch.seconds),
            interrupted=interrupted,
            lost=tuple(lost_faces(self.writer.catalog, self.writer.lost)) if self.writer.lost else (),
        )

    def _submit(self, file: FoundFile, content: bytes) -> None:
        if content in self.in_flight:
            self.in_flight[content].append(file)
        elif content in self.batch.photos:
            self.batch.photos[content][1].append(file)
            self.counts["duplicate"] += 1
        else:
            while not self.pool.room:
                if self.stop.is_set():
                    return
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
                if answer.fault is not Fault.PHOTO:
                    self._miss(file.path, reason)
                    continue
                self._fail(file.path, reason)
                self.batch.failures.append((file, reason))
            return
        if answer.photo.warning:
            self.warnings += [FailedPhoto(file.path, answer.photo.warning) for file in files]
        self.batch.photos[content] = (answer.photo, files)
        self.counts["new"] += 1
        self.counts["duplicate"] += len(files) - 1

    def _meet(self, known: Known) -> None:
        """Name the photo, or wait with it while its name is the only one of another photo."""
        if set(self.writer.catalog.photos_named_only([known.file.path])) <= {known.photo}:
            self._rename(known)
            return
        self.late.append(known)
        self.taken.add(known.file.path)
        if len(self.late) >= MOST_LATE:
            self._name_late()

    def _name_late(self) -> None:
        for known in self.late:
            self._rename(known)
        self.late.clear()
        self.taken.clear()

    def _endangers_late(self) -> bool:
        """Whether the batch takes the last name of a photo that is to get another one."""
        edited = [file.path for _, files in self.batch.photos.values() for file in files]
        taken = [*edited, *(file.path for _, file in self.batch.names), *self.batch.gone]
        losing = self.writer.catalog.photos_named_only(taken)
        return not {known.photo for known in self.late}.isdisjoint(losing)

    def _rename(self, known: Known) -> None:
        """Another file with known content: the same file touched, the photo's new place, or a copy."""
        self.batch.names.append((known.photo, known.file))
        if known.file.path in known.former:
            self.counts["unchanged"] += 1
            return
        new = known.file.path
        former = (path for path in known.former if path not in self.batch.gone)
        old = next((path for path in former if path in self.taken or missing(path) or renamed(path, new)), None)
        if old is None:
            self.counts["duplicate"] += 1
            return
        self.counts["moved"] += 1
        if old in self.taken:
            self.taken.remove(old)
        else:
            self.batch.gone.append(old)

    def _fail(self, path: str, reason: str) -> None:
        self.counts["failed"] += 1
        self.failures.append(FailedPhoto(path, reason))

    def _miss(self, path: str, reason: str) -> None:
        """A photo or folder is out of reach; what the library knows of it stays."""
        self.counts["out_of_reach"] += 1
        self.out_of_reach.append(FailedPhoto(path, reason, out_of_reach=True))

    def _take_unreadable(self, entry: UnreadableEntry) -> None:
        # A link that leads nowhere stays so; a file that has just been listed and is not there was taken away.
        if is_circumstance(entry.reason) and not Path(entry.path).is_symlink():
            self._miss(entry.path, entry.reason)
            return
        self._fail(entry.path, entry.reason)
        self.batch.failures.append((FoundFile(entry.path, 0, 0, False), entry.reason))

    def _retime(self, file: FoundFile | None) -> None:
        if file is not None:
            self.retimed.append(file)

    def _report_progress(self) -> None:
        faces = self.new_faces + sum(len(photo.faces) for photo, _ in self.batch.photos.values())
        photos = self.counts.total() + len(self.late) - self.counts["ignored"] - self.counts["forgotten"]
        self.shown = time.monotonic()
        self.progress(Progress(photos, faces, self.counts["failed"]))


def _to_remember(roots: Sequence[str], folders: Sequence[str], known: Sequence[str]) -> list[str]:
    """Of `folders` those that were given, and of photos that were given singly those that are in no other root."""
    given = set(map(absolute, roots)) & set(folders)
    above = [Path(root) for root in (*known, *given)]
    return [folder for folder in folders if folder in given or not any(map(Path(folder).is_relative_to, above))]


def _folder(root: str) -> str:
    """The folder that the user meant by `root`: itself, or the one that the photo is in."""
    path = Path(absolute(root))
    return str(path if path.is_dir() else path.parent)
