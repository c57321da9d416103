"""The steps of a user: each is one act in the journal, and albums follow in the same transaction."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from faceindex.errors import UsageError
from faceindex.journal import acts as kinds
from faceindex.journal.acts import Act
from faceindex.journal.person_names import checked_name, same_but_for_case
from faceindex.journal.state import fold
from faceindex.people.albums import derive_affected, derive_albums
from faceindex.people.grouping import CLUSTERED_AFTER
from faceindex.people.history import past_act
from faceindex.people.putting_back import put_back
from faceindex.people.undoing_imports import undo_whole_import
from faceindex.store import albums as rows
from faceindex.store.catalog import Catalog
from faceindex.store.folder import LibraryFolder
from faceindex.store.journal.act_changes import keep_change, places_of
from faceindex.store.journal.acts import dead_acts, newest_step, read_acts
from faceindex.store.journal.imports import same_import
from faceindex.store.journal.names import ALBUMS_DUE, decide
from faceindex.store.people.known_people import names_of_people, unknown_person
from faceindex.store.people.person_ids import is_id, name_meant
from faceindex.types import Decided


@dataclass(frozen=True, slots=True)
class Target:
    """What is named or hidden: exactly one of these."""

    album: int | None = None
    face: int | None = None
    person: str | None = None


def name(folder: LibraryFolder, target: Target, person: str) -> Decided:
    """The face, or all faces of the album, are `person`'s. Raises: UsageError."""
    _checked(person)
    with _deciding(folder) as step:
        chosen = name_meant(step.transaction, person)
        faces = step.album(target.album) if target.album is not None else step.faces([target.face or 0])
        return step.decide(kinds.NAME, faces, chosen)


def rename(folder: LibraryFolder, person: str, new: str, *, merge: bool = False) -> Decided:
    """`person` is called `new` from now on. merge: also when somebody is called that, and both become one person.

    Raises: UsageError when nobody is called so, or somebody is called `new` already.
    """
    chosen = _checked(new)
    if is_id(chosen):
        raise UsageError(f"{chosen} reads as the id of a person: choose another name")
    with _deciding(folder) as step:
        old = name_meant(step.transaction, person)
        faces = step.catalog.faces_of_person(old)
        if faces is None:
            raise unknown_person(step.catalog, person)
        if old == chosen:
            raise UsageError(f"{old} is called that already")
        if not merge and step.catalog.faces_of_person(chosen) is not None:
            raise UsageError(f"somebody is called {chosen} already; --merge makes both one person")
        return step.decide(kinds.RENAME, [], old, about=faces, renamed=chosen)


def merge(folder: LibraryFolder, albums: Sequence[int]) -> Decided:
    """All faces of the albums are one person's. Raises: UsageError when the albums are different people's."""
    chosen = list(dict.fromkeys(albums))
    if len(chosen) < 2:
        raise UsageError("merging takes two albums or more")
    with _deciding(folder) as step:
        members = [step.album(album) for album in chosen]
        people = {person: album for album in chosen if (person := step.person_of(album))}
        if len(people) > 1:
            (one, first), (other, second), *_ = people.items()
            raise UsageError(
                f"album {first} is {one}'s and album {second} is {other}'s; "
                f'`faceindex people name {second} "{one}"` makes both the same person'
            )
        return step.decide(kinds.MERGE, members[0], others=members[1:], about=[f for side in members for f in side])


def split(folder: LibraryFolder, album: int, faces: Sequence[int]) -> Decided:
    """`faces` are one other person's than the rest of the album. Raises: UsageError when they are not in it, or all."""
    with _deciding(folder) as step:
        taken, rest = step.taken_from(step.album(album), faces, f"album {album}")
        if not rest:
            raise UsageError(f"these are all faces of album {album}; leave at least one")
        return step.decide(kinds.SPLIT, taken, step.person_of(album), others=[rest])


