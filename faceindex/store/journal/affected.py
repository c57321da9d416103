"""What a new act may change: the faces, people and albums that it can reach. All others need not be looked at.

A new act takes precedence over older ones. So it may make older acts count that did not, or the other way round. But
only acts that bind pass this on: from face to face, and between a face and the person that it was last named.
Cannot-links matter only between faces that could be bound. Faces that share a cluster, an album or an album's number
are affected together, since albums follow from all of them. All names that a person had count as one here.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection
from dataclasses import dataclass

from faceindex.journal.acts import CONFIRM, DRAW, MERGE, MOVE, NAME, SPLIT, UNDO, UNNAME, Act
from faceindex.store.journal.acts import LISTED, dead_acts, listed, other_names, read_acts

_BINDS = f"(kind = '{MERGE}' OR (kind = '{SPLIT}' AND side = 0) OR (kind = '{MOVE}' AND side < 2))"
_GIVES_A_NAME = f"(kind IN ('{NAME}', '{CONFIRM}') OR kind = '{DRAW}' AND person NOTNULL)"
_NAMES = f"(side = 0 AND ({_GIVES_A_NAME} OR kind = '{UNNAME}'))"
_SPOKEN = "FROM decisions CROSS JOIN acts ON acts.id = decisions.act WHERE"
_ALBUMS_OF_FACES = (
    *(("album_faces", "album"), ("clusters", "cluster"), ("album_seeds", "album")),
    ("(SELECT face, cluster FROM not_faces WHERE cluster NOTNULL)", "cluster"),
)


@dataclass(frozen=True, slots=True)
class Affected:
    """What may be different after an act.

    faces: also faces that are in no photo now. people: names, also of people who no longer exist. albums: numbers, also
    of albums that no longer exist.
    """

    faces: frozenset[int]
    people: frozenset[str]
    albums: frozenset[int]


def affected_by(transaction: sqlite3.Connection, act: int) -> Affected:
    """What the newest act, which is written already, may change."""
    reach = _Reach(transaction, act)
    faces, people = reach.begin()
    albums: set[int] = set()
    found: tuple[set[int], set[str], set[int]] = set(), set(), set()
    while faces or people or albums:
        for known, new in zip(found, (faces, people, albums), strict=True):
            known |= new  # type: ignore[operator]
        further = (
            reach.bound_to(faces) | reach.named(people) | reach.in_albums(albums),
            reach.people_of(faces),
            reach.albums_of(faces) | reach.once_the_same(albums),
        )
        faces, people, albums = further[0] - found[0], further[1] - found[1], further[2] - found[2]
    return Affected(frozenset(found[0]), frozenset(found[1]), frozenset(found[2]))


def acts_about(connection: sqlite3.Connection, affected: Affected) -> list[Act]:
    """The acts that count and are about these faces or these people, without undos. Other faces are left out of
    them."""
    spoken = _numbers(connection, f"SELECT act FROM decisions WHERE act NOTNULL AND face IN {LISTED}", affected.faces)
    spoken |= _numbers(connection, f"SELECT id FROM acts WHERE person IN {LISTED}", affected.people)
    acts = read_acts(connection, sorted(spoken - dead_acts(connection).keys()), affected.faces)
    return [act for act in acts if act.kind != UNDO]


class _Reach:
    """One step from what is affected to what that affects."""

    def __init__(self, transaction: sqlite3.Connection, act: int) -> None:
        self._transaction = transaction
        self._act = act
        self._dead_before, self._dead = dead_acts(transaction, before=act), dead_acts(transaction)
        self._heard: set[int] = set()

    def begin(self) -> tuple[set[int], set[str]]:
        """The faces and people of the act, and of the acts that count since it and did not before, or the other way
        round."""
        changed = {self._act} | (self._dead_before.keys() ^ self._dead.keys())
        faces = _numbers(self._transaction, f"SELECT face FROM decisions WHERE act IN {LISTED}", changed)
        statement = f"SELECT person FROM acts WHERE person NOTNULL AND id IN {LISTED}"
        people = {row[0] for row in self._transaction.execute(statement, (listed(changed),))}
        return faces, other_names(self._transaction, people)

    def bound_to(self, faces: Collection[int]) -> set[int]:
        """The faces that acts try to bind to `faces`."""
        acts = _numbers(self._transaction, f"SELECT act {_SPOKEN} {_BINDS} AND face IN {LISTED}", faces) - self._heard
        self._heard |= acts
        counting = [act for act in acts if any(self._counts(act))]
        return _numbers(self._transaction, f"SELECT face {_SPOKEN} {_BINDS} AND act IN {LISTED}", counting)

    def people_of(self, faces: Collection[int]) -> set[str]:
        """The people that `faces` were last named, before the act and since, under all their names."""
        named = {name for names in self._last_names(faces).values() for name in names if name is not None}
        return other_names(self._transaction, named)

    def named(self, people: Collection[str]) -> set[int]:
        """The faces that were last named so, before the act or since."""
        statement = f"""SELECT face FROM decisions WHERE side = 0 AND act IN (
            SELECT id FROM acts WHERE {_GIVES_A_NAME} AND person IN {LISTED})"""
        names = self._last_names(_numbers(self._transaction, statement, people))
        return {face for face, (before, since) in names.items() if before in people or since in people}

    def in_albums(self, albums: Collection[int]) -> set[int]:
        """The faces that are or were in albums of these numbers: now, by clustering, or when a number was given."""
        return {
            face
            for table, number in _ALBUMS_OF_FACES
            for face in _numbers(self._transaction, f"SELECT face FROM {table} WHERE {number} IN {LISTED}", albums)
        }

    def albums_of(self, faces: Collection[int]) -> set[int]:
        """The numbers of the albums that `faces` are or were in, as in `in_albums`."""
        return {
            found
            for table, number in _ALBUMS_OF_FACES
            for found in _numbers(self._transaction, f"SELECT {number} FROM {table} WHERE face IN {LISTED}", faces)
        }

    def once_the_same(self, albums: Collection[int]) -> set[int]:
        """The numbers that the same sets of faces had at other times."""
        statement = f"""SELECT album FROM album_versions WHERE faces IN (
            SELECT faces FROM album_versions WHERE album IN {LISTED})"""
        return _numbers(self._transaction, statement, albums)

    def _last_names(self, faces: Collection[int]) -> dict[int, tuple[str | None, str | None]]:
        """What every face that was ever named was last named before the act, and what since; None for nothing."""
        statement = f"SELECT face, act, person {_SPOKEN} {_NAMES} AND face IN {LISTED} ORDER BY act"
        names: dict[int, tuple[str | None, str | None]] = {}
        for face, act, person in self._transaction.execute(statement, (listed(faces),)) if faces else ():
            former = names.get(face, (None, None))
            before, since = self._counts(act)
            names[face] = person if before else former[0], person if since else former[1]
        return names

    def _counts(self, act: int) -> tuple[bool, bool]:
        """Whether an act counted before the new one, and whether it does since."""
        return act != self._act and act not in self._dead_before, act not in self._dead


def _numbers(connection: sqlite3.Connection, statement: str, values: Collection[int] | Collection[str]) -> set[int]:
    """What a statement about a list selects; nothing of an empty one."""
    return {row[0] for row in connection.execute(statement, (listed(values),))} if values else set()
