"""`library.care`: check, backup, repair, compaction, calibration, and emptying a library."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from faceindex.errors import LibraryDamaged
from faceindex.evaluation.cross_fit import CrossFit, cross_fit
from faceindex.evaluation.labelled import evaluation_library, ingest_labelled
from faceindex.evaluation.named_faces import named_faces
from faceindex.ingest.repair import repair
from faceindex.ingest.workers.machine import choose_workers
from faceindex.judgement import library_calibration as calibrated
from faceindex.library.erasing import everything_erased
from faceindex.library.job import Job, finished
from faceindex.library.opened import Opened, StrPath, one_or_more
from faceindex.library.restoring import backup_at
from faceindex.photos.finding.addresses import absolute, address_of
from faceindex.running.meter import Meter
from faceindex.search import index as face_index
from faceindex.search.check import check_index
from faceindex.store.care.backup import backup
from faceindex.store.care.check import check
from faceindex.store.folder import LibraryFolder
from faceindex.store.hdf5.merging import compact_all
from faceindex.types import Backup, CheckReport, Erased, Progress, RepairReport


class Care:
    """A library on its disk: checked, saved, repaired, made smaller, calibrated, or emptied."""

    def __init__(self, opened: Opened) -> None:
        self._opened = opened

    def outside(self, path: StrPath) -> Path:
        """`path`, to which something is to be written. Raises: UsageError when it lies in the library's own folder,
        or is an address."""
        return self._opened.outside(path)

    def output(self, path: StrPath) -> Path:
        """As `outside`, for one file, which may also be at an address."""
        return self._opened.output(path)

    def check(self, *, deep: bool = False) -> CheckReport:
        """What is whole and what is damaged, file by file. Nothing is written; a writer may be at work.

        deep: every byte is read and compared with its checksum. Raises: LibraryDamaged when the catalog cannot even be
        opened.
        """
        began = time.monotonic()
        parts = check(self._opened.folder, deep=deep)
        if not parts[0].damage:  # else nothing can be said about what follows from the catalog
            parts.append(check_index(self._opened.folder, deep=deep and not any(part.damage for part in parts)))
        return CheckReport(str(self._opened.folder.path), deep, tuple(parts), time.monotonic() - began)

    def start_backup(self, target: StrPath, *, progress: Callable[[Progress], None] | None = None) -> Job[Backup]:
        """Copy the library to `target`, checked while it is copied; an ingest may be at work.

        The copy is a library like this one, without an index. Raises: UsageError when `target` exists; LibraryDamaged
        when this library is; LibraryUnwritable; in each case nothing is left of the copy.

        At an address, it is a folder of objects for `restore`, complete as soon as it has the object `backup.json`. If
        the server does not answer (LibraryUnwritable), the same call continues.
        """
        url = address_of(target)
        path = Path(absolute(target))

        def work(meter: Meter) -> Backup:
            began = time.monotonic()
            if url is not None:
                return backup_at(self._opened.folder, url, meter)
            segments = backup(self._opened.folder, path, meter)
            copy = LibraryFolder(path, create=False)
            counts, size = copy.catalog.counts(), copy.bytes_on_disk()
            copy.close()
            return Backup(str(path), counts["photos"], counts["faces"], len(segments), size, time.monotonic() - began)

        return self._opened.start("backup", work, progress)

    def backup(self, target: StrPath, *, progress: Callable[[Progress], None] | None = None) -> Backup:
        """As `start_backup`; returns when it has ended."""
        return finished(self.start_backup(target, progress=progress))

    def repair(self, paths: StrPath | Iterable[StrPath] = (), *, workers: int | None = None) -> RepairReport:
        """Derive again what is derived, save what can be read of damaged files, and analyse photos of lost vectors
        again.

        No name, album or decision is lost. A face whose photo is not there waits for the next ingest that finds the
        photo. paths: where else to look for photos. workers: processes, default as the machine allows.

        Raises: LibraryDamaged when the catalog itself is damaged, and only a backup helps; UsageError; LibraryLocked;
        LibraryUnwritable; ModelError.
        """
        began = time.monotonic()
        before = self.check(deep=True)
        if before.parts[0].damage:
            (first, *_) = before.parts[0].damage
            raise LibraryDamaged(f"{first.file} is damaged ({first.problem}): {first.remedy}; nothing was changed")
        done = repair(
            self._opened.folder,
            one_or_more(paths),
            analyser=self._opened.analyser(None),
            workers=choose_workers(workers).number,
        )
        self._opened.faces_changed(index=False)
        if face_index.damage(self._opened.folder) or any(
            damage.file == str(self._opened.folder.index) for damage in before.damage
        ):
            shutil.rmtree(self._opened.folder.index)
        after = self.check(deep=True)
        if not after.damage:
            face_index.load_or_build(self._opened.folder)
        return RepairReport(
            library=str(self._opened.folder.path),
            found=before.damage,
            left=after.damage,
            saved=done.saved,
            analysed=done.analysed,
            waiting=self._opened.folder.catalog.waiting_faces(),
            failed=tuple(done.failed),
            seconds=time.monotonic() - began,
        )

    def compact(self) -> bool:
        """Merge all segments into one, without vectors of removed faces; False when there was nothing to do."""
        with self._opened.folder.writer() as writer:
            return compact_all(writer)

    def start_calibrate(
        self,
        labelled: StrPath | None = None,
        *,
        save: bool = False,
        keep: StrPath | None = None,
        workers: int | None = None,
        progress: Callable[[Progress], None] | None = None,
    ) -> Job[CrossFit]:
        """Fit a calibration to faces with names, and test it on people that it was not fitted to.

        labelled: a folder with a folder of photos for each person; default this library's own people with a name. save:
        use the calibration for searches and confidences. keep: a folder where the analysed labelled photos are kept for
        the next time. workers: processes, default as the machine allows. Raises: UsageError when there are too few
        people with two faces; LibraryLocked; LibraryUnwritable.
        """
        if keep is not None:
            self._opened.outside(keep)
        opened = self._opened

        def work(meter: Meter) -> CrossFit:
            if labelled is None:
                named = named_faces(opened.folder)
                result = cross_fit(named.vectors, named.people, named.names)
            else:
                with evaluation_library(opened.recipe, None if keep is None else Path(keep)) as folder:
                    faces = ingest_labelled(folder, Path(labelled), engine=opened.engine, workers=workers, meter=meter)
                result = cross_fit(faces.vectors, faces.people, faces.names)
            meter.stop.check()
            if save:
                calibrated.keep(opened.folder, result.calibration)
            return result

        return self._opened.start("calibrate", work, progress)

    def calibrate(
        self,
        labelled: StrPath | None = None,
        *,
        save: bool = False,
        keep: StrPath | None = None,
        workers: int | None = None,
        progress: Callable[[Progress], None] | None = None,
    ) -> CrossFit:
        """As `start_calibrate`; returns when it has ended."""
        return finished(self.start_calibrate(labelled, save=save, keep=keep, workers=workers, progress=progress))

    def forget_calibration(self) -> None:
        """Go back to the calibration of the recipe. Raises: UsageError without a library; LibraryUnwritable."""
        calibrated.forget(self._opened.folder)

    def forget_all(self, *, dry_run: bool = False) -> Erased:
        """Empty the library: every photo, face, vector, name and tombstone. dry_run: only say what would be erased.

        Raises: LibraryLocked.
        """
        return everything_erased(self._opened, dry_run=dry_run)
