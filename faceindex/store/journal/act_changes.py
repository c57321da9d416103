"""The person and the album of an act's faces, before it and after it."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict

from faceindex.store.journal.acts import LISTED, listed
from faceindex.types import ActChange

Place = tuple[str | None, int | None]
"""Person, by a decision or by the album, and album."""

NOWHERE: Place = (None, None)
"""Of nobody, in no album."""


def places_of(connection: sqlite3.Connection, faces: Iterable[int]) -> dict[int, Place]:
    """By face; one that is not in the library is left out, what is no face is nobody's and nowhere."""
    rows = connection.execute(
        f"""SELECT faces.id, COALESCE(own.name, theirs.name), album FROM faces
        LEFT JOIN album_faces ON album_faces.face = faces.id LEFT JOIN albums ON albums.id = album
        LEFT JOIN person_faces ON person_faces.face = faces.id LEFT JOIN people AS own ON own.id = person_faces.person
        LEFT JOIN people AS theirs ON theirs.id = albums.person WHERE faces.id IN {LISTED}
        UNION ALL SELECT face, NULL, NULL FROM not_faces WHERE face IN {LISTED} ORDER BY 1""",
        (listed(faces), listed(faces)),
    )
    return {face: (person, album) for face, person, album in rows}


def changes_between(before: Mapping[int, Place], after: Mapping[int, Place]) -> tuple[ActChange, ...]:
    """What changed, for people to read: one entry for all faces with the same change."""
    ways = Counter((before[face], after[face]) for face in before if face in after)
    first = {(before[face], after[face]): face for face in sorted(before, reverse=True) if face in after}
    return tuple(ActChange(count, first[way], *way[0], *way[1]) for way, count in ways.most_common())


def keep_change(
    transaction: sqlite3.Connection, act: int, before: Mapping[int, Place], after: Mapping[int, Place]
) -> tuple[ActChange, ...]:
    """Store and return what `act` changed, see `changes_between`."""
    said = changes_between(before, after)
    stored = json.dumps([list(asdict(change).values()) for change in said])
    transaction.execute("UPDATE acts SET change = ? WHERE id = ?", (stored, act))
    return said


def changes(connection: sqlite3.Connection, acts: Collection[int] | None = None) -> dict[int, tuple[ActChange, ...]]:
    """What each act changed, the most faces first. acts: only these."""
    which, values = ("TRUE", ()) if acts is None else (f"id IN {LISTED}", (listed(acts),))
    rows = connection.execute(f"SELECT id, change FROM acts WHERE change NOTNULL AND {which}", values)
    return {number: tuple(ActChange(*one) for one in json.loads(change)) for number, change in rows}


def forget_in_changes(transaction: sqlite3.Connection, people: Iterable[str]) -> None:
    """Forget the changes in which any of `people` is named."""
    names = set(people)
    for act, said in changes(transaction).items():
        if any(not names.isdisjoint((one.person_before, one.person_after)) for one in said):
            transaction.execute("UPDATE acts SET change = NULL WHERE id = ?", (act,))
