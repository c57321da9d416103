"""Blocks of the graph: the neighbours that some rows have in some of the lists.

Rows look into lists, see `faceindex.clustering.neighbours`. All lists may be in one place, or cut into shards, each in
another process: a block is then what some rows find in one shard, and of what a row finds in all shards the MOST
nearest remain. A block knows its rows and lists by their vectors and numbers alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from faceindex.clustering.distances import squared_distances
from faceindex.clustering.graph import Integers, Lengths, Nodes
from faceindex.running.meter import Meter
from faceindex.types import Vectors

MOST = 32
"""Of many faces, an edge is kept when it is among the MOST shortest of one of its ends: what bounds memory where a
person has tens of thousands of faces, all within the threshold of each other."""

ROUNDING = 1e-4
"""float32's error of a squared distance, amply; what is decided by is computed from the rows."""

_AT_ONCE = 1 << 16  # rows
_ROWS = 4096  # that are compared with a list at a time
_NOBODY = np.uint64(2**64 - 1)  # greater than every key

Floats = npt.NDArray[np.float32]
Looks = tuple[Nodes, npt.NDArray[np.integer]]
"""Into how many lists each of some rows looks, int32 [r], and the numbers of these lists."""

Keys = npt.NDArray[np.uint64]
"""The MOST nearest others of each row, rising, [r, MOST]: the bits of a squared distance (as those of a float of 0 or
more, they have its order), and the other's number."""


class Lists(NamedTuple):
    """Rows in lists. vectors: float32 [m, d], contiguous. squares: float32 [m], of their lengths.

    members: int32 [k], the vectors of list i are those from starts[i] to starts[i + 1], int64 [l + 1]. rows: int32 [m],
    the number of each vector's row; None when they are numbered from 0.
    """

    vectors: Vectors
    squares: Floats
    members: Nodes
    starts: Integers
    rows: Nodes | None = None

    def shards(self, count: int) -> list[tuple[int, Lists]]:
        """The lists in `count` shards of about as many rows, each with the number of its first list."""
        wanted = np.arange(1, count) * len(self.members) // count
        ends = [0, *np.searchsorted(self.starts, wanted).tolist(), len(self.starts) - 1]
        return [(first, self._part(first, last)) for first, last in pairwise(ends) if last > first]

    def _part(self, first: int, last: int) -> Lists:
        starts = self.starts[first : last + 1]
        rows = self.members[starts[0] : starts[-1]]
        places = np.arange(len(rows), dtype=np.int32)
        return Lists(self.vectors[rows], self.squares[rows], places, starts - starts[0], rows)


class Asking(NamedTuple):
    """Rows that look for neighbours. rows: int32 [r], rising. vectors, squares: of these. counts, numbers: `Looks`."""

    rows: Nodes
    vectors: Vectors
    squares: Floats
    counts: Nodes
    numbers: npt.NDArray[np.integer]

    def among(self, first: int, last: int) -> Asking:
        """Those that look into lists from `first` to before `last`, which are numbered from 0 there."""
        chosen = (self.numbers >= first) & (self.numbers < last)
        place = np.repeat(np.arange(len(self.rows)), self.counts)[chosen]
        counts = np.bincount(place, minlength=len(self.rows)).astype(np.int32)
        looking = np.flatnonzero(counts)
        numbers = self.numbers[chosen].astype(np.int64) - first
        small = np.uint16 if last - first <= np.iinfo(np.uint16).max else np.int32
        return Asking(
            self.rows[looking],
            self.vectors[looking],
            self.squares[looking],
            counts[looking],
            numbers.astype(small),
        )


class Elsewhere(Protocol):
    """Computes in other processes."""

    @property
    def count(self) -> int:
        """Of the shards that lists are to be cut into."""

    def looks(self, blocks: Iterable[Floats], centroids: Floats, spread: float) -> Iterator[tuple[Looks, Nodes]]:
        """`looks_of` each block, in their order."""

    def found(
        self, shards: Sequence[Lists], asking: Iterable[tuple[int, int, Asking]], threshold: float
    ) -> Iterator[tuple[int, Nodes, Keys]]:
        """`found_in` of each block, in any order: the number of its part, its rows, and what they find.

        asking: numbers of the part and of the shard, and the rows of the part that look into the shard.
        """


def looks_of(coordinates: Floats, centroids: Floats, spread: float) -> tuple[Looks, Nodes]:
    """Into which lists rows look, float32 [r, m], and in which each of them lies, int32 [r]."""
    beyond = further(coordinates, centroids)
    looked, count = beyond <= spread, len(centroids)
    small = np.uint16 if count <= np.iinfo(np.uint16).max else np.int32
    numbers = np.flatnonzero(looked) % count
    return (looked.sum(axis=1, dtype=np.int32), numbers.astype(small)), beyond.argmin(axis=1).astype(np.int32)


def further(coordinates: Floats, centroids: Floats) -> Floats:
    """How much further from each row, in squared distances, a centroid is than the nearest one: float32 [n, l]."""
    squares = coordinates @ (-2 * centroids.T)
    squares += np.einsum("ij,ij->i", centroids, centroids)
    squares -= squares.min(axis=1, keepdims=True)
    return squares


