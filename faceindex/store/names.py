"""Names of faces follow from the journal of decisions: what people said, never changed and never derived away.

A decision holds, beside the id of its face, the photo's content and the face's box then: by them it is known again.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable

from faceindex.store.rows import Arrival, now
from faceindex.types import Box

NAME, UNNAME, FOLLOW = "name", "unname", "follow"
"""Kinds of decisions: this face is that person's; this face is nobody's; this face is now in another photo."""


def decide(transaction: sqlite3.Connection, kind: str, faces: Iterable[int], person: str | None = None) -> None:
    """Write one decision about each of `faces`, and make it true."""
    chosen = _listed(faces)
    transaction.execute(
        """INSERT INTO decisions (made, kind, person, face, content, x, y, width, height)
        SELECT ?, ?, ?, faces.id, content, x, y, faces.width, faces.height FROM faces JOIN photos ON photos.id = photo
        WHERE faces.id IN (SELECT value FROM json_each(?))""",
        (now(), kind, person, chosen),
    )
    _replay(transaction, chosen)


def replay(transaction: sqlite3.Connection, faces: Iterable[int]) -> None:
    """Name `faces` as the journal says."""
    _replay(transaction, _listed(faces))


def follow_photo(transaction: sqlite3.Connection, arrival: Arrival) -> None:
    """Note where faces that were decided about are now: their photo was edited, or came back."""
    moved = [
        (now(), FOLLOW, face_id, arrival.content, *face.box.as_list())
        for face_id, face in zip(arrival.ids, arrival.faces, strict=True)
        if (anchor := _anchor(transaction, face_id)) is not None and anchor != (arrival.content, face.box)
    ]
    transaction.executemany(
        "INSERT INTO decisions (made, kind, face, content, x, y, width, height) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", moved
    )


def _anchor(transaction: sqlite3.Connection, face: int) -> tuple[bytes, Box] | None:
    row = transaction.execute(
        "SELECT content, x, y, width, height FROM decisions WHERE face = ? ORDER BY id DESC LIMIT 1", (face,)
    ).fetchone()
    return (row[0], Box(*row[1:])) if row else None


def _replay(transaction: sqlite3.Connection, chosen: str) -> None:
    transaction.execute(
        """INSERT OR IGNORE INTO people (name) SELECT DISTINCT person FROM decisions
        WHERE person IS NOT NULL AND face IN (SELECT value FROM json_each(?))""",
        (chosen,),
    )
    transaction.execute("DELETE FROM person_faces WHERE face IN (SELECT value FROM json_each(?))", (chosen,))
    transaction.execute(
        """INSERT INTO person_faces SELECT face, people.id FROM decisions JOIN people ON name = person
        WHERE decisions.id IN (
            SELECT MAX(id) FROM decisions
            WHERE kind != 'follow' AND face IN (SELECT value FROM json_each(?)) GROUP BY face)
        AND face IN (SELECT id FROM faces)""",
        (chosen,),
    )


def _listed(faces: Iterable[int]) -> str:
    return json.dumps([int(face) for face in faces])
