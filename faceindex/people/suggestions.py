"""Which albums and single faces are probably one person's, the answers that settle the most first.

Clustering has put together what is near, so of what is left little is one person's: on lfw-dev 1 in 100 to 200 of the
pairs that a calibration, at even odds, calls likely. What a distance means then, also between photos of a child and of
an adult, `faceindex.people.likelihood` says. Candidates that resemble a group and belong to other people take their
share. Pairs are compared that are near enough to matter, at most the nearest few of each. `scripts/bench review`
compares what is shown with what is right.
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
from faceindex.people.likelihood import Odds, telling
from faceindex.people.near_groups import Years, main_axes, near_pairs, near_square
from faceindex.types import Labels, Suggestion, Vectors

LIKELY = 0.5
"""Pairs are suggested from this probability on: below it the expected answer is no."""


@dataclass(frozen=True, slots=True)
class Groups:
    """Albums, and after them faces that are in none.

    number: int64 [g], of the album, or the face's id. centre: float32 [g, d]. spread: float64 [g], mean square of the
    distance to it. size: int64 [g]. person: int64 [g], -1 for none. albums: how many of the groups are albums. years:
    of each group.
    """

    number: npt.NDArray[np.int64]
    centre: Vectors
    spread: npt.NDArray[np.float64]
    size: npt.NDArray[np.int64]
    person: npt.NDArray[np.int64]
    albums: int
    years: Years


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
    *,
    years: npt.NDArray[np.float64] | None = None,
    learnt: float = 0.0,
    alone: bool = False,
    least: float = LIKELY,
) -> list[Suggestion]:
    """The most useful first: by probability times faces settled.

    ids: int64 [n]. vectors: float32 [n, d]. albums: int64 [n], -1 for none. person: int64 [n], of face or album, -1 for
    none. cannot_link: int64 [k, 2], pairs of rows; no two groups with such a pair are suggested, nor two people, nor
    two groups with faces in one photo. hidden: bool [n], faces that are not asked about. calibration: what distances
    mean. photos: int64 [n], the photo of each face; default one each. square: mean square distance within which groups
    are compared; default what `near_square` says. years: float64 [n], when each photo was taken, NaN for unknown.
    learnt: what answers taught, see `faceindex.people.likelihood`. alone: compare single faces with each other, too.
    least: probability from which on pairs are suggested.
    """
    rows = np.flatnonzero(~hidden)
    taken = None if years is None else years[rows]
    groups, group = groups_of(ids[rows], vectors[rows], albums[rows], person[rows], taken)
    odds = Odds(calibration, len(groups.number) if alone else groups.albums, learnt)
    of_row = np.full(len(ids), -1, dtype=np.int64)
    of_row[rows] = group
    rejected = {(min(pair), max(pair)) for pair in of_row[cannot_link].reshape(-1, 2).tolist()}
    shown = _Photos(group, rows if photos is None else photos[rows])
    near = [
        pair
        for pair in _near(groups, near_square(calibration, odds.candidates) if square is None else square, odds)
        if len({int(groups.person[pair.one]), int(groups.person[pair.other])} - {-1}) < 2
        and (pair.one, pair.other) not in rejected
        and (calibration.log_likelihood_ratio(pair.distance) < 0 or not shown.share_a_photo(pair.one, pair.other))
    ]
    found = [
        _suggestion(groups, pair.one, pair.other, probability, pair.distance)
        for pair, probability in zip(near, _probabilities(groups, near, calibration, least), strict=True)
        if probability >= least
    ]
    return sorted(found, key=rank)


def rank(one: Suggestion) -> tuple[float, int, int, int, int]:
    """The sort key of suggestions."""
    return -one.probability * one.settles, one.album or 0, one.other or 0, one.face or 0, one.with_face or 0


class _Pair(NamedTuple):
    """Two groups, in order. distance: root mean square over all pairs of their faces. odds: that they are one
    person's, among no others."""

    one: int
    other: int
    distance: float
    odds: float


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


def _probabilities(groups: Groups, near: Sequence[_Pair], calibration: Calibration, least: float) -> list[float]:
    """Of each pair, that it is one person's; 0 where that is less than `least`.

    With odds o it is o / (1 + sum of o), over the one group and all that resemble the other and are another person's
    than the one.
    """
    rivals: dict[int, dict[int, float]] = defaultdict(dict)
    for pair in near:
        rivals[pair.other][pair.one] = pair.odds
        if pair.one >= groups.albums:
            rivals[pair.one][pair.other] = pair.odds
    return [
        pair.odds / (1 + pair.odds + _of_others(groups, pair, rivals[pair.other], calibration))
        if pair.odds >= least
        else 0.0
        for pair in near
    ]


def _of_others(groups: Groups, pair: _Pair, rivals: Mapping[int, float], calibration: Calibration) -> float:
    """The sum of the odds of `rivals` that are another person's than the first of the pair, as their distance to it
    says."""
    others = [rival for rival in rivals if rival != pair.one]
    between = np.square(groups.centre[others] - groups.centre[pair.one]).sum(axis=1)
    distances = np.sqrt(between + groups.spread[others] + groups.spread[pair.one])
    strangers = calibration.log_likelihood_ratio(distances) < 0
    return float(sum(rivals[rival] for rival, stranger in zip(others, strangers, strict=True) if stranger))


def groups_of(
    ids: Rows, vectors: Vectors, albums: Labels, person: Labels, years: npt.NDArray[np.float64] | None = None
) -> tuple[Groups, Labels]:
    """The groups, and int64 [n]: the group of each row. years: float64 [n], NaN for unknown."""
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
    first, last = np.full(count, np.nan), np.full(count, np.nan)
    if years is not None:
        np.fmin.at(first, group, years)
        np.fmax.at(last, group, years)
    return Groups(number, centre.astype(np.float32), spread, size, who, len(numbers), Years(first, last)), group


def _near(groups: Groups, square: float, odds: Odds) -> list[_Pair]:
    """Those that are near each other."""
    sketches = main_axes(groups.centre).sketches(groups.centre, groups.spread)
    found = near_pairs(groups.centre, groups.spread, groups.number, groups.years, sketches, odds.candidates, square)
    crowded = crowding_of_each(found.one, found.square, len(groups.number), odds.candidates, odds.calibration)
    pairs = np.sort(np.column_stack([found.one, found.other]), axis=1)
    pairs, place = np.unique(pairs, axis=0, return_index=True)
    one, other = pairs.T
    distances, first = np.sqrt(found.square[place]), groups.years.first
    told = telling(crowded[one], crowded[other], first[one], first[other], found.far[place])
    likely = np.exp(odds.logarithm(distances, told, found.far[place]))
    columns = (one.tolist(), other.tolist(), distances.tolist(), likely.tolist())
    return [_Pair(*pair) for pair in zip(*columns, strict=True)]


def _suggestion(groups: Groups, one: int, other: int, probability: float, distance: float) -> Suggestion:
    """Albums come before single faces, and the lower number of two of these first."""
    number = groups.number
    if one >= groups.albums:
        one, other = sorted((one, other), key=lambda g: (groups.person[g] < 0, g))
        return Suggestion(None, None, int(number[other]), probability, distance, 2, with_face=int(number[one]))
    if other >= groups.albums:
        return Suggestion(int(number[one]), None, int(number[other]), probability, distance, 1)
    first, second = sorted((one, other), key=lambda g: (groups.person[g] < 0, -groups.size[g], g))
    album, smaller = int(number[first]), int(number[second])
    return Suggestion(album, smaller, None, probability, distance, int(groups.size[second]))
