"""Which of a photo's faces are the rows that another program wrote about it."""

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
    """Row to face, by their places in the sequences; one to one.

    Vectors come first: the nearest pairs, up to `near`, Euclidean. vectors: float32 [d], of faces by their ids. Then
    boxes, as `faces_of_regions` compares them. A row with neither is the only face of a photo with one face.
    """
    found = _by_vector(rows, faces, vectors, near)
    free_rows = [place for place, row in enumerate(rows) if place not in found and row.box is not None]
    taken = set(found.values())
    free_faces = [place for place in range(len(faces)) if place not in taken]
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
    """The names that rows give to faces which do not have them, by the faces' ids. See `faces_of_rows`.

    tally: counts the faces that are known. lost: gets the rows whose face is not among `faces`.
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
    taken: set[int] = set()
    for _, place, other in pairs:
        if place not in found and other not in taken:
            found[place] = other
            taken.add(other)
    return found


def _distance(one: Vectors | None, other: Vectors | None) -> float:
    if one is None or other is None or len(one) != len(other):
        return np.inf
    return float(np.linalg.norm(one.astype(np.float64) - other))
