"""Pairs of two people's faces: how many there are, and how far the share of those that match is known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from faceindex.evaluation.intervals import Numbers, Rate, rate_of

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Sides:
    """The faces that are compared: those of one group with each other, or of two groups with one another.

    first, second: float64 [people], faces of each person in either group; second is None within one group.
    """

    first: Numbers
    second: Numbers | None = None

    @property
    def faces(self) -> Numbers:
        """float64 [people]: of both groups."""
        return self.first if self.second is None else self.first + self.second

    @property
    def people(self) -> int:
        """Who has a face."""
        return int(np.sum(self.faces > 0))

    def pairs_of(self, a: Integers, b: Integers) -> Numbers:
        """float64 [n]: pairs of a face of person a[k] and a face of another person b[k]."""
        if self.second is None:
            within: Numbers = self.first[a] * self.first[b]
            return within
        across: Numbers = self.first[a] * self.second[b] + self.first[b] * self.second[a]
        return across

    @property
    def own_pairs(self) -> Numbers:
        """float64 [people]: pairs of two faces of the same person."""
        return self.first * (self.first - 1) / 2 if self.second is None else self.first * self.second

    def _with_others(self) -> Numbers:
        """float64 [people]: pairs of a face of the person and one of somebody else."""
        others: Numbers = self.first.sum() - self.first
        if self.second is None:
            return self.first * others
        across: Numbers = self.first * (self.second.sum() - self.second) + self.second * others
        return across

    def _squares(self) -> float:
        """Sum, over pairs of people, of the squared number of their pairs of faces."""
        a = np.square(self.first)
        if self.second is None:
            return float((a.sum() ** 2 - np.square(a).sum()) / 2)
        b = np.square(self.second)
        return float(a.sum() * b.sum() + (self.first @ self.second) ** 2 - 2 * (a @ b))

    def _pairs_of_people(self) -> int:
        """Pairs of two people that have a pair of faces here."""
        first = int(np.sum(self.first > 0))
        if self.second is None:
            return first * (first - 1) // 2
        both = int(np.sum((self.first > 0) & (self.second > 0)))
        return first * int(np.sum(self.second > 0)) - both * (both + 1) // 2

    def rate(self, a: Integers, b: Integers, matches: Integers) -> Rate:
        """Share of pairs of two people that match. matches: int64 [n], of people a[k] and b[k]; two people come once.

        The variance is that of dyads: two pairs that share a person vary together (Aronow, Samii and Assenova 2015,
        "Cluster-robust variance estimation for dyadic data").
        """
        others = self._with_others()
        total, found = float(others.sum() / 2), float(matches.sum())
        if not total:
            return rate_of(0, 0, 0.0, 0)
        share = found / total
        own = np.bincount(a, matches, len(others)) + np.bincount(b, matches, len(others)) - share * others
        alone = float(np.square(matches).sum() - 2 * share * (matches @ self.pairs_of(a, b)))
        alone += share * share * self._squares()
        variance = max(float(np.square(own).sum()) - alone, alone) / (total * total)
        return rate_of(round(found), round(total), variance, self._pairs_of_people())
