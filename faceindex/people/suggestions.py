"""Which albums and single faces are probably one person's, the answers that settle the most first."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from faceindex.clustering.constraints import Rows
from faceindex.search.calibration import Calibration
from faceindex.types import Labels, Suggestion, Vectors
from faceindex.vectors.exact import k_nearest

LIKELY = 0.5
"""Probability from which a pair is suggested."""

_NEAREST = 8  # albums that each album or face is compared with


@dataclass(frozen=True, slots=True)
class Groups:
    """Albums, and after them faces that are in none.

    number: int64 [g], of the album, or the face's id. centre: float32 [g, d]. spread: float64 [g], mean square of the
    distance to it. size: int64 [g]. person: int64 [g], -1 for none. albums: how many of the groups are albums.
    """

    number: npt.NDArray[np.int64]
    centre: Vectors
    spread: npt.NDArray[np.float64]
    size: npt.NDArray[np.int64]
    person: npt.NDArray[np.int64]
    albums: int


def suggestions(
    ids: Rows,
    vectors: Vectors,
    albums: Labels,
    person: Labels,
    apart: Rows,
    hidden: npt.NDArray[np.bool_],
    calibration: Calibration,
) -> list[Suggestion]:
    """The most useful first: by probability times faces settled.

    ids: int64 [n]. vectors: float32 [n, d]. albums: int64 [n], -1 for none. person: int64 [n], of face or album, -1 for
    none. apart: int64 [k, 2], pairs of rows; no two groups with such a pair are suggested, nor two people. hidden: bool
    [n], faces that are not asked about. calibration: what distances mean.
    """
    rows = np.flatnonzero(~hidden)
    groups, group = _groups(ids[rows], vectors[rows], albums[rows], person[rows])
    of_row = np.full(len(ids), -1, dtype=np.int64)
    of_row[rows] = group
    rejected = {tuple(sorted(pair)) for pair in of_row[apart].reshape(-1, 2).tolist()}
    found = []
    for one, other, distance in _near(groups):
        probability = float(calibration.confidence(distance))
        people = {int(groups.person[one]), int(groups.person[other])} - {-1}
        if probability >= LIKELY and len(people) < 2 and (min(one, other), max(one, other)) not in rejected:
            found.append(_suggestion(groups, one, other, probability, distance))
    return sorted(found, key=lambda s: (-s.probability * s.settles, s.album, s.other or 0, s.face or 0))


def _groups(ids: Rows, vectors: Vectors, albums: Labels, person: Labels) -> tuple[Groups, Labels]:
    """The groups, and int64 [n]: the group of each row."""
    inside = albums >= 0
    numbers, own = np.unique(albums[inside], return_inverse=True)
    group = np.empty(len(ids), dtype=np.int64)
    group[inside] = own
    group[~inside] = len(numbers) + np.arange(int((~inside).sum()))
    count = len(numbers) + int((~inside).sum())
    size = np.bincount(group, minlength=count)
    centre = np.zeros((count, vectors.shape[1]))
    np.add.at(centre, group, vectors)
    centre /= size[:, None]
    squares = np.square(vectors - centre[group]).sum(axis=1)
    spread = np.bincount(group, weights=squares, minlength=count) / size
    who = np.full(count, -1, dtype=np.int64)
    np.maximum.at(who, group, person)
    number = np.concatenate([numbers, ids[~inside]])
    return Groups(number, centre.astype(np.float32), spread, size, who, len(numbers)), group


def _near(groups: Groups) -> list[tuple[int, int, float]]:
    """(group, album, distance): root mean square over all pairs of their faces. Each pair once.

    The mean square of the distances between two sets is the square of that of their centres plus both spreads.
    """
    if not groups.albums:
        return []
    squares, found = k_nearest(groups.centre, groups.centre[: groups.albums], min(_NEAREST + 1, groups.albums))
    near: dict[tuple[int, int], float] = {}
    for one, (own_squares, neighbours) in enumerate(zip(squares.tolist(), found.tolist(), strict=True)):
        for square, other in zip(own_squares, neighbours, strict=True):
            if other != one:
                pair = (min(one, other), max(one, other))
                near[pair] = float(np.sqrt(square + groups.spread[one] + groups.spread[other]))
    return [(one, other, distance) for (one, other), distance in near.items()]


def _suggestion(groups: Groups, one: int, other: int, probability: float, distance: float) -> Suggestion:
    """`one` is an album: those come before single faces."""
    if other >= groups.albums:
        return Suggestion(int(groups.number[one]), None, int(groups.number[other]), probability, distance, 1)
    first, second = sorted((one, other), key=lambda g: (groups.person[g] < 0, -groups.size[g], g))
    album, smaller = int(groups.number[first]), int(groups.number[second])
    return Suggestion(album, smaller, None, probability, distance, int(groups.size[second]))
