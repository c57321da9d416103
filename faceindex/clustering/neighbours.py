"""Which faces are near each other: the graph, found block by block in bounded memory.

A few faces are compared all with all. Many are sorted into lists by k-means, and every face looks into the lists
nearly as near to it as the nearest one: a face in the middle of its list looks into few others. How much further they
may be is what a sample needs to find RECALL of its neighbours. Faces that look into the same list are compared with it
in one product of matrices. In both cases along the axes of largest variance first: what is too far apart there is so in
full (`faceindex.clustering.axes`), and of the others the true distances are computed.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from faceindex.clustering.axes import principal_coordinates
from faceindex.clustering.distances import squared_distances
from faceindex.clustering.graph import Integers, Lengths, NeighbourGraph, Nodes, graph_of
from faceindex.running.meter import Meter
from faceindex.types import Vectors
from faceindex.vectors.exact import k_nearest
from faceindex.vectors.ivf import ROWS_PER_CENTROID, centroids_in_two_levels
from faceindex.vectors.kernels import kernel

COMPLETE = 10_000
"""Faces up to which the graph has every pair within the threshold: fifty million at most."""

MOST = 32
"""Of more faces, an edge is kept when it is among the MOST shortest of one of its ends: what bounds memory where a
person has tens of thousands of faces, all within the threshold of each other."""

RECALL = 0.99
"""Of the edges of a sample that the lists looked into must hold, before those that are found from their other ends."""

SAMPLE = 500
"""Faces whose neighbours are found exactly, to choose which lists are looked into."""

_BLOCK = 1024  # rows compared at a time
_LISTS = 3.5  # times the root of the number of faces
_ROUNDING = 1e-4  # float32's error of a squared distance, amply; what is decided by is computed from the rows
_STRIDE = 64  # columns looked at together

Floats = npt.NDArray[np.float32]


def neighbour_graph(
    vectors: Vectors, threshold: float, *, workers: int = 1, meter: Meter | None = None
) -> NeighbourGraph:
    """Which rows of `vectors`, float32 [n, d], lie within `threshold` (Euclidean, inclusive) of each other.

    Of up to COMPLETE rows all pairs; of more, the MOST nearest of each, of which RECALL are found. workers: threads.
    meter: hears of `steps_of` steps. Raises: JobCancelled.
    """
    meter = meter or Meter()
    vectors = np.ascontiguousarray(vectors, dtype=np.float32)
    if len(vectors) < 2:
        nothing = np.empty(0, dtype=np.int32)
        return graph_of(len(vectors), nothing, nothing, np.empty(0, dtype=np.float32))
    with threadpool_limits(1, user_api="blas"):  # parallelism is over blocks
        if len(vectors) <= COMPLETE:
            return graph_of(len(vectors), *_all_pairs(vectors, threshold, meter))
        return graph_of(len(vectors), *_nearest_pairs(vectors, threshold, workers, meter))


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
    limit = np.float32(threshold**2 + _ROUNDING)
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


class _Lists(NamedTuple):
    """Rows sorted by list. vectors, coordinates: float32 [n, d] and [n, m]. squares: float32 [n], of the latter.

    starts: int64 [l + 1], the first row of each list. looking: int32, the rows that look into list i, rising, are those
    from first[i] to first[i + 1], int64 [l + 1].
    """

    vectors: Vectors
    coordinates: Floats
    squares: Floats
    starts: Integers
    looking: Nodes
    first: Integers


def _nearest_pairs(vectors: Vectors, threshold: float, workers: int, meter: Meter) -> tuple[Nodes, Nodes, Lengths]:
    lists, order = _sorted_into_lists(vectors, threshold, workers, meter)
    parts = np.array_split(np.arange(len(vectors)), workers)
    with ThreadPoolExecutor(workers) as pool:
        ends = [(int(part[0]), int(part[-1]) + 1) for part in parts]
        found = list(pool.map(lambda part: _found_by(lists, part, threshold, meter), ends))
    left, right, length = (np.concatenate(arrays) for arrays in zip(*found, strict=True))
    return order[left], order[right], length


def _sorted_into_lists(vectors: Vectors, threshold: float, workers: int, meter: Meter) -> tuple[_Lists, Nodes]:
    """The lists, and which of `vectors` each of their rows is: int32 [n]."""
    coordinates = principal_coordinates(vectors)
    count = int(_LISTS * math.sqrt(len(vectors)))
    some = np.random.default_rng(0).permutation(len(vectors))[: count * ROWS_PER_CENTROID]
    centroids = centroids_in_two_levels(coordinates[np.sort(some)], count)
    spread = _spread(vectors, coordinates, centroids, threshold, workers)

    def looks(start: int) -> tuple[Nodes, Nodes, Nodes]:
        further = _further(coordinates[start : start + _BLOCK], centroids)
        row, number = np.nonzero(further <= spread)
        meter.advance(len(further))
        return (row + start).astype(np.int32), number.astype(np.int32), further.argmin(axis=1).astype(np.int32)

    with ThreadPoolExecutor(workers) as pool:
        blocks = pool.map(looks, range(0, len(vectors), _BLOCK))
        row, number, own = (np.concatenate(arrays) for arrays in zip(*blocks, strict=True))
    order = np.argsort(own, kind="stable").astype(np.int32)
    place = np.empty_like(order)
    place[order] = np.arange(len(order), dtype=np.int32)
    first = _firsts(number, count)
    coordinates = coordinates[order]
    squares = np.einsum("ij,ij->i", coordinates, coordinates)
    looking = np.sort(number.astype(np.int64) << 32 | place[row]).astype(np.int32)  # by list, then by row
    return _Lists(vectors[order], coordinates, squares, _firsts(own, count), looking, first), order


def _firsts(numbers: Nodes, count: int) -> Integers:
    """Where each of the numbers 0 ... `count` - 1 begins when they are sorted, and their end: int64 [count + 1]."""
    return np.concatenate([[0], np.cumsum(np.bincount(numbers, minlength=count))]).astype(np.int64)


def _further(coordinates: Floats, centroids: Floats) -> Floats:
    """How much further from each row, in squared distances, a centroid is than the nearest one: float32 [n, l]."""
    squares = coordinates @ (-2 * centroids.T)
    squares += np.einsum("ij,ij->i", centroids, centroids)
    squares -= squares.min(axis=1, keepdims=True)
    return squares


def _spread(vectors: Vectors, coordinates: Floats, centroids: Floats, threshold: float, workers: int) -> float:
    """How much further than the nearest list those may be that hold RECALL of the neighbours of SAMPLE rows."""
    rows = np.sort(np.random.default_rng(0).choice(len(vectors), min(SAMPLE, len(vectors)), replace=False))
    row, neighbour = _true_neighbours(vectors, rows, threshold, workers)
    if not len(row):
        return 0.0
    _, holding = k_nearest(coordinates[neighbour], centroids, 1, threads=workers)
    further = _further(coordinates[rows], centroids)[np.searchsorted(rows, row), holding[:, 0]]
    return float(np.quantile(further, RECALL, method="higher"))


def _found_by(lists: _Lists, part: tuple[int, int], threshold: float, meter: Meter) -> tuple[Nodes, Nodes, Lengths]:
    """The pairs that the rows of a part, from one to another, find in the lists they look into."""
    begin, end = part
    nearest = np.full((end - begin, MOST), -1, dtype=np.int32)
    lengths = np.full((end - begin, MOST), np.float32(threshold**2 * (1 + 1e-6)), dtype=np.float32)
    for rows, list_rows in _looking(lists, begin, end, meter):
        products = lists.coordinates[rows] @ lists.coordinates[list_rows].T
        squares = (lists.squares[rows], lists.squares[list_rows])
        _keep_nearest(products, *squares, rows, list_rows.start, lists.vectors, begin, nearest, lengths)
    row, place = np.nonzero(nearest >= 0)
    left, right = (row + begin).astype(np.int32), nearest[row, place]
    length = np.sqrt(lengths[row, place])
    near = length <= threshold
    return left[near], right[near], length[near]


def _looking(lists: _Lists, begin: int, end: int, meter: Meter) -> Iterator[tuple[Nodes, slice]]:
    """For each list, the rows from begin to end that look into it, a block at a time."""
    count = len(lists.starts) - 1
    for number in range(count):
        within = slice(int(lists.starts[number]), int(lists.starts[number + 1]))
        rows = lists.looking[lists.first[number] : lists.first[number + 1]]
        rows = rows[np.searchsorted(rows, begin) : np.searchsorted(rows, end)]
        for block in range(0, len(rows), 4 * _BLOCK):
            yield rows[block : block + 4 * _BLOCK], within
        meter.advance((number + 1) * (end - begin) // count - number * (end - begin) // count)


@kernel(fastmath=True)
def _square(a: Floats, b: Floats) -> np.float32:
    total = np.float32(0)
    for dimension in range(len(a)):
        away = a[dimension] - b[dimension]
        total += away * away
    return total


@kernel(fastmath=True)
def _any_within(products: Floats, others: Floats, bound: np.float32, begin: int, end: int) -> bool:
    """Whether for any column, its square less twice the product is up to `bound`."""
    least = np.float32(np.inf)
    for column in range(begin, end):
        least = min(least, others[column] - 2 * products[column])
    return bool(least <= bound)


@kernel()
def _keep_nearest(
    products: Floats,
    squares: Floats,
    others: Floats,
    rows: Nodes,
    first: int,
    vectors: Vectors,
    begin: int,
    nearest: Nodes,
    lengths: Floats,
) -> None:
    """Put those of the list that begins at row `first` into the nearest of `rows`, where they are among them.

    nearest, lengths: int32 and float32 [n, MOST] from row `begin` on, squared, shortest first; changed in place.
    """
    for one in range(len(rows)):
        row = rows[one]
        near, far = nearest[row - begin], lengths[row - begin]
        for start in range(0, len(others), _STRIDE):
            end = min(start + _STRIDE, len(others))
            bound = far[-1] + np.float32(_ROUNDING) - squares[one]
            if not _any_within(products[one], others, bound, start, end):
                continue
            for column in range(start, end):
                other = first + column
                if others[column] - 2 * products[one, column] > bound or other == row:
                    continue
                square = _square(vectors[row], vectors[other])
                place = len(far)
                while place > 0 and square <= far[-1] and (near[place - 1] < 0 or far[place - 1] > square):
                    place -= 1
                if place == len(far):
                    continue
                for later in range(len(far) - 1, place, -1):
                    far[later], near[later] = far[later - 1], near[later - 1]
                far[place], near[place] = square, other
                bound = far[-1] + np.float32(_ROUNDING) - squares[one]
