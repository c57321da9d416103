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
from typing import NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from faceindex.clustering.axes import principal_coordinates
from faceindex.clustering.distances import squared_distances
from faceindex.clustering.graph import Integers, Lengths, NeighbourGraph, Nodes, both_ways, graph_of
from faceindex.running.meter import Meter
from faceindex.types import Vectors
from faceindex.vectors.exact import k_nearest
from faceindex.vectors.ivf import ROWS_PER_CENTROID, centroids_in_two_levels

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
_PART = 128  # blocks whose rows look into lists at the same time
_LISTS = 3.5  # times the root of the number of faces
_ROUNDING = 1e-4  # float32's error of a squared distance, amply; what is decided by is computed from the rows
_AT_ONCE = 1 << 16  # rows
_NOBODY = np.uint64(2**64 - 1)  # greater than every key

Floats = npt.NDArray[np.float32]
Number = TypeVar("Number", bound=np.generic)


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
        return _nearest_of_all(vectors, threshold, workers, meter)


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
    """vectors: float32 [n, d]. squares: float32 [n], of their lengths.

    members: int32 [n], the rows of list i are those from starts[i] to starts[i + 1], int64 [l + 1]. looks: for each
    _BLOCK rows, into how many lists each looks, int32, and their numbers; emptied as they are used.
    """

    vectors: Vectors
    squares: Floats
    members: Nodes
    starts: Integers
    looks: list[tuple[Nodes, npt.NDArray[np.integer]]]


