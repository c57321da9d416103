"""Faces of poor quality: they take no part in making clusters, and join them afterwards.

A blurred or turned face resembles other people's: as a member of the graph it is a bridge between them.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from faceindex.clustering.graph import NeighbourGraph
from faceindex.types import Labels

Flags = npt.NDArray[np.bool_]


def poor_last(graph: NeighbourGraph, poor: Flags, method: Callable[[NeighbourGraph], Labels]) -> Labels:
    """Labels int64 [n] by `method`: of good faces first, which those in `poor`, bool [n], then join.

    Poor faces with no good neighbour that has a label are clustered among themselves.
    """
    good = joined(graph, method(without(graph, poor)), poor)
    alone = poor & ~_has_label(graph, good, poor)
    rest = method(without(graph, ~alone))
    return np.where(alone & (rest >= 0), graph.size + rest, good)


def without(graph: NeighbourGraph, poor: Flags) -> NeighbourGraph:
    """The graph less all edges of the faces in `poor`, bool [n]; these remain as nodes."""
    row = _rows(graph)
    kept = ~(poor[row] | poor[graph.neighbour])
    start = np.zeros(graph.size + 1, dtype=np.int64)
    np.cumsum(np.bincount(row[kept], minlength=graph.size), out=start[1:])
    return NeighbourGraph(start, graph.neighbour[kept], graph.distance[kept])


def joined(graph: NeighbourGraph, labels: Labels, poor: Flags) -> Labels:
    """`labels`, int64 [n], with those of the faces in `poor`, bool [n], replaced by the ones their neighbours have.

    A poor face takes the label that most of its neighbours have that are not poor; of equals that of the nearest
    neighbour, then the smallest. Without such a neighbour it keeps its own. Label -1 is none and is not taken.
    """
    row, edges = _rows(graph), _to_label(graph, labels, poor)
    row, label, distance = row[edges], labels[graph.neighbour[edges]], graph.distance[edges]
    found, place, votes = np.unique(np.column_stack([row, label]), axis=0, return_inverse=True, return_counts=True)
    nearest = np.full(len(found), np.inf, dtype=np.float32)
    np.minimum.at(nearest, place.ravel(), distance)
    best_last = np.lexsort((-found[:, 1], -nearest, votes, found[:, 0]))
    result = labels.copy()
    result[found[best_last, 0]] = found[best_last, 1]  # of several values for one face the last remains
    return result


def _has_label(graph: NeighbourGraph, labels: Labels, poor: Flags) -> Flags:
    """bool [n]: poor faces with a good neighbour that has a label."""
    found = np.zeros(graph.size, dtype=np.bool_)
    found[_rows(graph)[_to_label(graph, labels, poor)]] = True
    return found


def _to_label(graph: NeighbourGraph, labels: Labels, poor: Flags) -> Flags:
    """bool [edges]: which edges lead from a poor face to a good one that has a label."""
    return poor[_rows(graph)] & ~poor[graph.neighbour] & (labels[graph.neighbour] >= 0)


def _rows(graph: NeighbourGraph) -> npt.NDArray[np.int64]:
    """int64 [edges]: the face that each edge begins at."""
    return np.repeat(np.arange(graph.size), np.diff(graph.start))