def reject(folder: LibraryFolder, faces: Sequence[int]) -> Decided:
    """Each of `faces` is not of the person that its album and its name are of, and belongs with no face there.

    Raises: UsageError when they are in different albums, or in none and have no name.
    """
    with _deciding(folder) as step:
        taken = step.faces(faces)
        album, person = step.place_of(taken)
        if album is None and person is None:
            raise UsageError(f"face {taken[0]} is in no album and has no name: there is nothing to reject it from")
        rest = [] if album is None else [face for face in step.album(album) if face not in set(taken)]
        return step.decide(kinds.REJECT, taken, person, others=[rest])


def move(folder: LibraryFolder, faces: Sequence[int], album: int) -> Decided:
    """`faces` are of the person of the album, and not of the one where they are now.

    Raises: UsageError when they are in several albums, or in this one already.
    """
    with _deciding(folder) as step:
        taken, target = step.faces(faces), step.album(album)
        old, person = step.place_of(taken)
        if old == album:
            raise UsageError(f"face {taken[0]} is in album {album} already")
        rest = [] if old is None else [face for face in step.album(old) if face not in set(taken)]
        person = None if old is None or person == step.person_of(album) else person
        return step.decide(kinds.MOVE, taken, person, others=[target, rest])


def keep_apart(folder: LibraryFolder, faces: Sequence[int], others: Sequence[int], person: str | None) -> Decided:
    """None of `faces` belongs with any of `others`, nor is `person`'s, who those are."""
    with _deciding(folder) as step:
        return step.decide(kinds.APART, step.faces(faces), person, others=[step.faces(others)])


def deny(folder: LibraryFolder, face: int, person: str) -> Decided:
    """The face is not `person`'s, whoever it is. Raises: UsageError when there is no such face."""
    with _deciding(folder) as step:
        return step.decide(kinds.APART, step.faces([face]), person)


def hide(folder: LibraryFolder, target: Target, *, hidden: bool) -> Decided:
    """List an album, a face or a person no more, or again. Raises: UsageError when there is none such."""
    kind = kinds.HIDE if hidden else kinds.UNHIDE
    with _deciding(folder) as step:
        if target.person is not None:
            if step.catalog.faces_of_person(target.person) is None:
                raise unknown_person(step.catalog, target.person)
            return step.decide(kind, [], name_meant(step.transaction, target.person))
        if target.album is not None:
            return step.decide(kind, step.album(target.album))
        return step.decide(kind, [], others=[step.faces([target.face or 0])])


def undo(folder: LibraryFolder, act: int | None = None) -> Decided:
    """Take back an act, by default the newest that counts; an undo can be taken back, too.

    Raises: UsageError when there is no such act, or it does not count any more.
    """
    with _deciding(folder) as step:
        chosen = _to_undo(step.transaction, act)
        if imported := same_import(step.transaction, chosen.act):
            done = undo_whole_import(step.transaction, chosen.act, imported)
            return replace(done, undone=past_act(step.catalog, chosen.act))
        if chosen.act <= int(step.catalog.settings().get(CLUSTERED_AFTER, 0)):
            put_back(step.transaction, [chosen], fold(read_acts(step.transaction)))
        about = [face for side in chosen.sides for face in side]
        if chosen.kind == kinds.RENAME:
            about = step.catalog.faces_of_person(chosen.renamed or "") or []
        done = step.decide(kinds.UNDO, [], undoes=chosen.act, about=about)
        return replace(done, undone=past_act(step.catalog, chosen.act))


def _to_undo(transaction: sqlite3.Connection, number: int | None) -> Act:
    dead = dead_acts(transaction)
    if number is None:
        number = newest_step(transaction)
        if number is None:
            raise UsageError("there is nothing to undo; `faceindex people history` shows what was decided")
    if number in dead:
        raise UsageError(f"act {number} is undone already; `faceindex people undo {dead[number]}` takes that back")
    found = read_acts(transaction, [number])
    if not found:
        raise UsageError(f"no act {number}; `faceindex people history` shows what was decided")
    return found[0]


@contextmanager
def together(folder: LibraryFolder) -> Iterator[None]:
    """The acts of this thread inside become true at once, or none of them: one transaction, one commit to wait for.

    Each sees what the ones before it changed; readers see nothing until the end. An error inside takes all back.
    """
    if _open_step(folder) is not None:
        yield
        return
    with _deciding(folder) as step:
        _steps.open[folder.path] = step
        try:
            yield
        finally:
            del _steps.open[folder.path]


