"""Care for a library on its disk."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterable
from pathlib import Path

from faceindex.errors import LibraryDamaged
from faceindex.ingest.machine import choose_workers
from faceindex.ingest.repair import repair
from faceindex.library.opened import Opened, StrPath, one_or_more
from faceindex.people.albums import follow
from faceindex.photos.find import absolute
from faceindex.search import index as face_index
from faceindex.search.check import check_index
from faceindex.search.coverage import configure, index_config
from faceindex.search.kinds import IndexConfig
from faceindex.store.backup import backup
from faceindex.store.check import check
from faceindex.store.merging import compact_all
from faceindex.types import Backup, CheckReport, IndexReport, RepairReport


class Keeping(Opened):
    """Check, backup, repair, compaction and the index."""

    def check(self, *, deep: bool = False) -> CheckReport:
        """What is whole and what is damaged, file by file. Nothing is written; a writer may be at work.

        deep: every byte is read and compared with its checksum. Raises: LibraryDamaged when the catalog cannot even be
        opened.
        """
        began = time.monotonic()
        parts = check(self._folder, deep=deep)
        if not parts[0].damage:  # else nothing can be said about what follows from the catalog
            parts.append(check_index(self._folder, deep=deep and not any(part.damage for part in parts)))
        return CheckReport(str(self.path), deep, tuple(parts), time.monotonic() - began)

    def backup(self, target: StrPath) -> Backup:
        """Copy the library to `target`, checked while it is copied; an ingest may be at work.

        The copy is a library like this one, without an index. Raises: UsageError when `target` exists; LibraryDamaged
        when this library is; LibraryUnwritable; in each case nothing is left of the copy.
        """
        began = time.monotonic()
        path = Path(absolute(target))
        segments = backup(self._folder, path)
        with Opened(path, create=False) as copy:
            counts, size = copy._folder.catalog.counts(), copy._folder.bytes_on_disk()
        return Backup(str(path), counts["photos"], counts["faces"], len(segments), size, time.monotonic() - began)

    def repair(self, paths: StrPath | Iterable[StrPath] = (), *, workers: int | None = None) -> RepairReport:
        """Make what is derived anew, save what can be read of damaged files, and analyse photos of lost vectors again.

        No name, album or decision is lost. A face whose photo is away waits for the next ingest that meets the photo.
        paths: where else to look for photos. workers: processes, default as the machine allows.

        Raises: LibraryDamaged when the catalog itself is: only a backup helps; UsageError; LibraryLocked;
        LibraryUnwritable; ModelError.
        """
        began = time.monotonic()
        before = self.check(deep=True)
        if before.parts[0].damage:
            (first, *_) = before.parts[0].damage
            raise LibraryDamaged(f"{first.file} is damaged ({first.problem}): {first.remedy}; nothing was changed")
        done = repair(
            self._folder, one_or_more(paths), analyser=self._analyser(None), workers=choose_workers(workers).number
        )
        self._index = None
        follow(self._folder)
        if face_index.damage(self._folder) or any(damage.file == str(self._folder.index) for damage in before.damage):
            shutil.rmtree(self._folder.index)
        after = self.check(deep=True)
        if not after.damage:
            face_index.load_or_build(self._folder)
        return RepairReport(
            library=str(self.path),
            found=before.damage,
            left=after.damage,
            saved=done.saved,
            analysed=done.analysed,
            waiting=self._folder.catalog.waiting_faces(),
            failed=tuple(done.failed),
            seconds=time.monotonic() - began,
        )

    def compact(self) -> bool:
        """Make one segment of all, without vectors of removed faces; False when there was nothing to do."""
        with self._folder.writer() as writer:
            return compact_all(writer)

    def build_index(self, kind: str | None = None, *, recall: float | None = None, threads: int = 1) -> IndexReport:
        """Build the index anew.

        kind: "flat", which is exact, "ivf", which is approximate, or "auto", by the number of faces.
        recall: wanted of an approximate one, between 0 and 1. Both are kept for later builds; None is what was
        chosen before. threads: of the building. Raises: UsageError; LibraryUnwritable; LibraryLocked.
        """
        before = index_config(self._folder)
        configure(
            self._folder,
            IndexConfig(before.kind if kind is None else kind, before.recall if recall is None else recall),
        )
        self._index = face_index.build(self._folder, threads=threads)
        return face_index.report(self._folder)
