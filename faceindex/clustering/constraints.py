"""What is known of faces besides their vectors: who is who, and who is not."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from faceindex.clustering.components import components
from faceindex.types import Labels

Rows = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Constraints:
    """On n faces, of which several may be said to be one person, or not to be.

    person: int64 [n], -1 for none; rows of the same person end in one cluster, rows of different people never in one.
    must_link: int64 [m, 2], pairs of rows that end in one cluster. cannot_link: int64 [k, 2], pairs of rows that never
    do; holds for everything bound to them by person and must_link. photo: int64 [n], the photo of each row, or -1;
    soft: two rows of one photo are two people unless they are nearly the same vector.

    A pair that is both, perhaps through others, linked and kept apart is linked.
    """

    person: Rows
    must_link: Rows
    cannot_link: Rows
    photo: Rows

    def reordered(self, order: Rows) -> Constraints:
        """The constraints on rows `order`, int64 [n], a permutation: row i of the result is row order[i] of these."""
        place = np.empty_like(order)
        place[order] = np.arange(len(order))
        return Constraints(self.person[order], place[self.must_link], place[self.cannot_link], self.photo[order])


def unconstrained(count: int) -> Constraints:
    """Nothing is known of any of `count` faces."""
    unknown, pairs = np.full(count, -1, dtype=np.int64), np.empty((0, 2), dtype=np.int64)
    return Constraints(unknown, pairs, pairs, unknown)


def bound_groups(constraints: Constraints) -> Rows:
    """int64 [n]: which rows are bound to each other, by person and must_link; numbered by their first rows."""
    count = len(constraints.person)
    named = np.flatnonzero(constraints.person >= 0)
    named = named[np.argsort(constraints.person[named], kind="stable")]
    same = constraints.person[named[1:]] == constraints.person[named[:-1]]
    left = np.concatenate([named[:-1][same], constraints.must_link[:, 0]])
    right = np.concatenate([named[1:][same], constraints.must_link[:, 1]])
    if not len(left):
        return np.arange(count)
    _, first, place = np.unique(components(left, right, count), return_index=True, return_inverse=True)
    number = np.empty(len(first), dtype=np.int64)
    number[np.argsort(first)] = np.arange(len(first))
    return number[place]


def pairs_in_photos(photo: Rows) -> Rows:
    """Every pair of rows that are in one photo, each once: int64 [m, 2]. photo: int64 [n], -1 for none."""
    order = np.argsort(photo, kind="stable")
    order = order[photo[order] >= 0]
    _, first, sizes = np.unique(photo[order], return_index=True, return_counts=True)
    position = np.arange(len(order)) - np.repeat(first, sizes)
    later = np.repeat(sizes, sizes) - 1 - position  # rows of the same photo that follow
    left = np.repeat(np.arange(len(order)), later)
    step = np.arange(len(left)) - np.repeat(np.cumsum(later) - later, later)
    return np.column_stack([order[left], order[left + 1 + step]])


def cohabitants(labels: Labels, photo: Rows) -> Rows:
    """The pairs of `pairs_in_photos` that share a cluster, too: int64 [m, 2]. Label -1 is a cluster of its own."""
    pairs = pairs_in_photos(photo)
    left, right = labels[pairs].T
    found: Rows = pairs[(left == right) & (left >= 0)]
    return found
