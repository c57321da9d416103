"""Adds pictures that a program has in memory: they are analysed here one by one and committed in batches."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from faceindex.errors import UnreadablePhoto, UsageError
from faceindex.faces.analyse import Analyser
from faceindex.ingest.pipeline import BATCH_PHOTOS, BATCH_SECONDS
from faceindex.photos.finding.addresses import HELD
from faceindex.photos.finding.entries import FoundFile
from faceindex.photos.pictures import PictureLike, photo_and_content
from faceindex.store.care.tombstones import WHOLE_PHOTO
from faceindex.store.folder import LibraryFolder
from faceindex.store.hdf5.merging import compact
from faceindex.store.writer import Batch, Writer
from faceindex.types import FailedPhoto, IngestReport

_SEEN = ("new", "unchanged", "duplicate", "failed")


def ingest_pictures(
    folder: LibraryFolder, pictures: Iterable[tuple[str, PictureLike]], *, analyser: Analyser, wait: bool = False
) -> IngestReport:
    """Analyse and store each picture under its name; its path in the library is HELD and the name.

    A photo is identified by its content: the hash of its bytes, or of its pixels. A picture replaces an earlier one
    with the same name, as an edited file does. Pictures analysed so far are stored even if `pictures` raises. Raises:
    UsageError for an invalid name; LibraryLocked; LibraryUnwritable; ModelError.
    """
    analyser.check_models()
    with folder.writer(wait=wait) as writer:
        run = _Run(writer, analyser)
        try:
            failure = run.take_all(pictures)
        finally:
            run.commit()
        compact(writer)
        report = run.report(writer.catalog.counts()["faces"])
    if failure:
        raise failure
    return report


@dataclass(slots=True)
class _Run:
    writer: Writer
    analyser: Analyser
    batch: Batch = field(default_factory=Batch)
    counts: Counter[str] = field(default_factory=Counter)
    failures: list[FailedPhoto] = field(default_factory=list)
    warnings: list[FailedPhoto] = field(default_factory=list)
    new_faces: int = 0
    began: float = field(default_factory=time.monotonic)
    committed: float = field(default_factory=time.monotonic)

    def take_all(self, pictures: Iterable[tuple[str, PictureLike]]) -> Exception | None:
        """Returns the exception that ended `pictures`, if any. It must not look like an error of the library."""
        coming = iter(pictures)
        while True:
            try:
                name, source = next(coming)
                path = _path(name)
            except StopIteration:
                return None
            except Exception as error:
                return error
            self.take(path, source)

    def take(self, path: str, source: PictureLike) -> None:
        file = FoundFile(path, 0, 0, True)
        try:
            photo, content = photo_and_content(source, max_megapixels=self.analyser.max_megapixels)
            if self._is_known(file, content):
                return
            found = self.analyser(photo)
        except UnreadablePhoto as error:
            self.counts["failed"] += 1
            self.failures.append(FailedPhoto(path, error.reason))
            self.batch.failures.append((file, error.reason))
        else:
            self.counts["new"] += 1
            self.batch.photos[content] = (found, [file])
            self.warnings += [FailedPhoto(path, found.warning)] if found.warning else []
        if len(self.batch) >= BATCH_PHOTOS or time.monotonic() - self.committed > BATCH_SECONDS:
            self.commit()

    def commit(self) -> None:
        """Make everything up to here durable."""
        if len(self.batch):
            self.new_faces += self.writer.commit(self.batch)
        self.batch, self.committed = Batch(), time.monotonic()

    def report(self, total_faces: int) -> IngestReport:
        return IngestReport(
            seen=sum(self.counts[kind] for kind in _SEEN),
            new=self.counts["new"],
            unchanged=self.counts["unchanged"],
            moved=0,
            duplicate=self.counts["duplicate"],
            failed=self.counts["failed"],
            ignored=0,
            new_faces=self.new_faces,
            total_faces=total_faces,
            failures=tuple(self.failures),
            seconds=time.monotonic() - self.began,
            recipe=self.analyser.recipe.title,
            forgotten=self.counts["forgotten"],
            warnings=tuple(self.warnings),
            workers=1,
            workers_reason="the calling program analyses its pictures",
        )

    def _is_known(self, file: FoundFile, content: bytes) -> bool:
        """Whether the picture needs no analysis; then it is counted and gets its name."""
        catalog = self.writer.catalog
        if WHOLE_PHOTO in catalog.tombstones().of(content):
            self.counts["forgotten"] += 1
            return True
        if self._in_batch(file.path):
            self.commit()  # the same name again: commit the earlier picture first
        if content in self.batch.photos:
            self.counts["duplicate"] += 1
            self.batch.photos[content][1].append(file)
            return True
        photo = catalog.photo_with(content)
        if photo is None or catalog.waits(photo):
            return False
        known = catalog.known_path(file.path)
        self.counts["unchanged" if known and known.photo == photo else "duplicate"] += 1
        if known is None or known.photo != photo:
            self.batch.names.append((photo, file))
        return True

    def _in_batch(self, path: str) -> bool:
        named = [file.path for _, files in self.batch.photos.values() for file in files]
        return path in named or path in [file.path for _, file in self.batch.names]


def _path(name: str) -> str:
    if not isinstance(name, str) or not name.isprintable() or not name.strip("/ "):
        raise UsageError(f"{name!r} is not a name for a picture; give one line of printable text")
    return HELD + name.lstrip("/")
