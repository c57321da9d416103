"""Which faces of a photo that was edited, or of another photo in its place, are ones that were known before.

A box is not a face: two pictures may have faces at the same place, and a cropped one has none where they were. So a
face is known again by its vector. Distances are told in parts of the recipe's match threshold. Of photos edited in ten
ways (`scripts/bench_edits.py`; chosen on half of them), nearly all faces are within 0.6 of what they were, and of two
people only what the calibrations of `dlib` and `sface` expect of fewer than one pair in ten million. Small faces of
resized photos come up to the threshold itself, as strangers sometimes do: those are the same only where the other faces
of the picture say that they lie at their place. What is left is asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from faceindex.store.photos.matching_by_box import SAME_FACE, FormerFace
from faceindex.store.photos.same_picture import Movement, movement, points_of
from faceindex.types import Face

SURE = 0.6
"""Up to which a face is known by its vector alone, if no other face comes near."""

LIKELY, LIKELY_AMONG_OTHERS = 0.9, 1.0
"""Up to which it may be, wherever it lies: that is asked; and up to which it is, where the other faces of the picture
say that it must be."""

POSSIBLE, POSSIBLE_AMONG_OTHERS = 1.05, 1.2
"""Up to which it may be, about where it was; and about where the other faces say, or in a photo that was resized."""

NEAR = 0.25
"""Intersection over union from which a face lies about where another is to be expected."""

MARGIN = 0.12
"""By how much any other face must be further away."""

_IMPOSSIBLE = 1e3  # cost

Matrix = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class VectorMatches:
    """What became of the former faces of a photo.

    same: of every face now the id of the former face that it is; None for another. unsure: of former faces that may be
    one of the others, by id: its place among the faces now, and the distance, Euclidean; None without a vector.
    """

    same: list[int | None]
    unsure: dict[int, tuple[int, float | None]]


def match_by_vector(
    faces: Sequence[Face], former: Sequence[FormerFace], threshold: float, zoom: float = 1.0
) -> VectorMatches:
    """One to one. A former face without a vector is never sure.

    threshold: the recipe's for a match, Euclidean. zoom: pixels of the photo now in one then, see `resized`.
    """
    result = VectorMatches([None] * len(faces), {})
    if not faces or not former:
        return result
    away = _distances(faces, former) / threshold
    sure = _sure(away)
    moved = _movement(faces, former, sure)
    place = _Place.of(faces, former, moved, zoom)
    left = place.left(sure, away)
    for one, other in sure + [pair for pair in left if place.is_same(away, *pair)]:
        result.same[other] = former[one].face
    for one, other in left:
        if result.same[other] is None:
            distance = float(away[one, other]) * threshold
            result.unsure[former[one].face] = (other, distance if np.isfinite(distance) else None)
    return result


def _distances(faces: Sequence[Face], former: Sequence[FormerFace]) -> Matrix:
    """float64 [former, faces]; infinite without a vector."""
    away = np.full((len(former), len(faces)), np.inf)
    now = np.stack([face.vector for face in faces]).astype(np.float64)
    for row, known in enumerate(former):
        if known.vector is not None:
            away[row] = np.linalg.norm(now - known.vector, axis=1)
    return away


def _sure(away: Matrix) -> list[tuple[int, int]]:
    """(former, face) that are near, and nearer than any other by the margin."""
    return [
        (row, column)
        for row, column in zip(*np.nonzero(away <= SURE), strict=True)
        if _next(away, row, column) >= away[row, column] + MARGIN
    ]


def _next(away: Matrix, row: int, column: int) -> float:
    """The least distance of either to any other."""
    others = np.concatenate([np.delete(away[row], column), np.delete(away[:, column], row)])
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
    takes it; else where it was. limit: up to which a face there is possible.
    """

    overlap: Matrix
    by_others: bool
    limit: float

    @classmethod
    def of(cls, faces: Sequence[Face], former: Sequence[FormerFace], moved: Movement | None, zoom: float) -> _Place:
        """moved: None when nothing is known of a movement but `zoom`."""
        way = Movement(zoom + 0j, 0j, mirrored=False) if moved is None else moved
        places = [way.of(known.box) for known in former]
        overlap = [[place.overlap(face.box) for face in faces] for place in places]
        limit = POSSIBLE if moved is None and zoom == 1.0 else POSSIBLE_AMONG_OTHERS
        return cls(np.array(overlap), moved is not None, limit)

    def left(self, sure: Sequence[tuple[int, int]], away: Matrix) -> list[tuple[int, int]]:
        """The pairs of the other faces that may be the same: each once, with the least cost altogether."""
        rows = np.setdiff1d(np.arange(away.shape[0]), [one for one, _ in sure])
        columns = np.setdiff1d(np.arange(away.shape[1]), [other for _, other in sure])
        if not len(rows) or not len(columns):
            return []
        apart, overlap = away[np.ix_(rows, columns)], self.overlap[np.ix_(rows, columns)]
        possible = (apart <= LIKELY) | ((overlap >= NEAR) & ((apart <= self.limit) | np.isinf(apart)))
        cost = np.where(possible, np.square(np.minimum(apart, self.limit)) - overlap, _IMPOSSIBLE)
        pairs = [pair for pair in _assigned(cost) if possible[pair]]
        return [(int(rows[one]), int(columns[other])) for one, other in pairs]

    def is_same(self, away: Matrix, one: int, other: int) -> bool:
        """Whether a face that lies at its place is the same by its vector, too, and no other could be there."""
        there = self.overlap >= SAME_FACE
        alone = there[one].sum() == 1 and there[:, other].sum() == 1
        limit = LIKELY_AMONG_OTHERS if self.by_others else SURE
        return bool(there[one, other] and alone and away[one, other] <= limit)


def _assigned(cost: Matrix) -> list[tuple[int, int]]:
    if min(cost.shape) == 1:
        place = np.unravel_index(int(cost.argmin()), cost.shape)
        return [(int(place[0]), int(place[1]))]
    from scipy.optimize import linear_sum_assignment  # a quarter of a second, for few photos only

    return list(zip(*(places.tolist() for places in linear_sum_assignment(cost)), strict=True))
