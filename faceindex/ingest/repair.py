"""Repair: makes derived data again, and gives faces without a vector a new one from their photos."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

from faceindex.errors import UnreadablePhoto
from faceindex.faces.analyse import Analyser
from faceindex.ingest.photo_reader import PhotoReader
from faceindex.ingest.prefetch import Prefetched
from faceindex.ingest.redrawing import redraw
from faceindex.ingest.workers.executor import Executor, Task
from faceindex.ingest.workers.limits import IDLE_LIMIT
from faceindex.ingest.workers.local import local_executor
from faceindex.photos.finding.addresses import absolute
from faceindex.photos.finding.entries import FoundFile, UnreadableEntry
from faceindex.photos.finding.find import find_files
from faceindex.running.stop import Stop
from faceindex.store.care.examine import Examiner
from faceindex.store.care.mending import mend_rows, mend_segments, put_back
from faceindex.store.catalog import Catalog
from faceindex.store.folder import LibraryFolder
from faceindex.store.lock import WriterLock
from faceindex.store.photos.matching_by_box import match_by_box
from faceindex.store.writer import Batch, Writer
from faceindex.types import AnalysedPhoto, FailedPhoto

BATCH_PHOTOS = 64


@dataclass(slots=True)
class Mended:
    """The result. saved: vectors saved from damaged segments. analysed: photos whose faces got new vectors.

    failed: photos that exist but gave no vectors.
    """

    saved: int = 0
    analysed: int = 0
    failed: list[FailedPhoto] = field(default_factory=list)


def repair(
    folder: LibraryFolder,
    paths: Iterable[str | os.PathLike[str]],
    *,
    analyser: Analyser,
    workers: int,
    stop: Stop | None = None,
    idle_limit: float = IDLE_LIMIT,
) -> Mended:
    """Repair everything except the index; the catalog must be intact. If it is killed, the next repair goes on.

    paths: further places to look for photos whose faces lost their vectors. Names, albums and decisions stay: a face
    without a vector stays, and if its photo is missing, the next ingest that finds the photo analyses it.

    idle_limit: a photo or disk is given up after this many seconds without an answer.

    Raises: UsageError if one of `paths` does not exist; LibraryLocked; LibraryUnwritable; ModelError; MachineError,
    after which the next repair goes on.
    """
    stop = stop or Stop()
    roots = [absolute(path) for path in paths]
    found = find_files(roots, skip=str(folder.path)) if roots else iter(())
    further = iter(Prefetched(found, stop, idle_limit=idle_limit))
    first = next(further, None)  # finds errors in `paths` before anything is changed
    _put_back(folder)
    done = Mended()
    with folder.writer() as writer, PhotoReader(stop, idle_limit=idle_limit) as reader:
        _make_private(folder.path)
        mend_rows(writer)
        done.saved = mend_segments(writer)
        again = _Again(writer, analyser, workers, done)
        again.run(_photos(writer.catalog, reader))
        again.run(_photos_among(writer.catalog, reader, [] if first is None else [first], further))
        redraw(writer, analyser, stop)
    return done


class _Again:
    """Photos analysed again. in_flight: content hash by path."""

    def __init__(self, writer: Writer, analyser: Analyser, workers: int, done: Mended) -> None:
        self.writer = writer
        self.analyser = analyser
        self.workers = workers
        self.done = done
        self.batch = Batch()
        self.in_flight: dict[str, bytes] = {}
        self._models_checked = False  # only a photo to be analysed needs them

    def run(self, photos: Iterator[tuple[FoundFile, bytes]]) -> None:
        """Analyse and commit `photos`, given with their content hashes."""
        with closing(local_executor(self.workers, device=self.analyser.engine.used_device)) as pool:
            for file, content in photos:
                if content in self.in_flight.values() or content in self.batch.photos:
                    continue
                if not self._models_checked:
                    self.analyser.check_models()
                    self._models_checked = True
                while not pool.room:
                    self._collect(pool)
                self.in_flight[file.path] = content
                pool.submit(Task(file, self.analyser))
            while self.in_flight:
                self._collect(pool)
        self._commit()

    def _collect(self, pool: Executor) -> None:
        for answer in pool.answers(timeout=0.2):
            content = self.in_flight.pop(answer.file.path)
            if answer.photo is None:
                self.done.failed.append(FailedPhoto(answer.file.path, answer.error or "unknown"))
            elif _keeps_names(self.writer.catalog, content, answer.photo):
                self.batch.photos[content] = (answer.photo, [answer.file])
            else:
                why = "a named face was not found again; it keeps its name and has no vector"
                self.done.failed.append(FailedPhoto(answer.file.path, why))
                self.batch.names.append((self.writer.catalog.photo_with(content) or 0, answer.file))
        if len(self.batch) >= BATCH_PHOTOS:
            self._commit()

    def _commit(self) -> None:
        if len(self.batch):
            self.writer.commit(self.batch)
            self.done.analysed += len(self.batch.photos)
            self.batch = Batch()


def _photos(catalog: Catalog, reader: PhotoReader) -> Iterator[tuple[FoundFile, bytes]]:
    """For each photo without vectors a file that still has its content, if there is one."""
    for photo in catalog.waiting_photos():
        content = catalog.content_of(photo)
        for path in catalog.paths_of(photo):
            file = _with_content(path, reader)
            if file is not None and file[1] == content:
                yield file
                break


def _photos_among(
    catalog: Catalog,
    reader: PhotoReader,
    first: Iterable[FoundFile | UnreadableEntry],
    further: Iterator[FoundFile | UnreadableEntry],
) -> Iterator[tuple[FoundFile, bytes]]:
    """Files with the content of a photo without vectors."""
    for entry in chain(first, further) if catalog.waiting_photos(1) else ():
        if isinstance(entry, FoundFile):
            file = _with_content(entry.path, reader)
            if file is not None and catalog.waits(catalog.photo_with(file[1])):
                yield file


def _with_content(path: str, reader: PhotoReader) -> tuple[FoundFile, bytes] | None:
    try:
        identity = reader.identify(path)
    except UnreadablePhoto:
        return None
    if identity is None:
        return None
    return FoundFile(path, identity.size, identity.mtime_ns, False, identity.ctime_ns), identity.content


def _keeps_names(catalog: Catalog, content: bytes, photo: AnalysedPhoto) -> bool:
    """Whether every named face of the stored photo is found again."""
    former = catalog.faces_of(catalog.photo_with(content) or 0, (photo.width, photo.height))
    again = match_by_box([face.box for face in photo.faces], former)
    lost = {known.face for known in former} - set(again)
    lost = {face for face, record in catalog.faces_with(lost).items() if record.origin is None}  # drawn ones are kept
    return not any(record.confirmed for record in catalog.faces_with(lost).values())


def _put_back(folder: LibraryFolder) -> None:
    """Restore files before `folder.writer` removes files without a row: some may be what is missing elsewhere."""
    vectors = folder.path / "vectors"
    if not vectors.is_dir():
        return
    with folder.guarded():
        lock = WriterLock(folder.path / "lock")
        try:
            segments = folder.catalog.segments()
            examiner = Examiner(vectors, folder.recipe, deep=True)
            damaged = [segment for segment in segments if examiner.examine(segment).problem]
            if damaged:
                put_back(vectors, segments, damaged)
        finally:
            lock.release()


def _make_private(library: Path) -> None:
    for path in [library, *library.rglob("*")]:
        if not path.is_symlink():
            with suppress(OSError):  # the next check reports what cannot be made private
                path.chmod(path.stat().st_mode & 0o700)
