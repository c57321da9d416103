"""Faces that people decided about and that an edit removed from their photo: they are listed, and wait to come back."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from faceindex.store.catalog import Catalog
from faceindex.store.cursors import ALL, begin, page_of
from faceindex.store.journal.acts import LISTED, denied, listed
from faceindex.store.photos.writing import Arrival, now
from faceindex.types import LostFace, Page


def keep_lost(transaction: sqlite3.Connection, arrivals: Iterable[Arrival]) -> set[int]:
    """Store which decided faces each photo has lost, before they are removed. Returns their ids.

    Faces that the photo had lost before stay lost; faces that it has again are no longer lost.
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
    """Faces that are back in the library are no longer lost. With IN, SQLite would read the ids of all faces."""
    transaction.execute("DELETE FROM lost_faces WHERE EXISTS (SELECT 1 FROM faces WHERE id = lost_faces.face)")


def lost_faces(catalog: Catalog, faces: Collection[int] | None = None) -> list[LostFace]:
    """Faces with a name that their photo has lost, unless the person has another face in it now; by the photo's path.
    faces: only these.

    A face of the photo is offered as the lost one only if nobody said who it is, or that it is not this person.
    """
    chosen, values = ("TRUE", ()) if faces is None else (f"lost_faces.face IN {LISTED}", (listed(faces),))
    return [_lost_face(catalog.connection, row) for row in _lost(catalog, chosen, values, -1)]


def lost_page(catalog: Catalog, *, limit: int | None, cursor: str | None = None) -> Page[LostFace]:
    """As `lost_faces`."""
    limit = ALL if limit is None else limit
    key = begin("lost faces", cursor, limit)
    after = (b"", 0) if key is None else (os.fsencode(str(key[0])), key[1])
    found = [_lost_face(catalog.connection, row) for row in _lost(catalog, "(path, face) > (?, ?)", after, limit + 1)]
    return page_of("lost faces", found, limit, lambda one: (one.photo, one.face))


def _lost(catalog: Catalog, chosen: str, values: Sequence[object], most: int) -> list[tuple[Any, ...]]:
    return catalog.connection.execute(
        f"""SELECT * FROM (SELECT lost_faces.face, lost, distance, candidate, name,
                COALESCE((SELECT MIN(path) FROM paths WHERE photo = lost_faces.photo), x'') AS path
            FROM lost_faces JOIN absent_names ON absent_names.face = lost_faces.face
            WHERE NOT EXISTS (SELECT 1 FROM faces JOIN person_faces ON person_faces.face = faces.id
                JOIN people ON people.id = person WHERE photo = lost_faces.photo AND people.name = absent_names.name))
            AS lost_faces WHERE {chosen} ORDER BY path, face LIMIT ?""",
        (*values, most),
    ).fetchall()


def _lost_face(connection: sqlite3.Connection, row: tuple[Any, ...]) -> LostFace:
    face, lost, distance, candidate, person, path = row
    asked = candidate if candidate is not None and _is_open(connection, candidate, person) else None
    return LostFace(face, person, os.fsdecode(path), lost, asked, distance if asked else None)


def _decided(transaction: sqlite3.Connection, faces: Iterable[int]) -> set[int]:
    statement = f"SELECT DISTINCT face FROM decisions WHERE face IN {LISTED}"
    return {row[0] for row in transaction.execute(statement, (listed(faces),))}


def _is_open(connection: sqlite3.Connection, face: int, person: str) -> bool:
    """Whether the face is there, and nobody said whose it is or that it is not this person's."""
    statement = "SELECT 1 FROM faces WHERE id = ?1 AND id NOT IN (SELECT face FROM person_faces)"
    return connection.execute(statement, (face,)).fetchone() is not None and person not in denied(connection, face)
