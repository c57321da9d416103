"""Which faces of an edited photo, or of another photo in its place, the library knew before.

A box is not a face: two pictures may have faces at the same place, and a cropped one has none where they were. So a
face is recognised by its vector. Distances are given in parts of the recipe's match threshold. Of photos edited in ten
ways (tests/edited_library.py; chosen on half of them), nearly all faces are within 0.6 of what they were, and so are
fewer than one in ten million pairs of different people, by the calibrations of `dlib` and `sface`. Small faces of
resized photos come up to the threshold itself, as strangers sometimes do: they count as the same only where the other
faces of the picture say that they lie at their place. The user is asked about the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from faceindex.store.photos.matching_by_box import SAME_FACE, FormerFace, scaled
from faceindex.store.photos.same_picture import Movement, movement, points_of
from faceindex.types import Box, Face

SURE = 0.6
"""A face up to this distance is the same, if no other face comes near."""

LIKELY, LIKELY_AMONG_OTHERS = 0.9, 1.0
"""A face up to this distance may be the same wherever it lies, and the user is asked; up to the second it is the same
where the other faces of the picture say that it must lie."""

POSSIBLE, POSSIBLE_AMONG_OTHERS = 1.05, 1.2
"""A face up to this distance may be the same about where it was; up to the second about where the other faces say, or
in a photo that was resized."""

NEAR = 0.25
"""Intersection over union from which a face lies where another one is expected."""

MARGIN = 0.12
"""By how much every other face must be further away."""

_IMPOSSIBLE = 1e3  # cost

Matrix = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class VectorMatches:
    """What became of the former faces of a photo.

    same: of every face now the id of the former face that it is; None for another. unsure: of former faces that may be
    one of the others, by id: its place among the faces now, and the distance, Euclidean; None without a vector.
    expected: by id, where former faces should lie now, as the others moved.
    """

    same: list[int | None]
    unsure: dict[int, tuple[int, float | None]]
    expected: dict[int, Box] = field(default_factory=dict)


def match_by_vector(
    faces: Sequence[Face], former: Sequence[FormerFace], threshold: float, zoom: float = 1.0
) -> VectorMatches:
    """Match faces with former faces, one to one. A former face without a vector is never matched for sure.

    threshold: the recipe's for a match, Euclidean. zoom: pixels of the photo now in one then, see `resized`.
    """
    result = VectorMatches([None] * len(faces), {})
    if not faces or not former:
        result.expected.update((known.face, scaled(known.box, zoom)) for known in former)
        return result
    distances = _distances(faces, former) / threshold
    sure = _sure(distances)
    moved = _movement(faces, former, sure)
    place = _Place.of(faces, former, moved, zoom)
    result.expected.update(zip((known.face for known in former), place.places, strict=True))
    left = place.left(sure, distances)
    for one, other in sure + [pair for pair in left if place.is_same(distances, *pair)]:
        result.same[other] = former[one].face
    for one, other in left:
        if result.same[other] is None:
            distance = float(distances[one, other]) * threshold
            result.unsure[former[one].face] = (other, distance if np.isfinite(distance) else None)
    return result


def _distances(faces: Sequence[Face], former: Sequence[FormerFace]) -> Matrix:
    """float64 [former, faces]; infinite without a vector."""
    distances = np.full((len(former), len(faces)), np.inf)
    now = np.stack([face.vector for face in faces]).astype(np.float64)
    for row, known in enumerate(former):
        if known.vector is not None:
            distances[row] = np.linalg.norm(now - known.vector, axis=1)
    return distances


def _sure(distances: Matrix) -> list[tuple[int, int]]:
    """(former, face) that are near, and nearer than any other by the margin."""
    return [
        (row, column)
        for row, column in zip(*np.nonzero(distances <= SURE), strict=True)
        if _next(distances, row, column) >= distances[row, column] + MARGIN
    ]


def _next(distances: Matrix, row: int, column: int) -> float:
    """The least distance of either to any other."""
    others = np.concatenate([np.delete(distances[row], column), np.delete(distances[:, column], row)])
    return float(others.min(initial=np.inf))


def _movement(faces: Sequence[Face], former: Sequence[FormerFace], sure: Sequence[tuple[int, int]]) -> Movement | None:
    pairs = []
    for one, other in sure:
        known, face = former[one], faces[other]
        if known.landmarks is not None:
            pairs.append(
                (points_of(known.box, known.landmarks), points_of(face.box, face.landmarks), float(known.box.width))
            )
    return movement(pairs)


@dataclass(frozen=True, slots=True)
class _Place:
    """Which faces lie where a former face is to be expected.

    overlap: float64 [former, faces], intersection over union. by_others: expected where the movement of the other faces
    takes it; else where it was. limit: up to which a face there is possible. places: where each is expected.
    """

    overlap: Matrix
    by_others: bool
    limit: float
    places: Sequence[Box]

    @classmethod
    def of(cls, faces: Sequence[Face], former: Sequence[FormerFace], moved: Movement | None, zoom: float) -> _Place:
        """moved: None when nothing is known of a movement but `zoom`."""
        way = Movement(zoom + 0j, 0j, mirrored=False) if moved is None else moved
        places = [way.of(known.box) for known in former]
        overlap = [[place.overlap(face.box) for face in faces] for place in places]
        limit = POSSIBLE if moved is None and zoom == 1.0 else POSSIBLE_AMONG_OTHERS
        return cls(np.array(overlap), moved is not None, limit, places)

    def left(self, sure: Sequence[tuple[int, int]], distances: Matrix) -> list[tuple[int, int]]:
        """The pairs of the remaining faces that may be the same: each face once, at the least total cost."""
        rows = np.setdiff1d(np.arange(distances.shape[0]), [one for one, _ in sure])
        columns = np.setdiff1d(np.arange(distances.shape[1]), [other for _, other in sure])
        if not len(rows) or not len(columns):
            return []
        open_distances, overlap = distances[np.ix_(rows, columns)], self.overlap[np.ix_(rows, columns)]
        possible = (open_distances <= LIKELY) | (
            (overlap >= NEAR) & ((open_distances <= self.limit) | np.isinf(open_distances))
        )
        cost = np.where(possible, np.square(np.minimum(open_distances, self.limit)) - overlap, _IMPOSSIBLE)
        pairs = [pair for pair in _assigned(cost) if possible[pair]]
        return [(int(rows[one]), int(columns[other])) for one, other in pairs]

    def is_same(self, distances: Matrix, one: int, other: int) -> bool:
        """Whether a face at the expected place is also the same by its vector, and no other face could be there."""
        there = self.overlap >= SAME_FACE
        alone = there[one].sum() == 1 and there[:, other].sum() == 1
        limit = LIKELY_AMONG_OTHERS if self.by_others else SURE
        return bool(there[one, other] and alone and distances[one, other] <= limit)


def _assigned(cost: Matrix) -> list[tuple[int, int]]:
    if min(cost.shape) == 1:
        place = np.unravel_index(int(cost.argmin()), cost.shape)
        return [(int(place[0]), int(place[1]))]
    from scipy.optimize import linear_sum_assignment  # a quarter of a second, for few photos only

    return list(zip(*(places.tolist() for places in linear_sum_assignment(cost)), strict=True))