def found_in(asking: Asking, lists: Lists, threshold: float, meter: Meter | None = None) -> Keys:
    """The nearest others of rows in the lists that they look into. meter: hears of as many steps as rows."""
    nearest = _Nearest(len(asking.rows), np.float32(threshold**2 * (1 + 1e-6)))
    for places, members in _looking(asking, lists, meter):
        # One product gives how far a squared distance is above what is needed: |a|^2 - 2 ab + |b|^2 - reach.
        beyond = nearest.reach[places] + np.float32(ROUNDING) - asking.squares[places]
        left = np.column_stack([asking.vectors[places], np.ones_like(beyond), beyond])
        squares = lists.squares[members]
        right = np.column_stack([-2 * lists.vectors[members], squares, -np.ones_like(squares)])
        near = np.flatnonzero(left @ right.T <= 0)
        place, member = places[near // len(right)], members[near % len(right)]
        other = member if lists.rows is None else lists.rows[member]
        apart = asking.rows[place] != other
        place, member, other = place[apart], member[apart], other[apart]
        nearest.add(place, other, squared_distances(asking.vectors, place, member, of_others=lists.vectors))
    return nearest.keys


def found_elsewhere(
    lists: Lists, asking: Iterable[Asking], parts: int, threshold: float, elsewhere: Elsewhere, meter: Meter
) -> list[tuple[Integers, Nodes, Lengths]]:
    """`neighbours_within` of each part, where the lists are in shards elsewhere."""
    shards = lists.shards(elsewhere.count)
    rows: list[Nodes] = []

    def blocks() -> Iterator[tuple[int, int, Asking]]:
        for part, whole in enumerate(asking):
            rows.append(whole.rows)
            for number, (first, shard) in enumerate(shards):
                yield part, number, whole.among(first, first + len(shard.starts) - 1)

    found: list[tuple[Integers, Nodes, Lengths] | None] = [None] * parts
    begun: dict[int, tuple[int, Keys]] = {}
    for part, looking, keys in elsewhere.found([shard for _, shard in shards], blocks(), threshold):
        if part not in begun:
            begun[part] = len(shards), np.full((len(rows[part]), MOST), _NOBODY, dtype=np.uint64)
        left, merged = begun.pop(part)
        places = looking - rows[part][0]
        merged[places] = np.sort(np.concatenate([merged[places], keys], axis=1), axis=1)[:, :MOST]
        if left > 1:
            begun[part] = left - 1, merged
            continue
        found[part] = neighbours_within(merged, threshold)
        meter.advance(len(merged))
    return [one for one in found if one is not None]


def neighbours_within(keys: Keys, threshold: float) -> tuple[Integers, Nodes, Lengths]:
    """Those within the threshold: how many each row has, int64 [r], who they are, rising by row, and how far."""
    found = [_within(keys[begin : begin + _AT_ONCE], threshold) for begin in range(0, len(keys), _AT_ONCE)]
    counts, neighbour, length = (np.concatenate(arrays) for arrays in zip(*found, strict=True))
    return counts, neighbour, length


def _within(keys: Keys, threshold: float) -> tuple[Integers, Nodes, Lengths]:
    near = np.sqrt((keys >> np.uint64(32)).astype(np.uint32).view(np.float32)) <= threshold  # nobody is NaN
    keys = np.where(near, keys << np.uint64(32) | keys >> np.uint64(32), _NOBODY)
    keys.sort(axis=1)
    pairs = keys[keys != _NOBODY]
    squares = pairs.astype(np.uint32).view(np.float32)
    return near.sum(axis=1), (pairs >> np.uint64(32)).astype(np.int32), np.sqrt(squares)


class _Nearest:
    """The MOST nearest others of each row, of equals those with the smaller numbers.

    reach: float32 [r], squared distances that another must have to be among them.
    """

    def __init__(self, count: int, limit: np.float32) -> None:
        self._limit = limit
        self.reach = np.full(count, limit, dtype=np.float32)
        self.keys: Keys = np.full((count, MOST), _NOBODY, dtype=np.uint64)

    def add(self, places: Nodes, other: Nodes, squares: Floats) -> None:
        """Heed pairs with these squared distances, int32 and float32 [m], in the order of their rows' places."""
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
        all_keys[:, :MOST] = self.keys[changed]
        all_keys[np.repeat(np.arange(len(first)), count), column] = keys
        all_keys.sort(axis=1)
        self.keys[changed] = all_keys[:, :MOST]
        last = (all_keys[:, MOST - 1] >> np.uint64(32)).astype(np.uint32).view(np.float32)
        self.reach[changed] = np.where(all_keys[:, MOST - 1] == _NOBODY, self._limit, last)


def _looking(asking: Asking, lists: Lists, meter: Meter | None) -> Iterator[tuple[Nodes, Nodes]]:
    """For each list, the places of the rows that look into it, some at a time, and its members."""
    import scipy  # takes longer than most commands

    all_lists, rows, ends = len(lists.starts) - 1, len(asking.rows), np.zeros(len(asking.rows) + 1, dtype=np.int32)
    np.cumsum(asking.counts, out=ends[1:])
    marks, numbers = np.ones(len(asking.numbers), dtype=np.bool_), asking.numbers.astype(np.int32)
    looking = scipy.sparse.csr_array((marks, numbers, ends), shape=(rows, all_lists)).tocsc()
    for number in range(all_lists):
        members = lists.members[lists.starts[number] : lists.starts[number + 1]]
        places = looking.indices[looking.indptr[number] : looking.indptr[number + 1]]
        for begin in range(0, len(places), _ROWS):
            yield places[begin : begin + _ROWS], members
        if meter is not None:
            meter.advance((number + 1) * rows // all_lists - number * rows // all_lists)
