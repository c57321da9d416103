"""Chinese whispers (Biemann 2006): every face takes the label that most of its neighbours have."""

from __future__ import annotations

import numba
import numpy as np
import numpy.typing as npt

from faceindex.clustering.graph import NeighbourGraph
from faceindex.types import Labels

ITERATIONS = 100
"""Rounds at most, as in dlib.chinese_whispers; it stops when a round changes nothing."""


def chinese_whispers(graph: NeighbourGraph, *, seed: int = 0) -> Labels:
    """Labels int64 [n]. Every edge counts one, as in dlib; ties go to the smallest label.

    Nodes are visited in an order drawn from `seed` anew in every round.
    """
    labels = np.arange(graph.size, dtype=np.int64)
    order = np.arange(graph.size, dtype=np.int64)
    votes = np.zeros(graph.size, dtype=np.int64)
    random = np.random.default_rng(seed)
    for _ in range(ITERATIONS):
        random.shuffle(order)
        if not _round(order, graph.start, graph.neighbour, labels, votes):
            break
    return labels


@numba.njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _round(
    order: npt.NDArray[np.int64],
    start: npt.NDArray[np.int64],
    neighbour: npt.NDArray[np.int64],
    labels: npt.NDArray[np.int64],
    votes: npt.NDArray[np.int64],
) -> int:
    changed = 0
    for node in order:
        best, most = labels[node], 0
        for edge in range(start[node], start[node + 1]):
            label = labels[neighbour[edge]]
            votes[label] += 1
            if votes[label] > most or (votes[label] == most and label < best):
                best, most = label, votes[label]
        for edge in range(start[node], start[node + 1]):
            votes[labels[neighbour[edge]]] = 0
        if best != labels[node]:
            labels[node] = best
            changed += 1
    return changed
