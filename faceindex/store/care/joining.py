"""Photos and decisions of one library are added to another one of the same recipe."""

from __future__ import annotations

import os
import sqlite3
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from faceindex.journal.acts import HIDE, NAME, UNHIDE, Act, live, with_last_names
from faceindex.photos.finding.entries import FoundFile
from faceindex.store.care.transfer import corresponding
from faceindex.store.catalog import Catalog
from faceindex.store.journal.act_keys import new_key
from faceindex.store.journal.acts import LISTED, listed, read_acts
from faceindex.store.journal.imports import BY_PEOPLE, acts_of_files, copy_origins
from faceindex.store.journal.names import replay_all
from faceindex.store.people.person_ids import take_ids
from faceindex.store.people.unsure_names import copy_unsure
from faceindex.store.photos.writing import reserve_face_ids
from faceindex.types import AnalysedPhoto, Box, Face, Vectors

_ANCHORS = "SELECT face, content, x, y, width, height FROM decisions WHERE id IN ({}) ORDER BY face"
_NEWEST = "SELECT MAX(id) FROM decisions GROUP BY face"


@dataclass(frozen=True, slots=True)
class ComingPhoto:
    """A photo of another library. files: all its paths. faces: their ids there. photo: without their vectors.

    complete: whether no face of it has lost its vector.
    """

    content: bytes
    photo: AnalysedPhoto
    files: tuple[FoundFile, ...]
    faces: tuple[int, ...]
    complete: bool

    def with_vectors(self, vectors: Vectors) -> AnalysedPhoto:
        """vectors: float32 [n, d], of `faces`."""
        found = self.photo
        faces = tuple(
            Face(face.box, face.score, face.landmarks, vector, face.quality, face.origin)
            for face, vector in zip(found.faces, vectors, strict=True)
        )
        return replace(found, faces=faces)


def photos_of(source: Catalog, size: int) -> Iterator[list[ComingPhoto]]:
    """All photos of a catalog, so many at a time."""
    last = 0
    while rows := source.connection.execute(
        """SELECT id, content, width, height, warning, taken, taken_from, turned FROM photos
        WHERE id > ? ORDER BY id LIMIT ?""",
        (last, size),
    ).fetchall():
        last = rows[-1][0]
        chosen = listed(row[0] for row in rows)
        files, faces = _files(source, chosen), _faces(source, chosen)
        yield [
            ComingPhoto(
                content,
                AnalysedPhoto(width, height, tuple(face for _, face, _ in faces[photo]), *said),
                tuple(files[photo]),
                tuple(number for number, *_ in faces[photo]),
                all(stored for *_, stored in faces[photo]),
            )
            for photo, content, width, height, *said in rows
        ]


def take_decisions(source: Catalog, transaction: sqlite3.Connection) -> int:
    """Append the acts of `source` that count, about faces of which nobody here has said anything.

    A face is recognised by the photo's content and its box; acts about a face whose photo is not here wait for it.
    Names that came from files still follow these files. Done twice, nothing is added. Returns the number of acts.
    """
    said = "SELECT face FROM decisions UNION ALL SELECT face FROM unsure_names"
    for table, face in (("faces", "id"), ("not_faces", "face")):  # `source` is a copy
        source.connection.execute(f"DELETE FROM {table} WHERE {face} NOT IN ({said})")
    same = corresponding(source.connection, transaction)
    anchors = {row[0]: row[1:] for row in source.connection.execute(_ANCHORS.format(_NEWEST))}
    waiting = reserve_face_ids(transaction, _waiting(transaction, anchors, same))
    spoken, touched = (_spoken(transaction, same, which) for which in (BY_PEOPLE, "act IS NOT NULL"))
    for_people = {face: here for face, here in same.items() if here not in spoken} | waiting
    for_files = {face: here for face, here in same.items() if here not in touched} | waiting
    from_files = acts_of_files(source.connection)
    written = {
        act.act: new
        for act in with_last_names(live(read_acts(source.connection)))
        if (new := _write(transaction, act, for_files if act.act in from_files else for_people, anchors))
    }
    take_ids(source.connection, transaction)
    copy_origins(source.connection, transaction, written, for_files)
    copy_unsure(source.connection, transaction, acts=written, faces=same)
    if written:
        replay_all(transaction)
    return len(written)


