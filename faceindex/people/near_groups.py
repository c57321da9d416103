"""Which albums are near an album or a face, exactly, without comparing all vectors of all.

The mean square of the distances between two sets is the square of that of their centres plus both spreads. A sketch
has few numbers for each group, the distance of two of which is never above that: centres projected onto their main
axes, how far they are from there, and their spreads each in a direction of its own. Only pairs whose sketches are near
are looked at in full.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from faceindex.judgement.calibration import Calibration
from faceindex.people.likelihood import GROWTH, Odds
from faceindex.search.growing_up import FAR, years_between
from faceindex.types import Vectors
from faceindex.vectors.exact import pairs_within

NEAREST = 8
"""Albums that each album or face is compared with, at most; and as many of those that are far apart from it in time."""

_FAINT = 1e-3  # odds below which a pair is neither suggested nor a rival that is heard of
_AXES = 48  # of 16, 32, 48 and 64 the least of which few pairs are left that are not near; more take longer to read
_BLOCK = 1024
_SLACK = 1e-4  # of float32
_DENSE = 20  # where more than one pair of so many is looked at, it takes less time to compare all

Rows = npt.NDArray[np.int64]
Squares = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Axes:
    """What sketches are made with. mean: float32 [d]. axes: float32 [d, a], orthonormal."""

    mean: Vectors
    axes: Vectors

    def sketches(self, centre: Vectors, spread: Squares) -> Vectors:
        """Of centres, float32 [n, d], and spreads, float64 [n]: float32 [n, a + 3].

        The last but one is 0, where the other group of a pair has its spread.
        """
        centred = centre - self.mean
        inside = centred @ self.axes
        beside = np.square(centred).sum(axis=1) - np.square(inside).sum(axis=1)
        rest = np.column_stack([np.maximum(beside, 0), np.zeros(len(centre)), np.maximum(spread, 0)])
        return np.column_stack([inside, np.sqrt(rest)]).astype(np.float32)


def main_axes(centre: Vectors) -> Axes:
    """The axes along which centres, float32 [n, d], differ most."""
    some = centre[:: max(1, len(centre) // 20_000)].astype(np.float64)
    mean = some.mean(axis=0) if len(some) else np.zeros(centre.shape[1])
    _, vectors = np.linalg.eigh((some - mean).T @ (some - mean))
    return Axes(mean.astype(np.float32), np.ascontiguousarray(vectors[:, ::-1][:, :_AXES].astype(np.float32)))


def near_square(calibration: Calibration, candidates: int) -> float:
    """The mean square distance beyond which a pair matters no more among so many candidates."""
    return Odds(calibration, candidates).square_at(float(np.log(_FAINT)))


def likely_pairs(ones: Vectors, others: Vectors, square: float, *, dated: bool = True) -> tuple[Rows, Rows]:
    """Pairs of rows of sketches, float32 [n, a + 3] and [m, a + 3], that may be near: int64 [k] each. dated: or near
    for such as are far apart in time."""
    left = ones.copy()
    left[:, [-2, -1]] = ones[:, [-1, -2]]
    reach = square * GROWTH**2 if dated else square
    return pairs_within(left, others, reach * (1 + _SLACK) + _SLACK)


def is_near(between: Squares, far: Flags, square: float) -> Flags:
    """Which pairs are near: the mean square distance between them, float64 [k], is at most `square`, or somewhat more
    where they are `far` apart in time. bool [k]."""
    near: Flags = between <= np.where(far, square * GROWTH**2, square)
    return near


class Years(NamedTuple):
    """When the photos of groups were taken. first, last: float64 [n], years of the earliest and latest date, or NaN."""

    first: Squares
    last: Squares

    @property
    def known(self) -> bool:
        """Whether any photo has a date."""
        return bool(np.isfinite(self.first).any())

    @classmethod
    def unknown(cls, count: int) -> Years:
        """Of `count` groups whose photos have no date."""
        return cls(np.full(count, np.nan), np.full(count, np.nan))

    def far(self, one: Rows, other: Rows) -> Flags:
        """Which of these pairs of groups, int64 [k] each, are far apart in time: bool [k]."""
        if not self.known:
            return np.zeros(len(one), dtype=np.bool_)
        between = years_between(self.first[one], self.last[one], self.first[other], self.last[other])
        found: Flags = between >= FAR
        return found


class NearPairs(NamedTuple):
    """Groups and candidates near them. one, other: int64 [k]. square: float64 [k], mean square distances. far: bool
    [k], whether they are far apart in time."""

    one: Rows
    other: Rows
    square: Squares
    far: Flags

    def only(self, which: Rows | Flags) -> NearPairs:
        """Those of the pairs."""
        return NearPairs(self.one[which], self.other[which], self.square[which], self.far[which])


def near_pairs(
    centre: Vectors,
    spread: Squares,
    numbers: Rows,
    years: Years,
    sketches: Vectors,
    candidates: int,
    square: float,
) -> NearPairs:
    """For every group the candidates that are near it.

    centre: float32 [n, d]. spread: float64 [n]. numbers: int64 [n], of candidates rising. sketches: float32 [n, a + 3].
    candidates: how many of the groups, the first, are candidates.
    """
    found: list[NearPairs] = []
    for start in range(0, len(centre), _BLOCK):
        left, right = likely_pairs(sketches[start : start + _BLOCK], sketches[:candidates], square, dated=years.known)
        left, right = left[left + start != right], right[left + start != right]
        if _DENSE * len(left) > min(_BLOCK, len(centre) - start) * candidates:
            all_squares = _all_squares(centre[start : start + _BLOCK], centre[:candidates])
            parts = [(left, right, all_squares[left, right])]
        else:
            steps = range(0, len(left), 64 * _BLOCK)
            some = [(left[part : part + 64 * _BLOCK], right[part : part + 64 * _BLOCK]) for part in steps]
            parts = [(one, other, _squares(centre[one + start], centre[other])) for one, other in some]
        for one, other, between in parts:
            rows = one + start
            pairs = NearPairs(rows, other, between + spread[rows] + spread[other], years.far(rows, other))
            found.append(pairs.only(is_near(pairs.square, pairs.far, square)))
    if not found:
        none = np.empty(0, dtype=np.int64)
        return NearPairs(none, none, np.empty(0), none > 0)
    pairs = NearPairs(*(np.concatenate(columns) for columns in zip(*found, strict=True)))
    return pairs.only(nearest_only(pairs.one, numbers[pairs.other], pairs.square, pairs.far))


def squares(one: Vectors, other: Vectors, spread: Squares, other_spread: Squares) -> Squares:
    """Mean square distances of pairs: centres float32 [k, d] and spreads float64 [k] of both; float64 [k]."""
    found: Squares = _squares(one, other) + spread + other_spread
    return found


def _squares(one: Vectors, other: Vectors) -> Squares:
    """Of each pair of rows, float64 [k]."""
    found: Squares = np.square(one.astype(np.float64) - other.astype(np.float64)).sum(axis=1)
    return found


def _all_squares(ones: Vectors, others: Vectors) -> Squares:
    """Of each of n rows and each of m: float64 [n, m]."""
    left, right = ones.astype(np.float64), others.astype(np.float64)
    found: Squares = np.square(left).sum(axis=1)[:, None] + np.square(right).sum(axis=1) - 2 * left @ right.T
    return np.maximum(found, 0.0, out=found)


def nearest_only(group: Rows, candidate: Rows, square: Squares, far: Flags) -> Flags:
    """Which of these pairs are among the NEAREST of their group, far apart in time or not; of equally near candidates
    the first number. bool [k]."""
    order = np.lexsort((candidate, square, far, group))
    part = 2 * group[order] + far[order]
    first = np.searchsorted(part, part, side="left")
    kept = np.zeros(len(group), dtype=np.bool_)
    kept[order] = np.arange(len(group)) - first < NEAREST
    return kept
