"""Sets of faces as their centres and spreads: the mean square distance between two sets follows from these alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from faceindex.search.calibration import Calibration
from faceindex.types import Labels, Vectors

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Sets:
    """size: int64 [s]. centre: float64 [s, d]. spread: float64 [s], mean square distance to the centre. An empty set
    has the centre 0."""

    size: Rows
    centre: Floats
    spread: Floats

    def without(self, number: Rows, vectors: Vectors) -> Sets:
        """For each of `number`, int64 [k], the set of it less one of its members, float32 [k, d]. A set of one stays
        empty."""
        rest = self.size[number] - 1
        some = np.maximum(rest, 1)
        away = vectors - self.centre[number]
        centre = self.centre[number] - away / some[:, None]
        squares = np.einsum("ij,ij->i", away, away)
        spread = (self.size[number] * self.spread[number] - squares * self.size[number] / some) / some
        return Sets(rest, centre, np.maximum(spread, 0.0))

    def chosen(self, number: Rows) -> Sets:
        """Those of `number`, int64 [k]."""
        return Sets(self.size[number], self.centre[number], self.spread[number])


def sets_of(vectors: Vectors, number: Labels, count: int) -> Sets:
    """The sets 0 to `count` - 1. vectors: float32 [n, d]. number: int64 [n], the set of each, -1 for none."""
    order = np.argsort(number, kind="stable")
    order = order[np.searchsorted(number[order], 0) :]
    size = np.bincount(number[order], minlength=count)
    begins = (np.cumsum(size) - size)[size > 0]
    ordered = vectors[order].astype(np.float64)
    centre, spread = np.zeros((count, vectors.shape[1])), np.zeros(count)
    if len(order):
        centre[size > 0] = np.add.reduceat(ordered, begins) / size[size > 0, None]
        ordered -= np.repeat(centre, size, axis=0)
        spread[size > 0] = np.add.reduceat(np.einsum("ij,ij->i", ordered, ordered), begins) / size[size > 0]
    return Sets(size, centre, spread)


def squares_between(ones: Sets, others: Sets) -> Floats:
    """Mean square distances of the faces of pairs of sets: float64 [s]."""
    away = ones.centre - others.centre
    found: Floats = np.einsum("ij,ij->i", away, away) + ones.spread + others.spread
    return found


def evidence(squares: Floats, calibration: Calibration) -> Floats:
    """What mean square distances say for one person, in nats."""
    return calibration.log_likelihood_ratio(np.sqrt(np.maximum(squares, 0.0)))


def square_of(said: float, calibration: Calibration) -> float:
    """The square distance from which on the evidence is below `said`, in nats."""
    low, high = 0.0, 100.0
    for _ in range(60):
        middle = (low + high) / 2
        near = float(calibration.log_likelihood_ratio(np.sqrt(middle))) >= said
        low, high = (middle, high) if near else (low, middle)
    return high
