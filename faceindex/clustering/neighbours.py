"""Which faces are near each other: the graph, found block by block in bounded memory.

A few faces are compared all with all. Many are sorted into lists by k-means, and every face looks into the lists
nearly as near to it as the nearest one: a face in the middle of its list looks into few others. How much further they
may be is what a sample needs to find RECALL of its neighbours. Faces that look into the same list are compared with it
in one product of matrices. In both cases along the axes of largest variance first: what is too far apart there is so in
full (`faceindex.clustering.axes`), and of the others the true distances are computed.
"""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from faceindex.clustering.axes import principal_coordinates
from faceindex.clustering.blocks import (
    MOST,
    ROUNDING,
    Asking,
    Elsewhere,
    Floats,
    Lists,
    Looks,
    found_elsewhere,
    found_in,
    further,
    looks_of,
    neighbours_within,
)
from faceindex.clustering.distances import squared_distances
from faceindex.clustering.graph import Integers, Lengths, NeighbourGraph, Nodes, both_ways, graph_of
from faceindex.running.meter import Meter
from faceindex.types import Vectors
from faceindex.vectors.exact import k_nearest
from faceindex.vectors.ivf import ROWS_PER_CENTROID, centroids_in_two_levels

COMPLETE = 10_000
"""Faces up to which the graph has every pair within the threshold: fifty million at most."""

RECALL = 0.99
"""Of the edges of a sample that the lists looked into must hold, before those that are found from their other ends."""

SAMPLE = 500
"""Faces whose neighbours are found exactly, to choose which lists are looked into."""

_BLOCK = 1024  # rows compared at a time
_PART = 128  # blocks whose rows look into lists at the same time
_PART_ELSEWHERE = 16  # blocks whose vectors are sent at a time
_LISTS = 3.5  # times the root of the number of faces

Number = TypeVar("Number", bound=np.generic)


def neighbour_graph(
    vectors: Vectors,
    threshold: float,
    *,
    workers: int = 1,
    meter: Meter | None = None,
    elsewhere: Elsewhere | None = None,
) -> NeighbourGraph:
    """Which rows of `vectors`, float32 [n, d], lie within `threshold` (Euclidean, inclusive) of each other.

    Of up to COMPLETE rows all pairs; of more, the MOST nearest of each, of which RECALL are found. workers: threads.
    meter: hears of `steps_of` steps. elsewhere: computes the blocks of many rows in other processes; the graph is the
    same. Raises: JobCancelled.
    """
    meter = meter or Meter()
    vectors = np.ascontiguousarray(vectors, dtype=np.float32)
    if len(vectors) < 2:
        nothing = np.empty(0, dtype=np.int32)
        return graph_of(len(vectors), nothing, nothing, np.empty(0, dtype=np.float32))
    with threadpool_limits(1, user_api="blas"):  # parallelism is over blocks
        if len(vectors) <= COMPLETE:
            return graph_of(len(vectors), *_all_pairs(vectors, threshold, meter))
        return _nearest_of_all(vectors, threshold, workers, meter, elsewhere)


def steps_of(rows: int) -> int:
    """The steps in which `neighbour_graph` looks at so many rows: many are sorted first."""
    return rows if rows <= COMPLETE else 2 * rows


def edge_recall(graph: NeighbourGraph, vectors: Vectors, threshold: float, *, sample: int = SAMPLE, seed: int) -> float:
    """Share of the edges within the MOST nearest of `sample` rows, found exactly, that `graph` has."""
    rows = np.sort(np.random.default_rng(seed).choice(len(vectors), min(sample, len(vectors)), replace=False))
    row, neighbour = _true_neighbours(vectors, rows, threshold)
    if not len(row):
        return 1.0
    ends = [graph.neighbour[graph.start[one] : graph.start[one + 1]] for one in rows]
    found = [np.isin(neighbour[row == one], end) for one, end in zip(rows, ends, strict=True)]
    return float(np.mean(np.concatenate(found)))


def _true_neighbours(vectors: Vectors, rows: Integers, threshold: float, threads: int = 1) -> tuple[Integers, Integers]:
    """The MOST nearest others within `threshold` of each of `rows`, as pairs: int64 [m] each."""
    _, near = k_nearest(vectors[rows], vectors, min(MOST + 1, len(vectors)), threads=threads)
    row, neighbour = np.repeat(rows, near.shape[1]), near.ravel()
    length = np.linalg.norm(vectors[row] - vectors[neighbour], axis=1)
    found = (length <= threshold) & (row != neighbour)
    return row[found], neighbour[found]


def _all_pairs(vectors: Vectors, threshold: float, meter: Meter) -> tuple[Nodes, Nodes, Lengths]:
    coordinates = principal_coordinates(vectors)
    squares = np.einsum("ij,ij->i", coordinates, coordinates)
    limit = np.float32(threshold**2 + ROUNDING)
    found: list[tuple[Nodes, Nodes, Lengths]] = []
    for begin in range(0, len(vectors), _BLOCK):
        rows = slice(begin, begin + _BLOCK)
        bounds = coordinates[rows] @ coordinates[begin:].T
        bounds *= -2
        bounds += squares[begin:]
        row, column = np.nonzero(bounds <= limit - squares[rows, None])
        upper = column > row
        left, right = (row[upper] + begin).astype(np.int32), (column[upper] + begin).astype(np.int32)
        length = np.sqrt(squared_distances(vectors, left, right))
        near = length <= threshold
        found.append((left[near], right[near], length[near]))
        meter.advance(len(coordinates[rows]))
    left, right, length = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return left, right, length


