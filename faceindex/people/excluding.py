"""What users take out of lists and questions: what is no face, whom nobody wants to name, what is not asked again."""

from __future__ import annotations

from collections.abc import Sequence

from faceindex.errors import UsageError
from faceindex.journal import acts as kinds
from faceindex.people.steps import deciding
from faceindex.store.folder import LibraryFolder
from faceindex.store.people.person_ids import name_meant
from faceindex.types import Decided, Target


def not_face(folder: LibraryFolder, faces: Sequence[int], *, dry_run: bool = False) -> Decided:
    """What was detected is no face: it leaves albums, searches, suggestions and counts, also when its photo is analysed
    again. Raises: UsageError when one is not in the library."""
    with deciding(folder, dry_run=dry_run) as step:
        return step.decide(kinds.NOT_FACE, step.faces(faces))


def is_face(folder: LibraryFolder, faces: Sequence[int], *, dry_run: bool = False) -> Decided:
    """It is a face after all, and is back where it was. Raises: UsageError when nobody said that it is none."""
    with deciding(folder, dry_run=dry_run) as step:
        return step.decide(kinds.IS_FACE, step.not_faces(faces))


def leave_alone(folder: LibraryFolder, target: Target, *, unknown: bool = True, dry_run: bool = False) -> Decided:
    """Nobody wants to name this album or face: it is not asked about, nor listed among those without a name. It is
    found as before. unknown: False to ask about it again.

    Raises: UsageError when it does not exist, or has a name.
    """
    kind = kinds.UNKNOWN if unknown else kinds.KNOWN
    with deciding(folder, dry_run=dry_run) as step:
        faces = step.members(target)
        named = {record.person for record in step.catalog.faces_with(faces).values()} - {None}
        if unknown and named:
            whose = min(map(str, named))
            raise UsageError(f"{whose} has a name already; `faceindex people hide` stops listing a person")
        if target.face is None:
            return step.decide(kind, faces)
        return step.decide(kind, [], others=[faces], about=faces)


def never_suggest(folder: LibraryFolder, one: Target, other: Target, *, dry_run: bool = False) -> Decided:
    """Do not ask again whether these two are one person. It says nothing about whether they are.

    Raises: UsageError when one does not exist, or both are the same.
    """
    with deciding(folder, dry_run=dry_run) as step:
        if one.person is not None and other.person is None:
            one, other = other, one
        ones, others = step.members(one), step.members(other)
        if not set(ones).isdisjoint(others):
            raise UsageError("these are the same, or one is part of the other: there is nothing to ask")
        person = None if other.person is None else name_meant(step.transaction, other.person)
        if not ones or not (others or person):
            raise UsageError("one of them has no face in the library")
        return step.decide(kinds.NEVER_SUGGEST, ones, person, others=[others])


def never_ask_whose(folder: LibraryFolder, face: int, person: str, *, dry_run: bool = False) -> Decided:
    """Do not ask again whether the face is this person's, of whom no other face may be known. It says nothing about
    whether it is. Raises: UsageError when there is no such face."""
    with deciding(folder, dry_run=dry_run) as step:
        return step.decide(kinds.NEVER_SUGGEST, step.faces([face]), person, others=[[]])


def cover(folder: LibraryFolder, face: int, *, dry_run: bool = False) -> Decided:
    """The face stands for its album and for its person, as long as it is theirs, through clusterings and merges.

    Raises: UsageError when there is no such face, or it is in no album and has no name.
    """
    with deciding(folder, dry_run=dry_run) as step:
        chosen = step.faces([face])
        album, person = step.place_of(chosen)
        if album is None and person is None:
            raise UsageError(f"face {face} is in no album and has no name: it is the cover of nothing")
        return step.decide(kinds.COVER, chosen, person)
