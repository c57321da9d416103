"""The neighbour graph that every clustering method runs on."""

from __future__ import annotations

from dataclasses import dataclass

import faiss
import numpy as np
import numpy.typing as npt

from faceindex.types import Vectors

_BLOCK = 1024  # rows searched at a time: bounds what a range search holds at once
_ROUNDING = 1e-4  # FAISS's float32 error of a squared distance, amply; the true distance is computed from the rows


@dataclass(frozen=True, slots=True)
class NeighbourGraph:
    """Undirected graph in CSR form, every edge stored both ways, no loops, neighbours in rising order.

    start: int64 [n + 1]. neighbour: int64 [edges]. distance: float32 [edges], Euclidean.
    """

    start: npt.NDArray[np.int64]
    neighbour: npt.NDArray[np.int64]
    distance: npt.NDArray[np.float32]

    @property
    def size(self) -> int:
        """Number of nodes."""
        return len(self.start) - 1


def neighbour_graph(vectors: Vectors, threshold: float) -> NeighbourGraph:
    """Which rows of `vectors`, float32 [n, d], lie within `threshold` (Euclidean, inclusive) of each other."""
    count = len(vectors)
    vectors = np.ascontiguousarray(vectors, dtype=np.float32)
    index = faiss.IndexFlatL2(vectors.shape[1])
    index.add(vectors)
    rows, columns, lengths = [], [], []
    for begin in range(0, count, _BLOCK):
        block = vectors[begin : begin + _BLOCK]
        limits, _, found = index.range_search(block, float(threshold) ** 2 + _ROUNDING)
        row = np.repeat(np.arange(begin, begin + len(block)), np.diff(limits.astype(np.int64)))
        upper = found > row  # half of the graph, mirrored below
        row, column = row[upper], found[upper]
        length = np.linalg.norm(vectors[row] - vectors[column], axis=1)
        near = length <= threshold
        rows.append(row[near])
        columns.append(column[near])
        lengths.append(length[near])
    if not rows:
        return NeighbourGraph(np.zeros(1, np.int64), np.empty(0, np.int64), np.empty(0, np.float32))
    row, column, length = np.concatenate(rows), np.concatenate(columns), np.concatenate(lengths)
    row, column = np.concatenate([row, column]), np.concatenate([column, row])
    order = np.lexsort((column, row))
    start = np.zeros(count + 1, dtype=np.int64)
    np.cumsum(np.bincount(row, minlength=count), out=start[1:])
    return NeighbourGraph(start, column[order].astype(np.int64), np.concatenate([length, length])[order])
