"""Which faces here the decisions of a source are about: by the photo's content and the face's box, then and now."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from faceindex.store.care.tombstones import forgotten
from faceindex.store.catalog import Catalog
from faceindex.store.photos.matching_by_box import FormerFace, match_by_box, same_shape
from faceindex.store.photos.writing import reserve_face_ids
from faceindex.types import Box

Place = tuple[bytes, int, int, int, int]
"""Content of a photo, and a box in it."""


@dataclass(slots=True)
class FacesHere:
    """By the source's id of a face. first: its id here. further: the same face in another state of its photo, before
    the photo was edited, which is here as well, and where it is. A forgotten face is in neither."""

    first: dict[int, int] = field(default_factory=dict)
    further: dict[int, list[tuple[int, Place]]] = field(default_factory=lambda: defaultdict(list))


def faces_here(source: sqlite3.Connection, transaction: sqlite3.Connection) -> FacesHere:
    """Of every face that the source's journal knows. One that is in no photo here gets an id, under which what was
    decided about it waits for the photo."""
    found = FacesHere()
    newest = _newest_contents(source)
    waiting: list[int] = []
    for content, faces in _by_content(source):
        known = _known(source, transaction, content, faces)
        graves = Catalog(transaction).tombstones().of(content)
        for face in faces:
            here = known.get(face.face)
            if forgotten(face.box, graves):
                continue
            if newest[face.face] != content:
                if here is not None:
                    found.further[face.face].append((here[0], (content, *_as_row(here[1]))))
            elif here is not None:
                found.first[face.face] = here[0]
            else:
                waiting.append(face.face)
    found.first |= reserve_face_ids(transaction, waiting)
    for lost in found.further.keys() - found.first.keys():
        del found.further[lost]
    return found


def other_states(connection: sqlite3.Connection) -> dict[int, list[tuple[int, Place]]]:
    """As `further`, of the faces that the library's own journal knows."""
    found = defaultdict(list)
    for content, faces in _by_content(connection):
        there = _faces_in(connection, content)
        ids = {face.face for face in there}
        others = [face for face in faces if face.face not in ids]
        unknown = [face for face in there if face.face not in {one.face for one in faces}]
        same = match_by_box([face.box for face in unknown], others)
        for here, known in zip(unknown, same, strict=True):
            if known is not None:
                found[known].append((here.face, (content, *_as_row(here.box))))
    return found


def _by_content(source: sqlite3.Connection) -> Iterator[tuple[bytes, list[FormerFace]]]:
    """The faces that decisions were about in photos of each content, as they were last in it."""
    rows = source.execute(
        """SELECT content, face, x, y, width, height FROM decisions
        WHERE id IN (SELECT MAX(id) FROM decisions GROUP BY face, content) ORDER BY content, face"""
    ).fetchall()
    for content, group in groupby(rows, key=lambda row: bytes(row[0])):
        yield content, [FormerFace(face, Box(*box)) for _, face, *box in group]


def _newest_contents(source: sqlite3.Connection) -> dict[int, bytes]:
    return dict(
        source.execute("SELECT face, content FROM decisions WHERE id IN (SELECT MAX(id) FROM decisions GROUP BY face)")
    )


def _known(
    source: sqlite3.Connection, transaction: sqlite3.Connection, content: bytes, faces: Sequence[FormerFace]
) -> dict[int, tuple[int, Box]]:
    """By the source's id: the id and box here, of faces in the photo, then of faces that wait for it."""
    there, here = _size(source, content), _size(transaction, content)
    if there is not None and here is not None and not same_shape(there, here):
        return {}
    found: dict[int, tuple[int, Box]] = {}
    for known in (_faces_in(transaction, content), Catalog(transaction).decided_faces(content)):
        left = [face for face in faces if face.face not in found]
        same = match_by_box([face.box for face in known], left) if left else []
        found |= {face: (one.face, one.box) for one, face in zip(known, same, strict=False) if face is not None}
    return found


def _faces_in(connection: sqlite3.Connection, content: bytes) -> list[FormerFace]:
    rows = connection.execute(
        """SELECT known.id, x, y, known.width, known.height FROM photos JOIN every_face AS known ON photo = photos.id
        WHERE content = ? ORDER BY known.id""",
        (content,),
    )
    return [FormerFace(face, Box(*box)) for face, *box in rows]


def _size(connection: sqlite3.Connection, content: bytes) -> tuple[int, int] | None:
    row: tuple[Any, ...] | None = connection.execute(
        "SELECT width, height FROM photos WHERE content = ?", (content,)
    ).fetchone()
    return None if row is None else (row[0], row[1])


def _as_row(box: Box) -> tuple[int, int, int, int]:
    x, y, width, height = box.as_list()
    return x, y, width, height
