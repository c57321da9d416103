"""What people decided is transferred to another library of the same photos. Faces are matched by content and box."""

from __future__ import annotations

import os
import sqlite3
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from faceindex.store.journal.imports import copy_origins
from faceindex.store.people.person_ids import take_ids
from faceindex.store.people.unsure_names import copy_unsure
from faceindex.store.photos.matching_by_box import FormerFace, match_by_box, same_shape
from faceindex.types import Box

_NEWEST_ANCHORS = """
    SELECT content, face, x, y, width, height FROM decisions
    WHERE id IN (SELECT MAX(id) FROM decisions GROUP BY face) AND face NOT IN (SELECT id FROM faces)
        AND face NOT IN (SELECT face FROM not_faces)
"""
_FACES = """
    SELECT content, known.id, x, y, known.width, known.height FROM every_face AS known JOIN photos ON photos.id = photo
"""

_ACT = "id, made, kind, person, undoes, renamed, at, library, uid"
_SIZES = "SELECT content, width, height FROM photos"


@dataclass(frozen=True, slots=True)
class Transferred:
    """What was transferred. decided: faces that people decided about; found: how many of them are in the library."""

    acts: int
    decided: int
    found: int


def corresponding(source: sqlite3.Connection, target: sqlite3.Connection) -> dict[int, int]:
    """The face of `target` for each face of `source`, and for each face that only its journal knows, where there is
    one.

    A face is the same in a photo of the same content where the boxes overlap, see `match_by_box`. Boxes say nothing
    where the content was decoded to another shape, as when it was turned.
    """
    there = _by_content(target, _FACES)
    sizes = _sizes(target)
    turned = {content for content, size in _sizes(source).items() if not same_shape(size, sizes.get(content, size))}
    found: dict[int, int] = {}
    for content, former in _by_content(source, f"{_FACES} UNION ALL {_NEWEST_ANCHORS}").items():
        faces = [] if content in turned else there.get(content, [])
        for face, known in zip(faces, match_by_box([face.box for face in faces], former), strict=True):
            if known is not None:
                found[known] = face.face
    return found


def transfer_decisions(
    source: sqlite3.Connection, transaction: sqlite3.Connection, same: Mapping[int, int]
) -> Transferred:
    """Copy the journal and what clustering said. same: faces of `source` to the new library's.

    Decisions about faces that are not there wait for them, under ids that no other face gets.
    """
    decided = [row[0] for row in source.execute("SELECT DISTINCT face FROM decisions ORDER BY face")]
    face_of = dict(same) | _reserved(transaction, [face for face in decided if face not in same])
    acts = source.execute(f"SELECT {_ACT} FROM acts ORDER BY id").fetchall()
    transaction.executemany(f"INSERT INTO acts ({_ACT}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", acts)
    transaction.executemany(
        "INSERT INTO decisions (act, side, face, content, x, y, width, height) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            (act, side, face_of[face], *anchor)
            for act, side, face, *anchor in source.execute(
                "SELECT act, side, face, content, x, y, width, height FROM decisions ORDER BY id"
            )
        ),
    )
    take_ids(source, transaction)
    same_acts = {act[0]: act[0] for act in acts}
    copy_origins(source, transaction, same_acts, face_of)
    copy_unsure(source, transaction, acts=same_acts, faces=same)
    _carry_albums(source, transaction, same)
    return Transferred(len(acts), len(decided), sum(face in same for face in decided))


def transfer_tombstones(source: sqlite3.Connection, transaction: sqlite3.Connection) -> None:
    """Forgotten faces stay forgotten; and the folders that photos were ingested from are known here, too."""
    salt = source.execute("SELECT name, value FROM settings WHERE name = 'tombstone_salt'").fetchall()
    transaction.executemany("INSERT OR REPLACE INTO settings VALUES (?, ?)", salt)
    for table, marks in (("tombstones", "?, ?, ?, ?, ?"), ("roots", "?")):
        found = source.execute(f"SELECT * FROM {table}").fetchall()
        transaction.executemany(f"INSERT OR IGNORE INTO {table} VALUES ({marks})", found)


def known_paths(connection: sqlite3.Connection) -> list[str]:
    """Every path of every photo, sorted."""
    return [os.fsdecode(row[0]) for row in connection.execute("SELECT path FROM paths ORDER BY path")]


def _carry_albums(source: sqlite3.Connection, transaction: sqlite3.Connection, same: Mapping[int, int]) -> None:
    left_out = " UNION ALL SELECT face, cluster FROM not_faces WHERE cluster NOTNULL"
    for table, columns, further in (("clusters", "face, cluster", left_out), ("album_seeds", "face, album", "")):
        found = source.execute(f"SELECT {columns} FROM {table}{further}").fetchall()
        transaction.executemany(
            f"INSERT OR IGNORE INTO {table} ({columns}) VALUES (?, ?)",
            [(same[face], number) for face, number in found if face in same],
        )
    given = source.execute("SELECT name, seq FROM sqlite_sequence WHERE name = 'albums'").fetchall()
    transaction.execute("DELETE FROM sqlite_sequence WHERE name = 'albums'")
    transaction.executemany("INSERT INTO sqlite_sequence VALUES (?, ?)", given)
    until = source.execute("SELECT name, value FROM settings WHERE name = 'clustered_after_act'").fetchall()
    transaction.executemany("INSERT OR REPLACE INTO settings VALUES (?, ?)", until)


def _reserved(transaction: sqlite3.Connection, faces: list[int]) -> dict[int, int]:
    """Ids that are given to no other face, one for each of `faces`."""
    (last,) = transaction.execute("SELECT COALESCE(MAX(seq), 0) FROM sqlite_sequence WHERE name = 'faces'").fetchone()
    transaction.execute("DELETE FROM sqlite_sequence WHERE name = 'faces'")
    transaction.execute("INSERT INTO sqlite_sequence VALUES ('faces', ?)", (last + len(faces),))
    return {face: number for number, face in enumerate(faces, start=last + 1)}


def _sizes(connection: sqlite3.Connection) -> dict[bytes, tuple[int, int]]:
    return {content: (width, height) for content, width, height in connection.execute(_SIZES)}


def _by_content(connection: sqlite3.Connection, statement: str) -> dict[bytes, list[FormerFace]]:
    found: dict[bytes, list[FormerFace]] = defaultdict(list)
    for content, face, *box in connection.execute(statement):
        found[content].append(FormerFace(face, Box(*box)))
    return found
