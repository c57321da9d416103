"""What users decide about faces, albums and people: each decision is one act in the journal, and albums follow at
once."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from faceindex.errors import NameInUse, UsageError
from faceindex.journal import acts as kinds
from faceindex.journal.person_names import checked_name
from faceindex.people.steps import Step, deciding
from faceindex.plurals import plural
from faceindex.store.folder import LibraryFolder
from faceindex.store.journal.act_changes import places_of
from faceindex.store.people.known_people import unknown_person
from faceindex.store.people.person_ids import is_id, name_meant
from faceindex.types import Decided, Target


def name(
    folder: LibraryFolder,
    faces: Target | Sequence[int],
    person: str,
    *,
    only: bool | None = None,
    merge: bool = True,
    dry_run: bool = False,
) -> Decided:
    """These faces, by their ids or as the faces of an album, are `person`'s.

    only: the other faces of their albums are somebody else's; default when several ids are given. merge: also when
    somebody has this name already. Raises: NameInUse; UsageError.
    """
    checked(person)
    with deciding(folder, dry_run=dry_run) as step:
        chosen = name_meant(step.transaction, person)
        members = step.members(faces) if isinstance(faces, Target) else step.faces(faces)
        if not merge:
            refuse_known_name(step, members, chosen)
        several = not isinstance(faces, Target) and len(members) > 1
        rest = _rest(step, members, chosen) if (several if only is None else only) else []
        return step.decide(kinds.NAME, members, chosen, others=[rest] if rest else (), about=members)


def _rest(step: Step, faces: Sequence[int], person: str) -> list[int]:
    """The other faces of the albums of `faces`, without those that are `person`'s already."""
    albums = {album for _, album in places_of(step.transaction, faces).values()} - {None}
    members = {face for album in albums for face in step.album(album)}.difference(faces)
    return [face for face, (whose, _) in places_of(step.transaction, members).items() if whose != person]


def refuse_known_name(step: Step, faces: Sequence[int], person: str) -> None:
    """Raises: NameInUse when somebody has this name, unless these faces are theirs already."""
    theirs = step.catalog.faces_of_person(person)
    if theirs is None or set(faces) <= set(theirs):
        return
    known = plural(len(theirs), "face")
    raise NameInUse(f"somebody is called {person} already ({known}); --merge says that this is the same person")


def rename(folder: LibraryFolder, person: str, new: str, *, merge: bool = False, dry_run: bool = False) -> Decided:
    """`person` is called `new` from now on. merge: also when somebody is called that, and both become one person.

    Raises: UsageError when nobody is called so, or somebody is called `new` already.
    """
    chosen = checked(new)
    if is_id(chosen):
        raise UsageError(f"{chosen} reads as the id of a person: choose another name")
    with deciding(folder, dry_run=dry_run) as step:
        old = name_meant(step.transaction, person)
        faces = step.catalog.faces_of_person(old)
        if faces is None:
            raise unknown_person(step.catalog, person)
        if old == chosen:
            raise UsageError(f"{old} is called that already")
        if not merge and step.catalog.faces_of_person(chosen) is not None:
            raise UsageError(f"somebody is called {chosen} already; --merge makes both one person")
        return step.decide(kinds.RENAME, [], old, about=faces, renamed=chosen)


def merge(folder: LibraryFolder, albums: Sequence[int], *, dry_run: bool = False) -> Decided:
    """All faces of the albums are one person's. Raises: UsageError when the albums are different people's."""
    chosen = list(dict.fromkeys(albums))
    if len(chosen) < 2:
        raise UsageError("merging takes two albums or more")
    with deciding(folder, dry_run=dry_run) as step:
        members = [step.album(album) for album in chosen]
        people = {person: album for album in chosen if (person := step.person_of(album))}
        if len(people) > 1:
            (one, first), (other, second), *_ = people.items()
            raise UsageError(
                f"album {first} is {one}'s and album {second} is {other}'s; "
                f"`faceindex people merge {shlex.quote(one)} {shlex.quote(other)}` makes both one person"
            )
        return step.decide(kinds.MERGE, members[0], others=members[1:], about=[f for side in members for f in side])


