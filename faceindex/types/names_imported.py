"""What came of names from other programs."""

from __future__ import annotations

from dataclasses import dataclass

from faceindex.types.contents import FailedPhoto


@dataclass(frozen=True, slots=True)
class UnsureName:
    """A name that was not given. photo: its path here. faces: ids of those that may be the person."""

    photo: str
    person: str
    faces: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class NamesImported:
    """What an import of names did; with `dry_run`, what it would do.

    program: the kind; file: what was read. photos: with names there; found: of these, in the library. names: of faces
    and photos, of people known by name. named: faces that get a name; moved: of these, to another face than the one in
    the box; people: names given. known: faces that have the name already. decided: left as users decided. unsure: left
    to users. without_face: names in photos of the library without a face there. bad: what could not be read. missing:
    photos that the library does not have. act: the first of the import, which is undone as a whole; None if none.
    """

    program: str
    file: str
    photos: int
    found: int
    names: int
    named: int
    moved: int
    people: int
    known: int
    decided: int
    unsure: int
    without_face: int
    bad: int
    missing: int
    act: int | None
    dry_run: bool
    seconds: float
    unsure_names: tuple[UnsureName, ...] = ()
    faceless: tuple[FailedPhoto, ...] = ()
    problems: tuple[FailedPhoto, ...] = ()
    missing_photos: tuple[str, ...] = ()
