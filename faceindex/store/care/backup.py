"""A copy of a library as of one commit, checked while it is made; a writer may be at work."""

from __future__ import annotations

import hashlib
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from faceindex.errors import LibraryDamaged, LibraryLocked, LibraryUnwritable, UsageError
from faceindex.files.reading import open_regular
from faceindex.files.writing import creating, make_folder, own_folder, sync_folder
from faceindex.running.meter import Meter
from faceindex.store.care.integrity import catalog_problems
from faceindex.store.catalog import Catalog
from faceindex.store.folder import LibraryFolder
from faceindex.store.hdf5.segments import Segment, SegmentMissing, file_checksum
from faceindex.store.layout import CATALOG, OWN_NAMES
from faceindex.store.lock import WriterLock
from faceindex.store.opening import damage_named, keep_private
from faceindex.system.files import write_at

_READ_BYTES = 1 << 20  # bytes
_VERSIONS, _NO_LOG = 18, b"\1\1"
"""Where SQLite's header says whether the file has a write-ahead log, and that it has none: one file, that a read-only
disk can hold, as `PRAGMA journal_mode = DELETE` makes it (https://sqlite.org/fileformat2.html, 1.3.3)."""


def backup(folder: LibraryFolder, target: Path, meter: Meter | None = None) -> list[Segment]:
    """Copy the library, without its index, to `target`, which appears when the copy is complete. Returns its segments.

    The copy is made in the folder `target`.partial, which is removed when this fails. A backup that was killed is
    continued from there. meter: is told the bytes of segments that are copied or, of an earlier backup, compared.

    Raises: UsageError when `target` exists or cannot be made there; LibraryDamaged when a file is not what was written;
    LibraryUnwritable when the disk is full; LibraryLocked when this backup is being made by another process;
    JobCancelled.
    """
    meter, partial = meter or Meter(), _place_for(folder, target)
    with _writing(target, partial):
        make_folder(partial / "vectors")
        lock = WriterLock(partial / "lock")
        try:
            segments = _copy(folder, partial, meter)
        finally:
            lock.release()
        meter.stage("storing")
        for changed in (partial / "vectors", partial):
            sync_folder(changed)
        partial.rename(target)
        sync_folder(target.parent)
    return segments


def _place_for(folder: LibraryFolder, target: Path) -> Path:
    partial = target.with_name(target.name + ".partial")
    if os.path.lexists(target):
        raise UsageError(f"{target} is there already; give the backup another name")
    if not target.parent.is_dir():
        raise UsageError(f"there is no folder {target.parent} for the backup")
    folder.outside(target)
    if os.path.lexists(partial) and (
        partial.is_symlink() or not partial.is_dir() or {entry.name for entry in partial.iterdir()} - OWN_NAMES
    ):
        raise UsageError(f"{partial} is in the way of the backup and holds other things; give it another name")
    return partial


@contextmanager
def _writing(target: Path, partial: Path) -> Iterator[None]:
    """Turn an error of writing into one line, and remove what was written."""
    try:
        own_folder(partial)
        yield
    except LibraryLocked:  # another backup's
        raise
    except (OSError, sqlite3.OperationalError) as error:
        shutil.rmtree(partial, ignore_errors=True)
        reason = getattr(error, "strerror", None) or str(error)
        raise LibraryUnwritable(f"cannot write the backup {target}: {reason}; nothing of it was left") from error
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise


def _copy(folder: LibraryFolder, partial: Path, meter: Meter) -> list[Segment]:
    copied: set[Segment] = set()
    while True:
        meter.stage("copying")
        segments = copy_catalog(folder, partial / CATALOG)
        meter.stage("copying", sum(segment.size or 0 for segment in segments))
        missing = None
        for segment in segments:
            try:
                if segment not in copied:
                    _copy_segment(folder.path / "vectors", partial / "vectors", segment, meter)
                    copied.add(segment)
            except SegmentMissing as error:
                missing = error
                break
        if missing is None:
            _remove_others(partial / "vectors", segments)
            return segments
        with closing(folder.open_catalog()) as catalog:  # or has a writer just replaced it?
            if segment in catalog.segments():
                raise missing


def copy_catalog(folder: LibraryFolder, copy: Path) -> list[Segment]:
    """Copy the catalog, as of one commit, to the file `copy`. Returns its segments. Raises: LibraryDamaged; OSError."""
    for suffix in ("", "-journal", "-wal", "-shm"):
        copy.with_name(copy.name + suffix).unlink(missing_ok=True)
    with creating(copy) as file:
        with damage_named(folder.path / CATALOG):
            with closing(folder.open_catalog()) as source, closing(_unlocked(copy)) as target:
                source.connection.backup(target)  # all pages in one step: as of one commit
            write_at(file.fileno(), _NO_LOG, _VERSIONS)
            with closing(_unlocked(copy)) as target:
                problems = catalog_problems(Catalog(target), deep=False)
                segments = [] if problems else Catalog(target).segments()
        if problems:
            raise LibraryDamaged(f"{folder.path / CATALOG} is damaged ({problems[0]}): keep the last good backup")
    return segments


def _unlocked(copy: Path) -> sqlite3.Connection:
    """Nobody else is in the backup's folder; and on a disk without locks they would be waited for for ever."""
    connection = sqlite3.connect(f"{copy.absolute().as_uri()}?nolock=1", uri=True, isolation_level=None)
    keep_private(connection)
    return connection


def _copy_segment(source: Path, target: Path, segment: Segment, meter: Meter) -> None:
    """Copy one file durably, unless an earlier backup did. Raises: SegmentMissing; LibraryDamaged; OSError."""
    copy = target / segment.file
    if copy.exists() and file_checksum(copy) == segment.checksum:
        meter.advance(segment.size or 0)
        return
    checksum = hashlib.blake2b(digest_size=32)
    with creating(copy) as file:
        for data in segment_bytes(source / segment.file):
            checksum.update(data)
            file.write(data)
            meter.advance(len(data))
        if checksum.digest() != segment.checksum:
            raise LibraryDamaged(
                f"segment {source / segment.file} is not what was written; run `faceindex repair` first"
            )


def segment_bytes(path: Path) -> Iterator[bytes]:
    """The bytes of a segment, in parts. Raises: SegmentMissing; LibraryDamaged."""
    try:
        with open_regular(path) as file:
            while data := file.read(_READ_BYTES):
                yield data
    except FileNotFoundError as error:
        raise SegmentMissing(f"segment {path} is missing; run `faceindex repair` first") from error
    except OSError as error:
        raise LibraryDamaged(
            f"segment {path} cannot be read ({error.strerror}); run `faceindex repair` first"
        ) from error


def _remove_others(vectors: Path, segments: list[Segment]) -> None:
    """Remove files that were copied for an earlier state of the library."""
    own = {segment.file for segment in segments}
    for path in vectors.iterdir():
        if path.name not in own:
            path.unlink()