def _nearest_of_all(vectors: Vectors, threshold: float, workers: int, meter: Meter) -> NeighbourGraph:
    found = _found_in_parts(_sorted_into_lists(vectors, threshold, workers, meter), threshold, workers, meter)
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
    lists: _Lists, threshold: float, workers: int, meter: Meter
) -> list[tuple[Integers, Nodes, Lengths]]:
    blocks = min(_PART, -(-len(lists.looks) // workers))
    with ThreadPoolExecutor(workers) as pool:
        parts = (slice(start, start + blocks) for start in range(0, len(lists.looks), blocks))
        return list(pool.map(lambda part: _found_by(lists, part, threshold, meter), parts))


def _sorted_into_lists(vectors: Vectors, threshold: float, workers: int, meter: Meter) -> _Lists:
    coordinates = principal_coordinates(vectors)
    count = int(_LISTS * math.sqrt(len(vectors)))
    some = np.random.default_rng(0).permutation(len(vectors))[: count * ROWS_PER_CENTROID]
    centroids = centroids_in_two_levels(coordinates[np.sort(some)], count)
    spread = _spread(vectors, coordinates, centroids, threshold, workers)
    small = np.uint16 if count <= np.iinfo(np.uint16).max else np.int32

    def looks(start: int) -> tuple[Nodes, npt.NDArray[np.integer], Nodes]:
        further = _further(coordinates[start : start + _BLOCK], centroids)
        looked = further <= spread
        meter.advance(len(further))
        numbers = np.flatnonzero(looked) % count
        return looked.sum(axis=1, dtype=np.int32), numbers.astype(small), further.argmin(axis=1).astype(np.int32)

    with ThreadPoolExecutor(workers) as pool:
        blocks = list(pool.map(looks, range(0, len(vectors), _BLOCK)))
    own = np.concatenate([own for _, _, own in blocks])
    members = np.argsort(own, kind="stable").astype(np.int32)
    squares = np.einsum("ij,ij->i", vectors, vectors)
    return _Lists(vectors, squares, members, _firsts(own, count), [(counts, numbers) for counts, numbers, _ in blocks])


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


def _found_by(lists: _Lists, part: slice, threshold: float, meter: Meter) -> tuple[Integers, Nodes, Lengths]:
    """What the rows of a part, blocks of `lists.looks`, find in the lists they look into, see `_Nearest.within`."""
    begin, looks = part.start * _BLOCK, lists.looks[part]
    lists.looks[part] = [(np.empty(0, dtype=np.int32),) * 2] * len(looks)
    counts, numbers = (np.concatenate(arrays) for arrays in zip(*looks, strict=True))
    looks.clear()
    nearest = _Nearest(begin, len(counts), np.float32(threshold**2 * (1 + 1e-6)))
    for rows, members in _looking(lists, begin, counts, numbers, meter):
        # One product gives how far a squared distance is above what is needed: |a|^2 - 2 ab + |b|^2 - reach.
        beyond = nearest.reach[rows - begin] + np.float32(_ROUNDING) - lists.squares[rows]
        left = np.column_stack([lists.vectors[rows], np.ones_like(beyond), beyond])
        squares = lists.squares[members]
        right = np.column_stack([-2 * lists.vectors[members], squares, -np.ones_like(squares)])
        near = np.flatnonzero(left @ right.T <= 0)
        row, other = rows[near // len(right)], members[near % len(right)]
        apart = row != other
        row, other = row[apart], other[apart]
        nearest.add(row, other, squared_distances(lists.vectors, row, other))
    return nearest.within(threshold)


class _Nearest:
    """The MOST nearest others of each row from `begin` on, of equals those with the smaller numbers.

    reach: float32 [n], squared distances that another must have to be among them. keys: uint64 [n, MOST], rising, the
    bits of a squared distance (as those of a float of 0 or more, they have its order), and the other's number.
    """

    def __init__(self, begin: int, count: int, limit: np.float32) -> None:
        self._begin, self._limit = begin, limit
        self.reach = np.full(count, limit, dtype=np.float32)
        self._keys = np.full((count, MOST), _NOBODY, dtype=np.uint64)

    def add(self, row: Nodes, other: Nodes, squares: Floats) -> None:
        """Heed pairs with these squared distances, int32 and float32 [m], in the order of their rows."""
        places = row - self._begin
        near = np.flatnonzero(squares <= self.reach[places])
        places = places[near]
        keys = squares[near].view(np.uint32).astype(np.uint64) << np.uint64(32) | other[near].astype(np.uint64)
        first = np.flatnonzero(np.diff(places, prepend=-1))
        if not len(first):
            return
        count = np.diff(first, append=len(places))
        column = MOST + np.arange(len(places)) - np.repeat(first, count)
        all_keys = np.full((len(first), MOST + int(count.max())), _NOBODY, dtype=np.uint64)
        changed = places[first]
        all_keys[:, :MOST] = self._keys[changed]
        all_keys[np.repeat(np.arange(len(first)), count), column] = keys
        all_keys.sort(axis=1)
        self._keys[changed] = all_keys[:, :MOST]
        last = (all_keys[:, MOST - 1] >> np.uint64(32)).astype(np.uint32).view(np.float32)
        self.reach[changed] = np.where(all_keys[:, MOST - 1] == _NOBODY, self._limit, last)

    def within(self, threshold: float) -> tuple[Integers, Nodes, Lengths]:
        """Those within the threshold: how many each row has, int64 [n], who they are, rising by row, and how far."""
        found = [self._within(begin, threshold) for begin in range(0, len(self._keys), _AT_ONCE)]
        counts, neighbour, length = (np.concatenate(arrays) for arrays in zip(*found, strict=True))
        return counts, neighbour, length

    def _within(self, begin: int, threshold: float) -> tuple[Integers, Nodes, Lengths]:
        keys = self._keys[begin : begin + _AT_ONCE]
        near = np.sqrt((keys >> np.uint64(32)).astype(np.uint32).view(np.float32)) <= threshold  # nobody is NaN
        keys = np.where(near, keys << np.uint64(32) | keys >> np.uint64(32), _NOBODY)
        keys.sort(axis=1)
        pairs = keys[keys != _NOBODY]
        squares = pairs.astype(np.uint32).view(np.float32)
        return near.sum(axis=1), (pairs >> np.uint64(32)).astype(np.int32), np.sqrt(squares)


def _looking(
    lists: _Lists, begin: int, counts: Nodes, numbers: npt.NDArray[np.integer], meter: Meter
) -> Iterator[tuple[Nodes, Nodes]]:
    """For each list, the rows from `begin` on that look into it, a block at a time, and the rows in it.

    counts, numbers: into how many lists each row looks, int32, and which.
    """
    import scipy  # takes longer than most commands

    all_lists, ends = len(lists.starts) - 1, np.zeros(len(counts) + 1, dtype=np.int32)
    np.cumsum(counts, out=ends[1:])
    marks, shape = np.ones(len(numbers), dtype=np.bool_), (len(counts), all_lists)
    looking = scipy.sparse.csr_array((marks, numbers.astype(np.int32), ends), shape=shape).tocsc()
    for number in range(all_lists):
        members = lists.members[lists.starts[number] : lists.starts[number + 1]]
        rows = begin + looking.indices[looking.indptr[number] : looking.indptr[number + 1]]
        for block in range(0, len(rows), 4 * _BLOCK):
            yield rows[block : block + 4 * _BLOCK], members
        meter.advance((number + 1) * len(counts) // all_lists - number * len(counts) // all_lists)
