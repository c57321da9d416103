"""Whether the library is whole, apart from its index. Nothing is written, and a writer may be at work."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

from faceindex.files.writing import keeps_modes
from faceindex.plurals import plural
from faceindex.store.care.examine import Examined, Examiner, faces_without_vector
from faceindex.store.care.integrity import catalog_problems, reference_problems
from faceindex.store.catalog import Catalog
from faceindex.store.folder import LibraryFolder
from faceindex.store.hdf5.segments import UNCOMMITTED, Segment
from faceindex.store.layout import CATALOG, OWN_NAMES
from faceindex.types import CheckedPart, Damage

_RESTORE = "restore the library from its last backup"
_TABLES = (("photo", "photos"), ("face", "faces"), ("album", "albums"), ("person", "people"))


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
        yield CheckedPart("catalog", plural((folder.path / CATALOG).stat().st_size, "byte"))
    examiner = Examiner(folder.path / "vectors", folder.recipe, deep=deep)
    parts = None
    while parts is None:
        with closing(folder.open_catalog()) as catalog, catalog.snapshot():
            parts = _of_one_state(folder, catalog, examiner)
    yield from parts


def _of_one_state(folder: LibraryFolder, catalog: Catalog, examiner: Examiner) -> list[CheckedPart] | None:
    """All parts, of one state of the library; None when a writer has replaced one of its segments meanwhile."""
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
    return CheckedPart(
        "segments", f"{plural(len(segments), 'file')}, {plural(sum(s.faces for s in segments), 'row')}", tuple(damage)
    )


def _vectors(file: Path, catalog: Catalog, segments: Sequence[Segment], examined: Sequence[Examined]) -> CheckedPart:
    faces = catalog.stored_faces()
    lost = faces_without_vector(catalog.stored_with_others(), segments, examined)
    damaged = [segment for segment, one in zip(segments, examined, strict=True) if one.problem]
    for segment in damaged:  # those are told with their segment
        lost = lost.without(lost.in_segment(segment).ids)
    problem = Damage(str(file), f"{plural(len(lost.ids), 'face')} without a vector, or with several")
    waiting = catalog.waiting_faces()
    note = f"{plural(waiting, 'face')} without a vector until an ingest meets the photo again"
    found = f"{plural(len(faces.ids), 'face')} with a vector"
    return CheckedPart("vectors", found, (problem,) if len(lost.ids) else (), (note,) if waiting else ())


def _references(file: Path, catalog: Catalog) -> CheckedPart:
    counts = catalog.counts()
    found = ", ".join(plural(counts[table], one, table) for one, table in _TABLES)
    problems = reference_problems(catalog)
    return CheckedPart("photos and names", found, tuple(Damage(str(file), problem) for problem in problems))


def _stray(library: Path, segments: Sequence[Segment]) -> CheckedPart:
    """Files that the catalog does not know. They come from a writer that is running or was killed, and are no
    damage."""
    own = {segment.file for segment in segments}
    names = [f"vectors/{path.name}" for path in _entries(library / "vectors") if path.name not in own]
    names += [path.name for path in _entries(library) if path.name not in OWN_NAMES]
    notes = [
        f"{name}: of a write that is under way or was never finished; the next ingest removes it"
        if name.startswith("vectors/") and name.endswith(UNCOMMITTED)
        else f"{name}: not of the library"
        for name in names
    ]
    return CheckedPart("other files", plural(len(names), "file"), notes=tuple(notes))


def _permissions(library: Path) -> CheckedPart:
    paths = [library, *library.rglob("*")]
    public = [path for path in paths if _mode(path) & 0o077]
    if public and not _keeps_modes(library):
        note = "the file system keeps no permissions: other users may read the library"
        return CheckedPart("permissions", plural(len(paths), "file or folder", "files and folders"), notes=(note,))
    damage = tuple(Damage(str(path), "other users may read or change it") for path in public[:1])
    if len(public) > 1:
        damage += (Damage(str(library), f"{len(public) - 1:,} more that other users may read or change"),)
    return CheckedPart("permissions", plural(len(paths), "file or folder", "files and folders"), damage)


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
