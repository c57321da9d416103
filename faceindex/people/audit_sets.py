"""Sets of faces as their centres and spreads: the mean square distance between two sets follows from these alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from faceindex.judgement.calibration import Calibration
from faceindex.judgement.company import SMALLEST, STEEPNESS, crowding, people_among
from faceindex.people.near_groups import likely_pairs, main_axes
from faceindex.types import Labels, Vectors
from faceindex.vectors.exact import k_nearest

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

_BLOCK = 4096


@dataclass(frozen=True, slots=True)
class Sets:
    """size: int64 [s]. centre: float64 [s, d]. spread: float64 [s], mean square distance to the centre. An empty set
    has the centre 0."""

    size: Rows
    centre: Floats
    spread: Floats

    def without(self, number: Rows, vectors: Vectors) -> Sets:
        """For each of `number`, int64 [k], that set less one of its members, float32 [k, d]."""
        size, rest = self.size[number], np.maximum(self.size[number] - 1, 1)
        away = vectors - self.centre[number]
        squares = np.einsum("ij,ij->i", away, away)
        spread = (size * self.spread[number] - squares * size / rest) / rest
        return Sets(size - 1, self.centre[number] - away / rest[:, None], np.maximum(spread, 0.0))

    def chosen(self, number: Rows) -> Sets:
        """Those of `number`, int64 [k]."""
        return Sets(self.size[number], self.centre[number], self.spread[number])

    def replaced(self, number: Rows, others: Sets) -> Sets:
        """These, with `others` in the places `number`, int64 [k]."""
        found = Sets(self.size.copy(), self.centre.copy(), self.spread.copy())
        found.size[number], found.centre[number], found.spread[number] = others.size, others.centre, others.spread
        return found


def sets_of(vectors: Vectors, number: Labels, count: int) -> Sets:
    """The sets 0 to `count` - 1. vectors: float32 [n, d]. number: int64 [n], the set of each, -1 for none."""
    from scipy.sparse import csr_array  # sums a tenth as long as numpy; loaded for audits only

    rows = np.flatnonzero(number >= 0)
    rows = rows[np.argsort(number[rows], kind="stable")]
    size = np.bincount(number[rows], minlength=count)
    begins = np.concatenate([[0], np.cumsum(size)])
    members = csr_array((np.ones(len(rows)), rows, begins), shape=(count, len(vectors)))
    centre = (members @ vectors.astype(np.float64)) / np.maximum(size, 1)[:, None]
    spread = np.bincount(number[rows], _squares_to(centre, vectors[rows], number[rows]), minlength=count)
    return Sets(size, centre, spread / np.maximum(size, 1))


def some_sets_of(vectors: Vectors, number: Labels, chosen: Rows) -> Sets:
    """The sets `chosen` alone, int64 [k], rising."""
    places = np.searchsorted(chosen, number)
    inside = np.flatnonzero((number >= 0) & np.isin(number, chosen))
    return sets_of(vectors[inside], places[inside], len(chosen))


def singles(vectors: Vectors) -> Sets:
    """A set of each face."""
    return Sets(np.ones(len(vectors), dtype=np.int64), vectors.astype(np.float64), np.zeros(len(vectors)))


def squares_to_others(vectors: Vectors, number: Labels, sets: Sets) -> Floats:
    """Mean square distance of each face, float32 [n, d], to the other members of its set: float64 [n], NaN where there
    is none. number: int64 [n]."""
    size = sets.size[number].astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        shares = np.where(size > 1, size / (size - 1), np.nan)
    return shares * (_squares_to(sets.centre, vectors, number) + sets.spread[number])


def squares_between(ones: Sets, others: Sets) -> Floats:
    """Mean square distances of the faces of pairs of sets: float64 [s]."""
    away = ones.centre - others.centre
    found: Floats = np.einsum("ij,ij->i", away, away) + ones.spread + others.spread
    return found


def nearest_sets(some: Sets, own: Labels, sets: Sets, calibration: Calibration) -> tuple[Labels, Floats, Floats]:
    """For each of `some` the nearest of `sets` that is not its own, -1 for none; the mean square distance, infinite
    then; and what that counts as, where others crowd around: see `faceindex.people.crowded_groups`.

    own: int64 [s], place in `sets`. Returns: int64 [s], and float64 [s] twice.
    """
    known = np.flatnonzero(sets.size)
    people = people_among(len(known))
    if not len(some.size) or not len(known):
        return np.full(len(own), -1, dtype=np.int64), np.full(len(own), np.inf), np.full(len(own), np.inf)
    places = np.column_stack([sets.centre[known], np.sqrt(sets.spread[known])]).astype(np.float32)
    probes = np.column_stack([some.centre, np.zeros(len(own))]).astype(np.float32)
    found, rows = k_nearest(probes, places, min(people + 1, len(known)))
    squares = np.maximum(found.astype(np.float64), 0) + some.spread[:, None]
    squares[known[rows] == own[:, None]] = np.inf
    order = np.argsort(squares, axis=1, kind="stable")
    squares, rows = np.take_along_axis(squares, order, axis=1), np.take_along_axis(rows, order, axis=1)
    factor = np.ones(len(squares))
    if len(known) >= SMALLEST:
        near = np.sqrt(squares[:, people - 1])
        factor = np.minimum(1.0, crowding(1.0, people, len(known), calibration) * near**STEEPNESS)
    nearest = squares[:, 0]
    return np.where(np.isfinite(nearest), known[rows[:, 0]], -1), nearest, nearest / np.square(factor)


def near_sets(ones: Sets, others: Sets, square: float) -> tuple[Rows, Rows, Floats]:
    """Pairs of sets, none of which is empty, whose mean square distance is at most `square`: rows of both, int64 [k],
    and the distances, float64 [k]. Of two sets among the same ones the second comes after the first."""
    centre, spread = others.centre.astype(np.float32), others.spread
    axes = main_axes(centre)
    ours, theirs = axes.sketches(ones.centre.astype(np.float32), ones.spread), axes.sketches(centre, spread)
    found: list[tuple[Rows, Rows, Floats]] = []
    for start in range(0, len(ours), _BLOCK):
        first = start if others is ones else 0
        one, other = likely_pairs(ours[start : start + _BLOCK], theirs[first:], square)
        one, other = one + start, other + first
        if others is ones:
            one, other = one[one < other], other[one < other]
        apart = squares_between(ones.chosen(one), others.chosen(other))
        near = apart <= square
        found.append((one[near], other[near], apart[near]))
    if not found:
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64), np.empty(0)
    one, other, apart = (np.concatenate(columns) for columns in zip(*found, strict=True))
    return one, other, apart


def evidence(squares: Floats, calibration: Calibration) -> Floats:
    """What mean square distances say for one person, in nats; nothing can be infinitely far away."""
    return calibration.log_likelihood_ratio(np.sqrt(np.maximum(squares, 0.0)))


def square_of(said: float, calibration: Calibration) -> float:
    """The square distance from which on the evidence is below `said`, in nats."""
    low, high = 0.0, 100.0
    for _ in range(60):
        middle = (low + high) / 2
        near = float(calibration.log_likelihood_ratio(np.sqrt(middle))) >= said
        low, high = (middle, high) if near else (low, middle)
    return high


def _squares_to(centre: Floats, vectors: Vectors, number: Labels) -> Floats:
    """Square distances of faces, float32 [n, d], to the centres of their sets: float64 [n]."""
    away = vectors - centre.astype(np.float32)[number]
    squares: Floats = np.einsum("ij,ij->i", away, away).astype(np.float64)
    return squares
