"""Is the library whole? Everything that can be told without its index, by reading only and beside a writer."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

from faceindex.files.private import keeps_modes
from faceindex.store.care.examine import Examined, Examiner, faces_without_vector
from faceindex.store.care.integrity import catalog_problems, reference_problems
from faceindex.store.catalog import Catalog
from faceindex.store.folder import LibraryFolder
from faceindex.store.hdf5.segments import UNCOMMITTED, Segment
from faceindex.store.layout import CATALOG, OWN_NAMES
from faceindex.types import CheckedPart, Damage

_RESTORE = "restore the library from its last backup"


def check(folder: LibraryFolder, *, deep: bool = False) -> list[CheckedPart]:
    """Every part of the library, damaged or whole.

    deep: read every byte; else what is seen in seconds: sizes, headers, ids, and how rows refer to each other. SQLite
    keeps no checksums: of the catalog's rows only their structure is checked. Nothing is written. (Only where files are
    open to others, an empty file is made and removed, to see whether the file system can make one private.) Memory:
    some 60 bytes a face.

    Raises: UsageError when there is no library; LibraryDamaged when its catalog cannot be opened at all.
    """
    try:
        return [*_catalog_and_vectors(folder, deep), _permissions(folder.path)]
    except sqlite3.OperationalError:
        raise
    except (
        sqlite3.DatabaseError,
        UnicodeDecodeError,
    ) as error:  # met by a statement in a place that SQLite's own check has not seen
        return [_damaged_catalog(folder, [str(error)]), _permissions(folder.path)]


def _catalog_and_vectors(folder: LibraryFolder, deep: bool) -> Iterator[CheckedPart]:
    with closing(folder.open_catalog()) as catalog, catalog.snapshot():
        problems = catalog_problems(catalog, deep=deep)
        if problems:
            yield _damaged_catalog(folder, problems)
            return
        yield CheckedPart("catalog", f"{(folder.path / CATALOG).stat().st_size:,} bytes")
    examiner = Examiner(folder.path / "vectors", folder.recipe, deep=deep)
    parts = None
    while parts is None:
        with closing(folder.open_catalog()) as catalog, catalog.snapshot():
            parts = _of_one_state(folder, catalog, examiner)
    yield from parts


def _of_one_state(folder: LibraryFolder, catalog: Catalog, examiner: Examiner) -> list[CheckedPart] | None:
    """All that follows from one state of the library; None when a writer has replaced a segment of it meanwhile."""
    segments = catalog.segments()
    examined = [examiner.examine(segment) for segment in segments]
    if any(one.missing for one in examined):
        with closing(folder.open_catalog()) as newer:
            there = newer.segments()
        if any(one.missing and segment not in there for segment, one in zip(segments, examined, strict=True)):
            return None
    return [
        _segments(examiner.vectors, segments, examined),
        _vectors(folder.path / CATALOG, catalog, segments, examined),
        _references(folder.path / CATALOG, catalog),
        _stray(folder.path, segments),
    ]


def _damaged_catalog(folder: LibraryFolder, problems: Iterable[str]) -> CheckedPart:
    file = str(folder.path / CATALOG)
    return CheckedPart("catalog", "", tuple(Damage(file, problem, _RESTORE) for problem in problems))


def _segments(vectors: Path, segments: Sequence[Segment], examined: Sequence[Examined]) -> CheckedPart:
    damage = [
        Damage(str(vectors / segment.file), one.problem)
        for segment, one in zip(segments, examined, strict=True)
        if one.problem
    ]
    return CheckedPart("segments", f"{len(segments):,} files, {sum(s.faces for s in segments):,} rows", tuple(damage))


def _vectors(file: Path, catalog: Catalog, segments: Sequence[Segment], examined: Sequence[Examined]) -> CheckedPart:
    faces = catalog.stored_faces()
    lost = faces_without_vector(faces, segments, examined)
    damaged = [segment for segment, one in zip(segments, examined, strict=True) if one.problem]
    for segment in damaged:  # those are told with their segment
        lost = lost.without(lost.in_segment(segment).ids)
    problem = Damage(str(file), f"{len(lost.ids):,} faces whose vector is in no segment, or not once")
    waiting = catalog.waiting_faces()
    note = f"{waiting:,} faces lost their vector and wait for the next ingest that meets their photos"
    found = f"{len(faces.ids):,} faces with a vector"
    return CheckedPart("vectors", found, (problem,) if len(lost.ids) else (), (note,) if waiting else ())


def _references(file: Path, catalog: Catalog) -> CheckedPart:
    counts = catalog.counts()
    found = ", ".join(f"{counts[table]:,} {table}" for table in ("photos", "faces", "albums", "people"))
    problems = reference_problems(catalog)
    return CheckedPart("photos and names", found, tuple(Damage(str(file), problem) for problem in problems))


def _stray(library: Path, segments: Sequence[Segment]) -> CheckedPart:
    """Files that no row speaks of. Of a running writer, or of one that was killed: no damage."""
    own = {segment.file for segment in segments}
    names = [f"vectors/{path.name}" for path in _entries(library / "vectors") if path.name not in own]
    names += [path.name for path in _entries(library) if path.name not in OWN_NAMES]
    notes = [
        f"{name}: of a write that is under way or was never finished; the next ingest removes it"
        if name.startswith("vectors/") and name.endswith(UNCOMMITTED)
        else f"{name}: not of the library"
        for name in names
    ]
    return CheckedPart("other files", f"{len(names):,} files", notes=tuple(notes))


def _permissions(library: Path) -> CheckedPart:
    paths = [library, *library.rglob("*")]
    public = [path for path in paths if _mode(path) & 0o077]
    if public and not _keeps_modes(library):
        note = "the file system keeps no permissions: other users may read the library"
        return CheckedPart("permissions", f"{len(paths):,} files and folders", notes=(note,))
    damage = tuple(Damage(str(path), "other users may read or change it") for path in public[:1])
    if len(public) > 1:
        damage += (Damage(str(library), f"{len(public) - 1:,} more that other users may read or change"),)
    return CheckedPart("permissions", f"{len(paths):,} files and folders", damage)


def _keeps_modes(library: Path) -> bool:
    try:
        return keeps_modes(library)
    except OSError:  # it takes no files now
        return True


def _entries(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.is_dir() else []


def _mode(path: Path) -> int:
    try:
        return path.lstat().st_mode if not path.is_symlink() else 0
    except FileNotFoundError:  # a writer has just removed it
        return 0
