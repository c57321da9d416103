"""Names of other programs that may be those of faces here, and wait for an answer."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import NamedTuple

from faceindex.store.journal.acts import LISTED, dead_acts, denied, faces_with_denials, listed
from faceindex.store.people.faces_to_name import names_of_now

_FACES = "SELECT DISTINCT face FROM unsure_names"


class UnsureFace(NamedTuple):
    """A face that may be the person of whom another program knows that they are in the photo. probability: in [0, 1].
    origin: the program and its file."""

    face: int
    name: str
    probability: float
    origin: str


def keep_unsure(transaction: sqlite3.Connection, found: Iterable[UnsureFace], act: int | None) -> None:
    """Store who is to be asked about. act: the first one of the import; its questions go when it is undone."""
    undone = listed(dead_acts(transaction))
    transaction.execute(f"DELETE FROM unsure_names WHERE act IN {LISTED}", (undone,))
    transaction.executemany(
        """INSERT INTO unsure_names (face, name, probability, origin, act) VALUES (?, ?, ?, ?, ?)
        ON CONFLICT (face, name) DO UPDATE SET probability = excluded.probability, origin = excluded.origin""",
        ((*one, act) for one in found),
    )


def open_unsure(connection: sqlite3.Connection, face: int | None = None) -> Iterator[UnsureFace]:
    """Those that nobody answered, under people's present names, the most probable first. face: only of this one.

    Each face comes once, and each name once in a photo: with its next face after a no. Left out are faces with a name,
    hidden ones and those left alone, hidden people, and names that another face of the photo has.
    """
    stored = {name for (name,) in connection.execute("SELECT DISTINCT name FROM unsure_names")}
    if not stored:
        return
    now, dead = names_of_now(connection, stored), dead_acts(connection)
    spoken_of = faces_with_denials(connection, {number for (number,) in connection.execute(_FACES)})
    hidden = {name for (name,) in connection.execute("SELECT name FROM people WHERE hidden")}
    asked: set[int] = set()
    told: set[tuple[int, str]] = set()
    chosen = "" if face is None else f"AND photo = (SELECT photo FROM faces WHERE id = {face:d})"
    rows = connection.execute(
        f"""SELECT face, unsure.name, probability, unsure.origin, act, photo
        FROM unsure_names AS unsure INDEXED BY unsure_names_by_probability CROSS JOIN faces ON faces.id = face
        WHERE face NOT IN (SELECT face FROM person_faces) AND face NOT IN (SELECT face FROM hidden_faces)
            AND face NOT IN (SELECT face FROM unknown_faces)
            AND face NOT IN (SELECT face FROM album_faces JOIN albums ON albums.id = album
                WHERE albums.hidden OR albums.unknown) {chosen}
        ORDER BY probability DESC, face, unsure.name"""
    )
    for number, name, probability, origin, act, photo in rows:
        person = now.get(name, name)
        if act in dead or number in asked or (photo, person) in told or person in hidden:
            continue
        if _is_in_photo(connection, photo, person) or (number in spoken_of and person in denied(connection, number)):
            continue
        asked.add(number)
        told.add((photo, person))
        if face in (None, number):
            yield UnsureFace(number, person, probability, origin)


def copy_unsure(
    source: sqlite3.Connection,
    transaction: sqlite3.Connection,
    *,
    acts: Mapping[int, int],
    faces: Mapping[int, int],
    called: Mapping[str, str] | None = None,
) -> None:
    """Copy from `source` what is to be asked. acts, faces: ids there to ids here. called: names there to names here."""
    names = called or {}
    rows = source.execute("SELECT face, name, probability, origin, act FROM unsure_names").fetchall()
    transaction.executemany(
        "INSERT OR IGNORE INTO unsure_names (face, name, probability, origin, act) VALUES (?, ?, ?, ?, ?)",
        [
            (faces[face], names.get(name, name), *rest, acts.get(act))
            for face, name, *rest, act in rows
            if face in faces and (act is None or act in acts)
        ],
    )


def forget_unsure(transaction: sqlite3.Connection, faces: Collection[int], people: Collection[str]) -> None:
    """Forget what was to be asked about these faces, and these people, also under the names that they had."""
    stored = {name for (name,) in transaction.execute("SELECT DISTINCT name FROM unsure_names")}
    now = names_of_now(transaction, stored)
    names = {name for name in stored if name in people or now.get(name) in people}
    statement = f"DELETE FROM unsure_names WHERE face IN {LISTED} OR name IN {LISTED}"
    transaction.execute(statement, (listed(faces), listed(names)))


def _is_in_photo(connection: sqlite3.Connection, photo: int, person: str) -> bool:
    """Whether a face of the photo was said to be this person's."""
    statement = """SELECT 1 FROM faces CROSS JOIN person_faces ON person_faces.face = faces.id
        JOIN people ON people.id = person WHERE photo = ? AND name = ?"""
    return connection.execute(statement, (photo, person)).fetchone() is not None
