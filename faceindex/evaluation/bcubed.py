"""B-cubed: how well clusters agree with the people who are really in them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


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
    alone = labels < 0
    labels = np.where(alone, labels.max(initial=0) + 1 + np.cumsum(alone), labels)
    cluster, person = (np.unique(values, return_inverse=True)[1] for values in (labels, people))
    _, pair, together = np.unique(np.stack([cluster, person]), axis=1, return_inverse=True, return_counts=True)
    shared = together[pair.ravel()]
    precision = float(np.mean(shared / np.bincount(cluster)[cluster]))
    recall = float(np.mean(shared / np.bincount(person)[person]))
    return BCubed(precision, recall, 2 * precision * recall / (precision + recall))
