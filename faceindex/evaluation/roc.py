"""ROC over all pairs of faces: true and false accept rates, equal error rate, area under the curve.

Millions of distances are counted in narrow bins instead of being kept. A threshold is then always the upper edge of a
bin, and at an edge the counts of accepted pairs, and all rates made of them, are those of the distances themselves:
the bins only round where a threshold can lie, to 4e-6 of the largest possible distance.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from faceindex.evaluation.distances import Distances, above_diagonal, block_distances, pair_blocks
from faceindex.types import Vectors

FALSE_ACCEPT_RATES = (1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6)

ENOUGH_PAIRS = 30
"""False accepts from which a rate is known to +-30 % at 90 % confidence: the rule of 30 (Doddington et al. 2000)."""

_MOST_BINS = 2**19

Counts = npt.NDArray[np.int64]
Rates = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class PairCounts:
    """Distances of pairs of one person (`same`) and of two (`different`), counted in bins: int64 [bins] each.

    Bin k holds the distances in ((k - 1) * width, k * width], bin 0 those that are 0. width is a power of two, so
    that edges are exact.
    """

    width: float
    same: Counts
    different: Counts

    @property
    def edges(self) -> Rates:
        """float64 [bins]: the largest distance of each bin."""
        return np.arange(len(self.same), dtype=np.float64) * self.width

    def true_accept_rates(self) -> Rates:
        """float64 [bins]: share of same-person pairs accepted with each edge as the threshold. Raises: ValueError."""
        return _shares(self.same, "no two faces of one person")

    def false_accept_rates(self) -> Rates:
        """float64 [bins]: share of different-people pairs accepted with each edge. Raises: ValueError."""
        return _shares(self.different, "no faces of two people")


@dataclass(frozen=True, slots=True)
class OperatingPoint:
    """The most lenient threshold that keeps the false accept rate.

    far: the rate asked for. threshold: None when even distance 0 accepts more. tar: true accept rate there.
    false_accepts: pairs of different people accepted there. enough: whether they are as many as the rule of 30 asks
    for; else the rate is a guess.
    """

    far: float
    threshold: float | None
    tar: float
    false_accepts: int
    enough: bool


@dataclass(frozen=True, slots=True)
class Roc:
    """A ROC in figures: numbers of pairs, points at fixed rates, equal error rate and its threshold, area."""

    same_pairs: int
    different_pairs: int
    points: tuple[OperatingPoint, ...]
    eer: float
    eer_threshold: float
    auc: float

    def at(self, far: float) -> OperatingPoint:
        """The point at the rate `far`. Raises: KeyError when it was not asked for."""
        for point in self.points:
            if point.far == far:
                return point
        raise KeyError(far)


def count_all_pairs(vectors: Vectors, people: npt.NDArray[np.int64]) -> PairCounts:
    """Every pair of `vectors`, float32 [n, d], of `people`, int64 [n], counted by its distance.

    13,000 faces are 85 million pairs: seconds, and no more memory than for a few million. An edge between two
    distances that differ by less than float32 tells apart may fall on either side of them.
    """
    vectors = np.ascontiguousarray(vectors, dtype=np.float32)
    reach = 2 * float(np.sqrt(np.einsum("ij,ij->i", vectors, vectors).max(initial=0)))
    width, bins = _bins(reach)
    every, same = np.zeros(bins, dtype=np.int64), np.zeros(bins, dtype=np.int64)
    for rows, columns in pair_blocks(len(vectors)):
        places = _places(block_distances(vectors[rows], vectors[columns]), width, bins)
        one_person = people[rows, None] == people[None, columns]
        if rows.stop > columns.start:
            wanted = above_diagonal(rows, columns)
            places, one_person = places[wanted], one_person[wanted]
        every += np.bincount(places.ravel(), minlength=bins)
        same += np.bincount(places[one_person], minlength=bins)
    return PairCounts(width, same, every - same)


def count_pairs(distances: npt.NDArray[np.floating], same: npt.NDArray[np.bool_]) -> PairCounts:
    """Given pairs: finite distances float [n], Euclidean, and whether each is of one person, bool [n]."""
    width, bins = _bins(float(distances.max(initial=0)))
    places = _places(distances.astype(np.float32), width, bins)
    return PairCounts(width, np.bincount(places[same], minlength=bins), np.bincount(places[~same], minlength=bins))


def operating_point(counts: PairCounts, far: float) -> OperatingPoint:
    """The most lenient threshold with a false accept rate of at most `far`, in (0, 1). Raises: ValueError."""
    tar = counts.true_accept_rates()
    accepted = np.cumsum(counts.different)
    allowed = math.floor(far * float(_total(accepted, "no faces of two people")) * (1 + 1e-12))
    place = int(np.searchsorted(accepted, allowed, side="right")) - 1
    if place < 0:
        return OperatingPoint(far, None, 0.0, 0, enough=False)
    false_accepts = int(accepted[place])
    return OperatingPoint(
        far, place * counts.width, float(tar[place]), false_accepts, enough=false_accepts >= ENOUGH_PAIRS
    )


def equal_error(counts: PairCounts) -> tuple[float, float]:
    """(rate, threshold) where as large a share of strangers is accepted as of same-person pairs is refused.

    Between the two edges where the curves cross, both are taken as straight lines. Raises: ValueError.
    """
    false_accepts, false_rejects = counts.false_accept_rates(), 1 - counts.true_accept_rates()
    after = int(np.argmax(false_accepts >= false_rejects))
    if after == 0:
        return float((false_accepts[0] + false_rejects[0]) / 2), 0.0
    gap_before = float(false_rejects[after - 1] - false_accepts[after - 1])
    gap_after = float(false_accepts[after] - false_rejects[after])
    share = gap_before / (gap_before + gap_after)
    rate = false_accepts[after - 1] + share * (false_accepts[after] - false_accepts[after - 1])
    return float(rate), (after - 1 + share) * counts.width


def area_under_curve(counts: PairCounts) -> float:
    """Chance that a same-person pair is nearer than a pair of strangers; pairs in one bin count half.

    Mann and Whitney's statistic. Raises: ValueError.
    """
    tar = np.concatenate([[0.0], counts.true_accept_rates()])
    far = np.concatenate([[0.0], counts.false_accept_rates()])
    return float(np.sum(np.diff(far) * (tar[1:] + tar[:-1]) / 2))


def roc(counts: PairCounts, rates: Sequence[float] = FALSE_ACCEPT_RATES) -> Roc:
    """The ROC of `counts` in figures. Raises: ValueError without a pair of one person or one of two."""
    eer, eer_threshold = equal_error(counts)
    return Roc(
        same_pairs=int(counts.same.sum()),
        different_pairs=int(counts.different.sum()),
        points=tuple(operating_point(counts, far) for far in rates),
        eer=eer,
        eer_threshold=eer_threshold,
        auc=area_under_curve(counts),
    )


def _bins(reach: float) -> tuple[float, int]:
    """(width, number) of bins up to `reach`: at most 2^19 bins, and the narrowest that allows."""
    width = 2.0 ** math.ceil(math.log2(max(reach, 1e-6) / _MOST_BINS))
    return width, math.ceil(reach / width) + 2  # one more for distances that rounding puts beyond


def _places(distances: Distances, width: float, bins: int) -> npt.NDArray[np.int32]:
    """The bin of each distance; multiplying by a power of two rounds nothing."""
    places: npt.NDArray[np.int32] = np.ceil(distances * np.float32(1 / width)).astype(np.int32)
    return np.minimum(places, bins - 1, out=places)


def _shares(counts: Counts, missing: str) -> Rates:
    accepted = np.cumsum(counts)
    return accepted / _total(accepted, missing)


def _total(accepted: Counts, missing: str) -> int:
    if not len(accepted) or accepted[-1] == 0:
        raise ValueError(f"there are {missing} to compare")
    return int(accepted[-1])