class _Steps(threading.local):
    """What this thread has begun with `together`, by the library's folder."""

    def __init__(self) -> None:
        self.open: dict[Path, _Step] = {}


_steps = _Steps()


def _open_step(folder: LibraryFolder) -> _Step | None:
    return _steps.open.get(folder.path)


@contextmanager
def _deciding(folder: LibraryFolder) -> Iterator[_Step]:
    """One transaction, in which albums are as they should be."""
    begun = _open_step(folder)
    if begun is not None:
        yield begun
        return
    with folder.decisions() as catalog, catalog.transaction() as transaction:
        if ALBUMS_DUE in catalog.settings():
            derive_albums(transaction)
        yield _Step(catalog, transaction)


@dataclass(frozen=True, slots=True)
class _Step:
    """What a step reads, and the act it writes."""

    catalog: Catalog
    transaction: sqlite3.Connection

    def album(self, album: int | None) -> list[int]:
        """The faces of an album, also hidden ones. Raises: UsageError when there is no such album."""
        faces = rows.faces_in(self.transaction, album or 0)
        if not faces:
            raise UsageError(f"no album {album}; `faceindex albums list` shows them, `faceindex cluster` makes them")
        return faces

    def faces(self, faces: Sequence[int]) -> list[int]:
        """Each of `faces` once. Raises: UsageError when one is not in the library, or none is given."""
        chosen = sorted(set(faces))
        known = self.catalog.faces_with(chosen)
        if unknown := [face for face in chosen if face not in known]:
            raise UsageError(f"no face {unknown[0]} in the library; `faceindex albums show` lists those of an album")
        if not chosen:
            raise UsageError("no face is given")
        return chosen

    def taken_from(self, members: Sequence[int], faces: Sequence[int], what: str) -> tuple[list[int], list[int]]:
        """`faces`, and the other members. Raises: UsageError when a face is no member."""
        taken = self.faces(faces)
        if strangers := sorted(set(taken) - set(members)):
            raise UsageError(f"face {strangers[0]} is not in {what}")
        return taken, [face for face in members if face not in set(taken)]

    def place_of(self, faces: Sequence[int]) -> tuple[int | None, str | None]:
        """The album and the person that `faces` have in common. Raises: UsageError when those differ."""
        places = {(record.album, record.person) for record in self.catalog.faces_with(faces).values()}
        if len(places) > 1:
            raise UsageError("these faces are in different albums or different people's; take those of one at a time")
        return next(iter(places))

    def person_of(self, album: int) -> str | None:
        """Whose an album is."""
        return rows.person_of_album(self.transaction, album)

    def decide(
        self,
        kind: str,
        faces: Sequence[int],
        person: str | None = None,
        *,
        others: Sequence[Sequence[int]] = (),
        undoes: int | None = None,
        about: Sequence[int] = (),
        renamed: str | None = None,
    ) -> Decided:
        """Write the act, and let albums follow. about: faces concerned, if not `faces` and `others`."""
        concerned = about or [*faces, *(face for side in others for face in side)]
        before = places_of(self.transaction, concerned)
        decision = decide(self.transaction, kind, faces, person, others=others, undoes=undoes, renamed=renamed)
        derive_affected(self.transaction, decision)
        after = places_of(self.transaction, concerned)
        changed = keep_change(self.transaction, decision.act, before, after)
        spoken = about or faces or concerned
        albums = sorted({album for _, album in (after[face] for face in spoken if face in after) if album is not None})
        called = person if renamed is None else renamed
        return Decided(
            *(decision.act, kind, person, len(spoken), tuple(albums), undoes),
            renamed=renamed,
            changes=changed,
            similar=self._similar(called) if kind in (kinds.NAME, kinds.RENAME) and called else (),
        )

    def _similar(self, person: str) -> tuple[str, ...]:
        return tuple(same_but_for_case(person, names_of_people(self.transaction)))


def _checked(name: str) -> str:
    try:
        return checked_name(name)
    except ValueError as error:
        raise UsageError(str(error)) from error
