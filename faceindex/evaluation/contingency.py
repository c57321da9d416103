"""How many faces each cluster shares with each person: what every measure of a clustering is made of."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Contingency:
    """The cells of the table clusters x people that hold a face.

    cluster, person: int64 [cells], renumbered from 0. shared: int64 [cells], the faces in each cell. cell: int64 [n],
    that of each face.
    """

    cluster: Integers
    person: Integers
    shared: Integers
    cell: Integers

    @property
    def cluster_sizes(self) -> Integers:
        """int64 [clusters]: faces of each cluster."""
        return _sums(self.cluster, self.shared)

    @property
    def person_sizes(self) -> Integers:
        """int64 [people]: faces of each person."""
        return _sums(self.person, self.shared)


def contingency(labels: Integers, people: Integers) -> Contingency:
    """The table of `labels` against the true `people`, both int64 [n], n >= 1; label -1 is a cluster of its own."""
    alone = labels < 0
    labels = np.where(alone, labels.max(initial=0) + 1 + np.cumsum(alone), labels)
    cluster, person = (np.unique(values, return_inverse=True)[1] for values in (labels, people))
    cells, cell, shared = np.unique(np.stack([cluster, person]), axis=1, return_inverse=True, return_counts=True)
    return Contingency(cells[0], cells[1], shared, cell.ravel())


def _sums(groups: Integers, values: Integers) -> Integers:
    sums = np.zeros(int(groups.max()) + 1, dtype=np.int64)
    np.add.at(sums, groups, values)
    return sums
