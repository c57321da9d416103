"""B-cubed: how well clusters agree with the people who are really in them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from faceindex.evaluation.contingency import Contingency, contingency


@dataclass(frozen=True, slots=True)
class BCubed:
    """precision, recall and their harmonic mean f, each in [0, 1]."""

    precision: float
    recall: float
    f: float


def bcubed(labels: npt.NDArray[np.int64], people: npt.NDArray[np.int64]) -> BCubed:
    """B-cubed of `labels` against the true `people`, both int64 [n], n >= 1; label -1 is a cluster of its own.

    Bagga and Baldwin 1998: averages, over faces, of the share of a face's cluster that is its person
    (precision) and the share of its person that is in its cluster (recall).
    """
    return bcubed_of(contingency(labels, people))


def bcubed_of(table: Contingency) -> BCubed:
    """B-cubed of a table of clusters against people."""
    shared = table.shared[table.cell]
    precision = float(np.mean(shared / table.cluster_sizes[table.cluster][table.cell]))
    recall = float(np.mean(shared / table.person_sizes[table.person][table.cell]))
    return BCubed(precision, recall, 2 * precision * recall / (precision + recall))
