"""What users took out of lists and questions: what is no face, whom nobody wants to name, what is not asked again."""

from __future__ import annotations

import os
import sqlite3
from collections import defaultdict
from collections.abc import Collection
from itertools import product
from typing import TYPE_CHECKING

from faceindex.journal.acts import NEVER_SUGGEST, NOT_FACE
from faceindex.running.lazily import module
from faceindex.store.catalog import Catalog
from faceindex.store.cursors import ALL, begin, page_of
from faceindex.store.journal.acts import LISTED, dead_among, listed, with_names_of_now
from faceindex.types import Box, NeverSuggested, NotFace, Page

if TYPE_CHECKING:
    import numpy as np
else:
    np = module("numpy")


def not_faces_among(connection: sqlite3.Connection, faces: Collection[int]) -> set[int]:
    """Those of `faces` that are left out because they are no faces."""
    statement = f"SELECT face FROM not_faces WHERE face IN {LISTED}"
    return {face for (face,) in connection.execute(statement, (listed(faces),))}


def not_face_page(catalog: Catalog, *, limit: int | None, cursor: str | None = None) -> Page[NotFace]:
    """What users said is no face, by rising id. limit: None for all."""
    limit = ALL if limit is None else limit
    key = begin("not faces", cursor, limit)
    rows = catalog.connection.execute(
        f"""SELECT face, (SELECT MIN(path) FROM paths WHERE paths.photo = not_faces.photo), x, y, width, height, score,
            landmarks, (SELECT MAX(act) FROM decisions CROSS JOIN acts ON acts.id = act
                WHERE decisions.face = not_faces.face AND kind = '{NOT_FACE}') AS act
        FROM not_faces WHERE face > ? AND act NOTNULL ORDER BY face LIMIT ?""",
        (0 if key is None else key[0], limit + 1),
    )
    found = [
        NotFace(
            *(face, os.fsdecode(path), Box(*box), score),
            *(np.frombuffer(landmarks, dtype="<f4").reshape(-1, 2), act),
        )
        for face, path, *box, score, landmarks, act in rows
    ]
    return page_of("not faces", found, limit, lambda one: (one.face,))


def faces_left_alone(connection: sqlite3.Connection) -> list[int]:
    """Ids of the single faces that nobody wants to name, rising."""
    return [face for (face,) in connection.execute("SELECT face FROM unknown_faces ORDER BY face")]


def never_suggested_pairs(connection: sqlite3.Connection) -> list[NeverSuggested]:
    """The questions that are not asked again, by rising act."""
    acts = [act for (act,) in connection.execute("SELECT id FROM acts WHERE kind = ? ORDER BY id", (NEVER_SUGGEST,))]
    if not acts:
        return []
    dead = dead_among(connection, acts)
    persons = {act.act: act.person for act in with_names_of_now(connection, acts)}
    made = dict(connection.execute(f"SELECT id, made FROM acts WHERE id IN {LISTED}", (listed(acts),)))
    sides: dict[int, tuple[list[int], list[int]]] = defaultdict(lambda: ([], []))
    for act, side, face in connection.execute(
        f"SELECT act, side, face FROM decisions WHERE act IN {LISTED} ORDER BY face", (listed(acts),)
    ):
        sides[act][min(side, 1)].append(face)
    return [
        NeverSuggested(act, made[act], tuple(sides[act][0]), tuple(sides[act][1]), persons.get(act))
        for act in acts
        if act not in dead
    ]


def names_not_suggested(connection: sqlite3.Connection) -> set[frozenset[str]]:
    """Pairs of people of whom nobody is to be asked whether they are one."""
    found: set[frozenset[str]] = set()
    for pair in never_suggested_pairs(connection):
        ones, others = (_people_of(connection, side) for side in (pair.ones, pair.others))
        others |= {pair.person} if pair.person is not None else set()
        found |= {frozenset(names) for names in product(ones, others)}
    return found


def _people_of(connection: sqlite3.Connection, faces: Collection[int]) -> set[str]:
    statement = f"SELECT DISTINCT name FROM people_faces JOIN people ON people.id = person WHERE face IN {LISTED}"
    return {name for (name,) in connection.execute(statement, (listed(faces),))}
