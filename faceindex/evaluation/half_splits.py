"""Many halves: how far false identifications measured on one half of the people may be trusted.

Among a thousand people a handful of pairs brings all that a strict threshold finds, and whether they are in a half is
chance. So the people are parted many times, and beside thresholds fitted to the other half there are those counted on
all people: they are right for these people by construction, and what a half measures with them strays by chance alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from faceindex.evaluation.cross_fit import fitted
from faceindex.evaluation.strangers import Numbers, People, named_pairs, strangers_within
from faceindex.types import Vectors

TAILS = (0.05, 0.95)
"""Shares of halves that lie below `low` and not above `high`."""


@dataclass(frozen=True, slots=True)
class Spread:
    """False identifications measured, by those asked for, over halves of the people.

    median, mean, low, high (5 % and 95 %): of the ratio. within_two: share of halves where it is 1/2 to 2.
    """

    median: float
    mean: float
    low: float
    high: float
    within_two: float


@dataclass(frozen=True, slots=True)
class HalfSplits:
    """halves: measured. fitted: with thresholds of a calibration of the other half. counted: of all the people."""

    asked: float
    halves: int
    fitted: Spread
    counted: Spread


def half_splits(
    vectors: Vectors, people: People, asked: Sequence[float], splits: int, seed: int = 0
) -> tuple[HalfSplits, ...]:
    """For each number asked, over `splits` random partings of the people, either half in turn.

    vectors: float32 [n, d]. people: int64 [n], every number from 0 on. Raises: ValueError as `fit`.
    """
    nearest = _Counted(vectors, people)
    random = np.random.default_rng(seed)
    ratios = np.empty((splits, 2, 2, len(asked)))  # of parting, half, fitted or counted, number asked
    for ratio in ratios:
        first = np.zeros(people.max() + 1, dtype=bool)
        first[random.permutation(len(first))[: len(first) // 2]] = True
        parts = [(vectors[half], people[half]) for half in (first[people], ~first[people])]
        for (tried, who), other, own in zip(parts, parts[::-1], ratio, strict=True):
            calibration = fitted(named_pairs(*other))
            faces = len(tried) - 1
            own[0] = _ratios(tried, who, asked, [calibration.threshold(each, faces) for each in asked])
            own[1] = _ratios(tried, who, asked, [nearest.threshold(each, faces) for each in asked])
    over = ratios.reshape(2 * splits, 2, len(asked))
    return tuple(
        HalfSplits(each, 2 * splits, _spread(over[:, 0, place]), _spread(over[:, 1, place]))
        for place, each in enumerate(asked)
    )


class _Counted:
    """Thresholds within which all the people's faces find as many strangers as asked for."""

    def __init__(self, vectors: Vectors, people: People) -> None:
        self._distances: Numbers = np.sort(named_pairs(vectors, people).different)
        self._per_query = 2 / len(vectors) ** 2

    def threshold(self, asked: float, faces: int) -> float:
        """Between the distances of the two pairs that the number asked for lies between."""
        pairs = asked / faces / self._per_query
        return float(np.interp(pairs, np.arange(1, len(self._distances) + 1), self._distances))


def _ratios(vectors: Vectors, people: People, asked: Sequence[float], thresholds: Sequence[float]) -> Numbers:
    """float64 [len(asked)]: strangers found per query within each threshold, by the number asked for."""
    found = strangers_within(vectors, people, vectors, people, max(thresholds))
    away = np.linalg.norm(vectors[found[:, 0]].astype(np.float64) - vectors[found[:, 1]], axis=1)
    counts = np.array([np.sum(away <= threshold) for threshold in thresholds])
    measured: Numbers = counts / len(vectors) / np.asarray(asked)
    return measured


def _spread(ratios: Numbers) -> Spread:
    low, high = np.quantile(ratios, TAILS)
    return Spread(
        median=float(np.median(ratios)),
        mean=float(ratios.mean()),
        low=float(low),
        high=float(high),
        within_two=float(np.mean((ratios >= 0.5) & (ratios <= 2))),
    )
