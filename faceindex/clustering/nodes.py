"""What merges when new faces come to albums: an album is one node, every face without an album another."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from faceindex.clustering.constraints import Rows
from faceindex.clustering.crowding import Excess, excess_of
from faceindex.clustering.graph import NeighbourGraph, graph_of
from faceindex.clustering.rules import Rules
from faceindex.types import Labels, Vectors

_CHUNK = 4096  # pairs measured at a time


@dataclass(frozen=True, slots=True)
class Nodes:
    """What takes part: old albums that new faces are near, old faces without an album, then the new faces.

    albums: int64 [a], numbers. alone: int64 [s], old rows. of_row: int64 [old + new], the node of a row, -1 for none.
    centres: float32 [nodes, d]. sizes: int64 [nodes]. spreads: float32 [nodes].
    """

    albums: Rows
    alone: Rows
    of_row: Rows
    centres: Vectors
    sizes: Rows
    spreads: npt.NDArray[np.float32]


def nodes_of(old: Vectors, albums: Labels, new: Vectors, near: Rows) -> Nodes:
    """near: int64 [r], old rows that new faces are near or bound to."""
    touched = np.unique(albums[near][albums[near] >= 0])
    alone = near[albums[near] < 0]
    inside = np.flatnonzero(np.isin(albums, touched))
    place = np.searchsorted(touched, albums[inside])
    inside, place = inside[np.argsort(place, kind="stable")], np.sort(place)
    sizes = np.bincount(place, minlength=len(touched))
    of_row = np.full(len(old) + len(new), -1, dtype=np.int64)
    of_row[inside] = place
    of_row[alone] = len(touched) + np.arange(len(alone))
    of_row[len(old) :] = len(touched) + len(alone) + np.arange(len(new))
    first = np.cumsum(sizes) - sizes
    members = old[inside].astype(np.float64)
    centres = (np.add.reduceat(members, first) if len(first) else members) / sizes[:, None]
    squares = np.sum((members - centres[place]) ** 2, axis=1)
    spreads = np.bincount(place, weights=squares, minlength=len(touched)) / np.maximum(sizes, 1)
    others = len(alone) + len(new)
    return Nodes(
        albums=touched,
        alone=alone,
        of_row=of_row,
        centres=np.concatenate([centres, old[alone], new]).astype(np.float32),
        sizes=np.concatenate([sizes, np.ones(others, dtype=np.int64)]),
        spreads=np.concatenate([spreads, np.zeros(others)]).astype(np.float32),
    )


def node_graph(
    nodes: Nodes, among: NeighbourGraph, old: Vectors, new: Vectors, new_row: Rows, row: Rows
) -> NeighbourGraph:
    """Which nodes have faces that are neighbours, and how far apart the nearest of these are.

    among: the graph of the new faces. new_row, row: int64 [pairs], new faces and old rows that are neighbours.
    """
    left, right = among.pairs()
    lengths = [among.distance[among.neighbour > among.rows()]]
    for begin in range(0, len(new_row), _CHUNK):
        part = slice(begin, begin + _CHUNK)
        lengths.append(np.linalg.norm(new[new_row[part]] - old[row[part]], axis=1).astype(np.float32))
    length = np.concatenate(lengths)
    nearest_first = np.argsort(length, kind="stable")  # of several edges between two nodes the first remains
    left = nodes.of_row[len(old) + np.concatenate([left, new_row])][nearest_first].astype(np.int32)
    right = nodes.of_row[np.concatenate([len(old) + right, row])][nearest_first].astype(np.int32)
    return graph_of(len(nodes.sizes), left, right, length[nearest_first])


def node_excess(graph: NeighbourGraph, threshold: float, rules: Rules, new: int, usual: float = 0.0) -> Excess:
    """float32 [nodes]: `excess_of`, where an album or an old face, of which not all neighbours are known, is as crowded
    as the new faces near it are on average. new: how many of the nodes, the last, are new faces.
    usual: strangers that a face usually has within the threshold."""
    excess = excess_of(graph, threshold, rules.group, usual=usual)
    neighbours = np.diff(graph.start)
    sums = np.bincount(graph.rows(), weights=excess[graph.neighbour], minlength=graph.size)
    excess[: graph.size - new] = (sums / np.maximum(neighbours, 1))[: graph.size - new]
    return excess


def rows_of(old: Vectors, new: Vectors, rows: Rows) -> Vectors:
    """Rows of the old vectors followed by the new ones, without making these one array."""
    vectors = np.empty((len(rows), new.shape[1]), dtype=np.float32)
    late = rows >= len(old)
    vectors[~late], vectors[late] = old[rows[~late]], new[rows[late] - len(old)]
    return vectors
