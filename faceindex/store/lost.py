"""Faces that people decided about and that an edit of their photo took away: they are listed, and wait to come back."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Collection, Iterable

from faceindex.journal.acts import APART, MOVE, REJECT, SPLIT, Act, live, with_last_names
from faceindex.journal.state import fold
from faceindex.store.acts import LISTED, listed, read_acts
from faceindex.store.catalog import Catalog
from faceindex.store.rows import Arrival, now
from faceindex.types import LostFace


def keep_lost(transaction: sqlite3.Connection, arrivals: Iterable[Arrival]) -> set[int]:
    """Note which faces with decisions each photo has no more, before they are removed. Returns their ids.

    Also of faces that it had lost before: they stay with it. Those that it has again are forgotten about.
    """
    lost: set[int] = set()
    for arrival in arrivals:
        (photo,) = transaction.execute("SELECT id FROM photos WHERE content = ?", (arrival.content,)).fetchone()
        gone = {face.face: face for face in arrival.former if face.face not in arrival.ids}
        decided = _decided(transaction, gone)
        lost |= decided
        for face in sorted(decided):
            place, distance = arrival.unsure.get(face, (None, None))
            vector = gone[face].vector
            transaction.execute(
                """INSERT INTO lost_faces (face, photo, vector, lost, candidate, distance) VALUES (?, ?, ?, ?, ?, ?)
                ON CONFLICT (face) DO UPDATE SET photo = excluded.photo, candidate = excluded.candidate,
                    distance = excluded.distance, vector = COALESCE(excluded.vector, vector)""",
                (
                    *(face, photo, None if vector is None else vector.astype("<f4").tobytes(), now()),
                    *(None if place is None else arrival.ids[place], distance),
                ),
            )
    return lost


def drop_found(transaction: sqlite3.Connection) -> None:
    """Faces that are in the library are not lost."""
    transaction.execute("DELETE FROM lost_faces WHERE face IN (SELECT id FROM faces)")


def lost_faces(catalog: Catalog, faces: Collection[int] | None = None) -> list[LostFace]:
    """Faces with a name that their photo lost and nobody in it has now, by the photo's path. faces: only these.

    A face of the photo is only offered for one if nobody said who it is, or that it is not this person.
    """
    rows = catalog.connection.execute(
        f"""SELECT lost_faces.face, (SELECT MIN(path) FROM paths WHERE paths.photo = lost_faces.photo), lost, distance,
            candidate, lost_faces.photo FROM lost_faces
        WHERE {"TRUE" if faces is None else f"lost_faces.face IN {LISTED}"} ORDER BY 2, 1""",
        () if faces is None else (listed(faces),),
    ).fetchall()
    if not rows:
        return []
    acts = with_last_names(live(read_acts(catalog.connection)))
    state = fold(acts)
    found = []
    for face, path, lost, distance, candidate, photo in rows:
        person = state.person.get(face)
        if person is None or person in _people_in(catalog.connection, photo):
            continue
        asked = candidate if candidate is not None and _is_open(catalog.connection, acts, candidate, person) else None
        found.append(LostFace(face, person, os.fsdecode(path or b""), lost, asked, distance if asked else None))
    return found


def _decided(transaction: sqlite3.Connection, faces: Iterable[int]) -> set[int]:
    statement = f"SELECT DISTINCT face FROM decisions WHERE face IN {LISTED}"
    return {row[0] for row in transaction.execute(statement, (listed(faces),))}


def _people_in(connection: sqlite3.Connection, photo: int) -> set[str]:
    statement = """SELECT name FROM faces JOIN person_faces ON face = faces.id JOIN people ON people.id = person
        WHERE photo = ?"""
    return {row[0] for row in connection.execute(statement, (photo,))}


def _is_open(connection: sqlite3.Connection, acts: Iterable[Act], face: int, person: str) -> bool:
    """Whether the face is there, and nobody said whose it is or that it is not this person's."""
    statement = "SELECT 1 FROM faces WHERE id = ?1 AND id NOT IN (SELECT face FROM person_faces)"
    denied = (act for act in acts if act.kind in (APART, REJECT, SPLIT, MOVE) and act.person == person)
    there = connection.execute(statement, (face,)).fetchone() is not None
    return there and not any(face in act.side(0) for act in denied)
