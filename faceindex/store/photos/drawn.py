"""Faces that users drew and that are in no photo now, though their photos are in the library."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from faceindex.journal.acts import DRAW
from faceindex.store.journal.acts import LISTED, dead_among, listed
from faceindex.store.photos.writing import Arrival
from faceindex.types import Box


@dataclass(frozen=True, slots=True)
class MissingFace:
    """A drawn face that waits to be analysed again. box: where it should be in `photo`, an id. vector: float32 [d] that
    it had before an edit, if that is known."""

    face: int
    photo: int
    box: Box
    vector: npt.NDArray[np.float32] | None


def missing_faces(connection: sqlite3.Connection) -> list[MissingFace]:
    """Those of acts that count, by rising id; without those that were looked for in vain, see `looked_in_vain`."""
    rows = connection.execute(
        f"""SELECT decisions.face, MAX(decisions.id), act FROM acts CROSS JOIN decisions ON act = acts.id
        WHERE kind = '{DRAW}' AND decisions.face NOT IN (SELECT id FROM faces)
            AND decisions.face NOT IN (SELECT face FROM not_faces) GROUP BY decisions.face"""
    ).fetchall()
    dead = dead_among(connection, [act for *_, act in rows]) if rows else {}
    wanted = [face for face, _, act in rows if act not in dead]
    if not wanted:
        return []
    places = connection.execute(
        f"""SELECT face, photos.id, x, y, decisions.width, decisions.height, vector FROM decisions
            JOIN photos USING (content) LEFT JOIN lost_faces USING (face)
        WHERE decisions.id IN (SELECT MAX(id) FROM decisions WHERE face IN {LISTED} GROUP BY face)
            AND NOT (candidate IS NULL AND distance NOTNULL) ORDER BY face""",
        (listed(wanted),),
    )
    return [
        MissingFace(face, photo, Box(*box), None if vector is None else np.frombuffer(vector, dtype="<f4"))
        for face, photo, *box, vector in places
    ]


def looked_in_vain(transaction: sqlite3.Connection, face: int, distance: float) -> None:
    """The face at the expected place is another one, so far from it; it is not looked for there again."""
    transaction.execute("UPDATE lost_faces SET candidate = NULL, distance = ? WHERE face = ?", (distance, face))


def note_places_of_drawn(transaction: sqlite3.Connection, arrivals: Iterable[Arrival]) -> None:
    """Store where drawn faces should lie in edited photos, in which no detector found them."""
    for arrival in arrivals:
        gone = {face: box for face, box in arrival.expected.items() if face not in arrival.ids}
        drawn = transaction.execute(
            f"""SELECT DISTINCT face FROM acts JOIN decisions ON act = acts.id
            WHERE kind = '{DRAW}' AND face IN {LISTED}""",
            (listed(gone),),
        ).fetchall()
        transaction.executemany(
            "INSERT INTO decisions (act, side, face, content, x, y, width, height) VALUES (NULL, 0, ?, ?, ?, ?, ?, ?)",
            [(face, arrival.content, *gone[face].as_list()) for (face,) in drawn],
        )