def _nearest_of_all(
    vectors: Vectors, threshold: float, workers: int, meter: Meter, elsewhere: Elsewhere | None
) -> NeighbourGraph:
    lists, looks = _sorted_into_lists(vectors, threshold, workers, meter, elsewhere)
    found = _found_in_parts(lists, looks, threshold, workers, meter, elsewhere)
    columns = [list(column) for column in zip(*found, strict=True)]
    found.clear()
    counts, neighbour, length = (_joined(column) for column in columns)
    return both_ways(np.concatenate([[0], np.cumsum(counts)]), neighbour, length)


def _joined(arrays: list[npt.NDArray[Number]]) -> npt.NDArray[Number]:
    """One array; the list is emptied."""
    joined = np.concatenate(arrays)
    arrays.clear()
    return joined


def _found_in_parts(
    lists: Lists, looks: list[Looks], threshold: float, workers: int, meter: Meter, elsewhere: Elsewhere | None
) -> list[tuple[Integers, Nodes, Lengths]]:
    at_once = _PART_ELSEWHERE if elsewhere else _PART
    blocks = min(at_once, -(-len(looks) // workers))
    parts = [slice(start, start + blocks) for start in range(0, len(looks), blocks)]
    if elsewhere:
        asking = (_asking(lists, looks, part) for part in parts)
        return found_elsewhere(lists, asking, len(parts), threshold, elsewhere, meter)

    def found(part: slice) -> tuple[Integers, Nodes, Lengths]:
        return neighbours_within(found_in(_asking(lists, looks, part), lists, threshold, meter), threshold)

    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(found, parts))


def _asking(lists: Lists, looks: list[Looks], part: slice) -> Asking:
    """The rows of some blocks, whose looks are given up."""
    counts, numbers = (np.concatenate(arrays) for arrays in zip(*looks[part], strict=True))
    looks[part] = [(np.empty(0, dtype=np.int32),) * 2] * len(looks[part])
    begin = part.start * _BLOCK
    rows = slice(begin, begin + len(counts))
    return Asking(
        np.arange(rows.start, rows.stop, dtype=np.int32), lists.vectors[rows], lists.squares[rows], counts, numbers
    )


def _sorted_into_lists(
    vectors: Vectors, threshold: float, workers: int, meter: Meter, elsewhere: Elsewhere | None
) -> tuple[Lists, list[Looks]]:
    """All rows in lists, and for each _BLOCK rows into which these look."""
    coordinates = principal_coordinates(vectors)
    count = int(_LISTS * math.sqrt(len(vectors)))
    some = np.random.default_rng(0).permutation(len(vectors))[: count * ROWS_PER_CENTROID]
    centroids = centroids_in_two_levels(coordinates[np.sort(some)], count)
    spread = _spread(vectors, coordinates, centroids, threshold, workers)
    blocks = (coordinates[start : start + _BLOCK] for start in range(0, len(vectors), _BLOCK))

    def looks(block: Floats) -> tuple[Looks, Nodes]:
        meter.advance(len(block))
        return looks_of(block, centroids, spread)

    if elsewhere:
        found = []
        for one in elsewhere.looks(blocks, centroids, spread):
            meter.advance(len(one[1]))
            found.append(one)
    else:
        with ThreadPoolExecutor(workers) as pool:
            found = list(pool.map(looks, blocks))
    own = np.concatenate([own for _, own in found])
    members = np.argsort(own, kind="stable").astype(np.int32)
    squares = np.einsum("ij,ij->i", vectors, vectors)
    return Lists(vectors, squares, members, _firsts(own, count)), [looks for looks, _ in found]


def _firsts(numbers: Nodes, count: int) -> Integers:
    """Where each of the numbers 0 ... `count` - 1 begins when they are sorted, and their end: int64 [count + 1]."""
    return np.concatenate([[0], np.cumsum(np.bincount(numbers, minlength=count))]).astype(np.int64)


def _spread(vectors: Vectors, coordinates: Floats, centroids: Floats, threshold: float, workers: int) -> float:
    """How much further than the nearest list those may be that hold RECALL of the neighbours of SAMPLE rows."""
    rows = np.sort(np.random.default_rng(0).choice(len(vectors), min(SAMPLE, len(vectors)), replace=False))
    row, neighbour = _true_neighbours(vectors, rows, threshold, workers)
    if not len(row):
        return 0.0
    _, holding = k_nearest(coordinates[neighbour], centroids, 1, threads=workers)
    beyond = further(coordinates[rows], centroids)[np.searchsorted(rows, row), holding[:, 0]]
    return float(np.quantile(beyond, RECALL, method="higher"))