def split(folder: LibraryFolder, album: int, faces: Sequence[int], *, dry_run: bool = False) -> Decided:
    """`faces` are another person's than the rest of the album. Raises: UsageError when they are not in it, or are all
    of it."""
    with deciding(folder, dry_run=dry_run) as step:
        chosen, rest = step.split_off(step.album(album), faces, f"album {album}")
        if not rest:
            raise UsageError(f"these are all faces of album {album}; leave at least one")
        return step.decide(kinds.SPLIT, chosen, step.person_of(album), others=[rest])


def reject(folder: LibraryFolder, faces: Sequence[int], *, dry_run: bool = False) -> Decided:
    """None of `faces` is of the person of its album, or of its name, nor belongs with any face there.

    Raises: UsageError when they are in different albums, or in none and have no name.
    """
    with deciding(folder, dry_run=dry_run) as step:
        chosen = step.faces(faces)
        album, person = step.place_of(chosen)
        if album is None and person is None:
            raise UsageError(f"face {chosen[0]} is in no album and has no name: there is nothing to reject it from")
        rest = [] if album is None else [face for face in step.album(album) if face not in set(chosen)]
        return step.decide(kinds.REJECT, chosen, person, others=[rest])


def confirm(folder: LibraryFolder, faces: Sequence[int], *, dry_run: bool = False) -> Decided:
    """Somebody looked at `faces`, and they are whose they are said to be: an audit does not ask about them again.

    Raises: UsageError when they are nobody's, or several people's.
    """
    with deciding(folder, dry_run=dry_run) as step:
        chosen = step.faces(faces)
        people = {face: person for face, (person, _) in places_of(step.transaction, chosen).items()}
        if nobodys := [face for face, person in people.items() if person is None]:
            raise UsageError(f"face {nobodys[0]} has no name; `faceindex people name face:{nobodys[0]} NAME` gives one")
        if len(set(people.values())) > 1:
            raise UsageError("these faces are different people's; confirm those of one at a time")
        return step.decide(kinds.CONFIRM, chosen, people[chosen[0]])


def move(folder: LibraryFolder, faces: Sequence[int], album: int, *, dry_run: bool = False) -> Decided:
    """`faces` are of the person of the album, and not of the one where they are now.

    Raises: UsageError when they are in several albums, or in this one already.
    """
    with deciding(folder, dry_run=dry_run) as step:
        chosen, target = step.faces(faces), step.album(album)
        old, person = step.place_of(chosen)
        if old == album:
            raise UsageError(f"face {chosen[0]} is in album {album} already")
        rest = [] if old is None else [face for face in step.album(old) if face not in set(chosen)]
        person = None if old is None or person == step.person_of(album) else person
        return step.decide(kinds.MOVE, chosen, person, others=[target, rest])


def cannot_link(
    folder: LibraryFolder, faces: Sequence[int], others: Sequence[int], person: str | None, *, dry_run: bool = False
) -> Decided:
    """None of `faces` is the same person as any of `others`, nor `person`, whom those are of."""
    with deciding(folder, dry_run=dry_run) as step:
        return step.decide(kinds.APART, step.faces(faces), person, others=[step.faces(others)])


def deny(folder: LibraryFolder, face: int, person: str, *, dry_run: bool = False) -> Decided:
    """The face is not `person`'s, whoever it is. Raises: UsageError when there is no such face."""
    with deciding(folder, dry_run=dry_run) as step:
        return step.decide(kinds.APART, step.faces([face]), person)


def hide(folder: LibraryFolder, target: Target, *, hidden: bool, dry_run: bool = False) -> Decided:
    """Hide an album, a face or a person, or show it again. Raises: UsageError when it does not exist."""
    kind = kinds.HIDE if hidden else kinds.UNHIDE
    with deciding(folder, dry_run=dry_run) as step:
        if target.person is not None:
            if step.catalog.faces_of_person(target.person) is None:
                raise unknown_person(step.catalog, target.person)
            person = name_meant(step.transaction, target.person)
            return step.decide(kind, [], person, about=step.members(target) if dry_run else ())
        if target.album is not None:
            return step.decide(kind, step.album(target.album))
        return step.decide(kind, [], others=[step.faces([target.face or 0])])


def checked(name: str) -> str:
    """The name as it is stored. Raises: UsageError."""
    try:
        return checked_name(name)
    except ValueError as error:
        raise UsageError(str(error)) from error