def _files(source: Catalog, photos: str) -> dict[int, list[FoundFile]]:
    found: dict[int, list[FoundFile]] = defaultdict(list)
    statement = f"SELECT photo, path, size, mtime_ns, ctime_ns FROM paths WHERE photo IN {LISTED} ORDER BY path"
    for photo, path, size, mtime_ns, ctime_ns in source.connection.execute(statement, (photos,)):
        found[photo].append(FoundFile(os.fsdecode(path), size, mtime_ns, False, ctime_ns))
    return found


def _faces(source: Catalog, photos: str) -> dict[int, list[tuple[int, Face, bool]]]:
    found: dict[int, list[tuple[int, Face, bool]]] = defaultdict(list)
    statement = f"""SELECT photo, id, x, y, width, height, score, landmarks, quality, origin, segment FROM every_face
        WHERE photo IN {LISTED} ORDER BY id"""
    none = np.empty(0, dtype=np.float32)
    for photo, number, *box, score, landmarks, quality, origin, segment in source.connection.execute(
        statement, (photos,)
    ):
        points = np.frombuffer(landmarks, dtype="<f4").reshape(-1, 2)
        face = Face(Box(*box), score, points, none, np.nan if quality is None else quality, origin)
        found[photo].append((number, face, segment > 0))
    return found


def _spoken(transaction: sqlite3.Connection, same: Mapping[int, int], which: str) -> set[int]:
    """The faces here that acts speak of. which: a condition for these acts."""
    statement = f"SELECT DISTINCT face FROM decisions WHERE {which} AND face IN {LISTED}"
    return {row[0] for row in transaction.execute(statement, (listed(same.values()),))}


def _waiting(
    transaction: sqlite3.Connection, anchors: Mapping[int, Sequence[object]], same: Mapping[int, int]
) -> list[int]:
    """Faces of the other library that are not here, and for which no act waits yet."""
    awaited: dict[object, list[Box]] = defaultdict(list)
    for _, content, *box in transaction.execute(_ANCHORS.format(_NEWEST)):
        awaited[content].append(Box(*box))
    here = {row[0] for row in transaction.execute("SELECT content FROM photos")} if anchors.keys() - same.keys() else ()
    return [
        face
        for face, (content, *box) in anchors.items()
        if face not in same and content not in here and not any(Box(*box) == known for known in awaited[content])  # type: ignore[arg-type]
    ]


def _write(
    transaction: sqlite3.Connection, act: Act, new_ids: Mapping[int, int], anchors: Mapping[int, Sequence[object]]
) -> int:
    """The id of the act here; 0 when it says nothing about faces or people here."""
    sides = [[face for face in side if face in new_ids] for side in act.sides]
    said = (act.made, act.kind, act.person, *new_key(transaction))
    if not any(sides):
        if act.kind not in (HIDE, UNHIDE) or any(act.sides) or _is_said(transaction, act):
            return 0
    elif act.kind == NAME and not sides[0]:
        return 0
    cursor = transaction.execute(
        "INSERT INTO acts (made, kind, person, at, library, uid) VALUES (?, ?, ?, ?, ?, ?)", said
    )
    transaction.executemany(
        "INSERT INTO decisions (act, side, face, content, x, y, width, height) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            (cursor.lastrowid, number, new_ids[face], *anchors[face])
            for number, side in enumerate(sides)
            for face in side
        ),
    )
    return int(cursor.lastrowid or 0)


def _is_said(transaction: sqlite3.Connection, act: Act) -> bool:
    """Whether somebody here has said anything about hiding this person."""
    statement = "SELECT 1 FROM acts WHERE kind IN (?, ?) AND person IS ?"
    return transaction.execute(statement, (HIDE, UNHIDE, act.person)).fetchone() is not None
