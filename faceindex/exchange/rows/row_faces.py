"""Matches the rows that another program wrote about a photo to the faces in the photo."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from faceindex.exchange.foreign_vectors.foreign import ForeignRow
from faceindex.exchange.tally import Tally
from faceindex.exchange.xmp.region_faces import faces_of_regions
from faceindex.store.people.sightings import PhotoFace
from faceindex.types import Vectors


def faces_of_rows(
    rows: Sequence[ForeignRow], faces: Sequence[PhotoFace], vectors: Mapping[int, Vectors], near: float
) -> dict[int, int]:
    """For each row its face, as positions in the sequences; each face at most once.

    Vectors are compared first: the nearest pairs up to the Euclidean distance `near`. vectors: float32 [d], by face id.
    Then boxes, as in `faces_of_regions`. A row with neither matches the face of a photo that has only one.
    """
    found = _by_vector(rows, faces, vectors, near)
    free_rows = [place for place, row in enumerate(rows) if place not in found and row.box is not None]
    used = set(found.values())
    free_faces = [place for place in range(len(faces)) if place not in used]
    boxes = [box for place in free_rows if (box := rows[place].box) is not None]
    for place, other in faces_of_regions(boxes, [faces[place].box for place in free_faces]).items():
        found[free_rows[place]] = free_faces[other]
    if not found and len(rows) == len(faces) == 1 and rows[0].box is None and rows[0].vector is None:
        found[0] = 0
    return found


def names_of_rows(
    rows: Sequence[ForeignRow],
    faces: Sequence[PhotoFace],
    vectors: Mapping[int, Vectors],
    near: float,
    tally: Tally,
    lost: list[ForeignRow],
) -> dict[int, str]:
    """The names in rows for faces that have another name or none, by face id. See `faces_of_rows`.

    tally: counts the faces that were found. lost: receives the rows whose face was not found.
    """
    matched = faces_of_rows(rows, faces, vectors, near)
    people: dict[int, str] = {}
    for place, row in enumerate(rows):
        if place not in matched:
            lost.append(row)
            continue
        tally.known += 1
        face = faces[matched[place]]
        if row.person and row.person != face.person:
            people[face.face] = row.person
    return people


def _by_vector(
    rows: Sequence[ForeignRow], faces: Sequence[PhotoFace], vectors: Mapping[int, Vectors], near: float
) -> dict[int, int]:
    pairs = sorted(
        (away, place, other)
        for place, row in enumerate(rows)
        for other, face in enumerate(faces)
        if (away := _distance(row.vector, vectors.get(face.face))) <= near
    )
    found: dict[int, int] = {}
    used: set[int] = set()
    for _, place, other in pairs:
        if place not in found and other not in used:
            found[place] = other
            used.add(other)
    return found


def _distance(one: Vectors | None, other: Vectors | None) -> float:
    if one is None or other is None or len(one) != len(other):
        return np.inf
    return float(np.linalg.norm(one.astype(np.float64) - other))
