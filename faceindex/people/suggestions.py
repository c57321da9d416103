"""Which albums and single faces are probably one person's, the answers that settle the most first.

Clustering has put together what is near, so of what is left little is one person's: on lfw-dev 1 in 100 to 200 of the
pairs that a calibration, at even odds, calls likely. The odds before the distance is known are those of a face or album
of which another piece lies in one of the library's albums with the probability MATES. Albums that resemble it and
belong to other people take their share. Pairs are compared that are near enough to matter, at most the nearest few of
each. `scripts/bench review` compares what is shown with what is right.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from faceindex.clustering.constraints import Rows
from faceindex.judgement.calibration import Calibration
from faceindex.people.crowded_groups import crowding_of_each
from faceindex.people.near_groups import MATES, main_axes, near_pairs, near_square
from faceindex.types import Labels, Suggestion, Vectors

LIKELY = 0.5
"""Pairs are suggested from this probability on: below it the expected answer is no."""


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
    cannot_link: Rows,
    hidden: npt.NDArray[np.bool_],
    calibration: Calibration,
    photos: Rows | None = None,
    square: float | None = None,
) -> list[Suggestion]:
    """The most useful first: by probability times faces settled.

    ids: int64 [n]. vectors: float32 [n, d]. albums: int64 [n], -1 for none. person: int64 [n], of face or album, -1 for
    none. cannot_link: int64 [k, 2], pairs of rows; no two groups with such a pair are suggested, nor two people, nor
    two groups with faces in one photo. hidden: bool [n], faces that are not asked about. calibration: what distances
    mean. photos: int64 [n], the photo of each face; default one each. square: mean square distance within which groups
    are compared; default what `near_square` says.
    """
    rows = np.flatnonzero(~hidden)
    groups, group = groups_of(ids[rows], vectors[rows], albums[rows], person[rows])
    of_row = np.full(len(ids), -1, dtype=np.int64)
    of_row[rows] = group
    rejected = {(min(pair), max(pair)) for pair in of_row[cannot_link].reshape(-1, 2).tolist()}
    shown = _Photos(group, rows if photos is None else photos[rows])
    near = [
        pair
        for pair in _near(groups, near_square(calibration, groups.albums) if square is None else square, calibration)
        if len({int(groups.person[pair.one]), int(groups.person[pair.other])} - {-1}) < 2
        and (pair.one, pair.other) not in rejected
        and (calibration.log_likelihood_ratio(pair.distance) < 0 or not shown.share_a_photo(pair.one, pair.other))
    ]
    found = [
        _suggestion(groups, pair.one, pair.other, probability, pair.distance)
        for pair, probability in zip(near, _probabilities(groups, near, calibration), strict=True)
        if probability >= LIKELY
    ]
    return sorted(found, key=lambda s: (-s.probability * s.settles, s.album or 0, s.other or 0, s.face or 0))


class _Pair(NamedTuple):
    """Two groups, the first an album. distance: root mean square over all pairs of their faces; judged: what that is
    for groups around which it is not crowded."""

    one: int
    other: int
    distance: float
    judged: float


class _Photos:
    """Which photos the faces of each group are in."""

    def __init__(self, group: Labels, photos: Rows) -> None:
        """group, photos: int64 [n]."""
        order = np.argsort(group, kind="stable")
        self._photos = photos[order]
        self._first = np.searchsorted(group[order], np.arange(int(group.max(initial=-1)) + 2))

    def share_a_photo(self, one: int, other: int) -> bool:
        """Whether faces of both groups are in one photo."""
        return bool(np.isin(self._of(one), self._of(other)).any())

    def _of(self, group: int) -> Rows:
        return self._photos[self._first[group] : self._first[group + 1]]


def _probabilities(groups: Groups, near: Sequence[_Pair], calibration: Calibration) -> list[float]:
    """Of each pair, that it is one person's.

    With prior odds o and likelihood ratios L it is o L / (1 + sum of o L), over the album and all that resemble the
    other one and are another person's than the album.
    """
    prior = np.log(MATES) - np.log(max(groups.albums, 1))
    odds = np.exp(calibration.log_likelihood_ratio([pair.judged for pair in near]) + prior)
    rivals: dict[int, dict[int, float]] = defaultdict(dict)
    for pair, own in zip(near, odds.tolist(), strict=True):
        rivals[pair.other][pair.one] = own
    return [
        own / (1 + own + _of_others(groups, pair.one, rivals[pair.other], calibration)) if own > LIKELY else 0.0
        for pair, own in zip(near, odds.tolist(), strict=True)
    ]


def _of_others(groups: Groups, album: int, rivals: Mapping[int, float], calibration: Calibration) -> float:
    """The sum of the odds of `rivals` that are another person's than `album`, as their distance to it says."""
    others = [rival for rival in rivals if rival != album]
    between = np.square(groups.centre[others] - groups.centre[album]).sum(axis=1)
    distances = np.sqrt(between + groups.spread[others] + groups.spread[album])
    strangers = calibration.log_likelihood_ratio(distances) < 0
    return float(sum(rivals[rival] for rival, stranger in zip(others, strangers, strict=True) if stranger))


def groups_of(ids: Rows, vectors: Vectors, albums: Labels, person: Labels) -> tuple[Groups, Labels]:
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


def _near(groups: Groups, square: float, calibration: Calibration) -> list[_Pair]:
    """Those that are near each other."""
    sketches = main_axes(groups.centre).sketches(groups.centre, groups.spread)
    one, other, apart = near_pairs(groups.centre, groups.spread, groups.number, sketches, groups.albums, square)
    crowded = crowding_of_each(one, apart, len(groups.number), groups.albums, calibration)
    pairs = np.sort(np.column_stack([one, other]), axis=1)
    pairs, first = np.unique(pairs, axis=0, return_index=True)
    distances = np.sqrt(apart[first])
    judged = distances / np.maximum(*crowded[pairs].T)
    return [
        _Pair(int(a), int(b), float(far), float(as_if))
        for (a, b), far, as_if in zip(pairs, distances, judged, strict=True)
    ]


def _suggestion(groups: Groups, one: int, other: int, probability: float, distance: float) -> Suggestion:
    """`one` is an album: those come before single faces."""
    if other >= groups.albums:
        return Suggestion(int(groups.number[one]), None, int(groups.number[other]), probability, distance, 1)
    first, second = sorted((one, other), key=lambda g: (groups.person[g] < 0, -groups.size[g], g))
    album, smaller = int(groups.number[first]), int(groups.number[second])
    return Suggestion(album, smaller, None, probability, distance, int(groups.size[second]))
