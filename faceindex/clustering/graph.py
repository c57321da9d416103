"""The neighbour graph that every clustering method runs on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Nodes = npt.NDArray[np.int32]
Integers = npt.NDArray[np.int64]
Lengths = npt.NDArray[np.float32]
Flags = npt.NDArray[np.bool_]

_ROWS = 1 << 17  # put together at a time


@dataclass(frozen=True, slots=True)
class NeighbourGraph:
    """Undirected graph in CSR form, every edge stored both ways, no loops, neighbours in rising order.

    start: int64 [n + 1]. neighbour: int32 [edges]. distance: float32 [edges], Euclidean.
    """

    start: Integers
    neighbour: Nodes
    distance: Lengths

    @property
    def size(self) -> int:
        """Number of nodes."""
        return len(self.start) - 1

    def rows(self) -> Nodes:
        """int32 [edges]: the node that each edge begins at."""
        return np.repeat(np.arange(self.size, dtype=np.int32), np.diff(self.start))

    def pairs(self) -> tuple[Nodes, Nodes]:
        """Every edge once, as int32 [edges / 2] each: its smaller and its larger node."""
        rows = self.rows()
        upper = self.neighbour > rows
        return rows[upper], self.neighbour[upper]


def graph_of(size: int, left: Nodes, right: Nodes, length: Lengths) -> NeighbourGraph:
    """The graph of `size` nodes with these edges, each given once or more often, either way; int32, float32 [m]."""
    low, high = np.minimum(left, right).astype(np.int64), np.maximum(left, right)
    _, first = np.unique(low * size + high, return_index=True)
    left, right = low[first].astype(np.int32), high[first].astype(np.int32)
    return _both_ways(size, left, right, length[first])


def _both_ways(size: int, low: Nodes, high: Nodes, length: Lengths) -> NeighbourGraph:
    """The graph of pairs sorted by low, then high: entered in this order, every row comes out sorted."""
    import scipy  # takes longer than most commands

    ends = np.concatenate([high, low]), np.concatenate([low, high])
    matrix = scipy.sparse.coo_array((np.concatenate([length, length]), ends), shape=(size, size)).tocsr()
    return NeighbourGraph(matrix.indptr.astype(np.int64), matrix.indices.astype(np.int32), matrix.data)


def both_ways(start: Integers, neighbour: Nodes, distance: Lengths) -> NeighbourGraph:
    """The graph of edges that were found from one of their ends, or from both with the same length.

    In CSR form, neighbours in rising order; as little memory is used as two copies of the graph and a half take.
    """
    import scipy

    size = len(start) - 1
    # A sparse matrix drops zeros, so lengths are told by their bits and one: those of a float from 0 on are in order.
    small = start.astype(np.int32 if start[-1] < 1 << 31 else np.int64)
    found = scipy.sparse.csr_array((distance.view(np.int32) + 1, neighbour, small), shape=(size, size))
    turned = found.T.tocsr()
    both = [found[rows : rows + _ROWS].maximum(turned[rows : rows + _ROWS]) for rows in range(0, size, _ROWS)]
    del found, turned
    counts = np.concatenate([[0], *(np.diff(part.indptr) for part in both)])
    neighbours, lengths = [part.indices for part in both], [part.data for part in both]
    both.clear()
    neighbour = np.concatenate(neighbours).astype(np.int32, copy=False)
    neighbours.clear()
    bits = np.concatenate(lengths)
    bits -= 1
    return NeighbourGraph(np.cumsum(counts, dtype=np.int64), neighbour, bits.view(np.float32))


def without(graph: NeighbourGraph, removed: npt.NDArray[np.bool_]) -> NeighbourGraph:
    """The graph less all edges of the nodes in `removed`, bool [n]; these remain as nodes."""
    return thinned(graph, ~(removed[graph.rows()] | removed[graph.neighbour]))


def thinned(graph: NeighbourGraph, kept: npt.NDArray[np.bool_]) -> NeighbourGraph:
    """The graph with those edges only that are in `kept`, bool [edges]."""
    start = np.zeros(graph.size + 1, dtype=np.int64)
    np.cumsum(np.bincount(graph.rows()[kept], minlength=graph.size), out=start[1:])
    return NeighbourGraph(start, graph.neighbour[kept], graph.distance[kept])
