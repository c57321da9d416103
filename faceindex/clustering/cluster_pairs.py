"""Pairs of clusters that may merge, and the nearest other cluster of each: kept up to date as clusters merge."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from faceindex.clustering.graph import Flags, Integers, Nodes

_FREE = 0.25  # share of places without an edge from which on the others are moved together
_HEEDED = 1 << 16  # edges at a time
_LOW = np.uint64(32)
_NOBODY = np.uint64(2**64 - 1)  # greater than every key

Costs = npt.NDArray[np.float32]
Number = TypeVar("Number", bound=np.generic)


@dataclass(slots=True)
class Edges:
    """Pairs of clusters, left < right, and their mean squared distance over what it may grow by with their sizes.

    A place without an edge has the cluster `nobody` at both ends. free: how many of these there are.
    """

    left: Nodes
    right: Nodes
    cost: Costs
    nobody: int
    free: int = 0

    def keep(self, which: Flags) -> None:
        """Leave the others out, one array after the other, so that memory is never needed for all of them twice."""
        rows = np.flatnonzero(which)  # with `take`, a fifth of the time that a mask as index needs
        self.left = self.left.take(rows)
        self.right = self.right.take(rows)
        self.cost = self.cost.take(rows)

    def of(self, clusters: Flags) -> Integers:
        """The places of edges with an end in `clusters`, bool [n + 1]."""
        found = clusters.take(self.left, mode="clip")
        found |= clusters.take(self.right, mode="clip")
        return np.flatnonzero(found)

    def put(self, places: Integers, edges: Edges) -> None:
        """Replace what is at `places` by other edges, not more of them."""
        filled, free = places[: len(edges.left)], places[len(edges.left) :]
        self.left[filled], self.right[filled], self.cost[filled] = edges.left, edges.right, edges.cost
        self.left[free] = self.right[free] = self.nobody
        self.free += len(free)
        if self.free > _FREE * len(self.left):
            self.keep(self.left != self.nobody)
            self.free = 0


class Nearest:
    """The nearest other cluster of each, up to the limit; of equals the one with the smallest number.

    keys: uint64 [n], the bits of the cost (as those of a float of 0 or more, they have its order), and the other's
    number.
    """

    def __init__(self, count: int, limit: np.float32) -> None:
        self._keys = np.full(count, _NOBODY, dtype=np.uint64)
        self._limit = limit

    def is_nearest(self, cluster: Nodes, other: Nodes) -> Flags:
        """bool [m]: whether `other` is the nearest of `cluster`."""
        return np.asarray(taken(self._keys, cluster).astype(np.uint32) == other.view(np.uint32))

    def forget(self, clusters: Integers) -> None:
        """Let these have none."""
        self._keys[clusters] = _NOBODY

    def heed(self, edges: Edges, places: Integers) -> Nodes:
        """Look at the edges at `places`; returns the ends of those up to the limit, rising."""
        heeded = np.zeros(len(self._keys), dtype=np.bool_)
        for begin in range(0, len(places), _HEEDED):
            some = places[begin : begin + _HEEDED]
            cost = taken(edges.cost, some)
            near = np.flatnonzero(cost <= self._limit)
            some = taken(some, near)
            left, right = taken(edges.left, some).astype(np.int64), taken(edges.right, some).astype(np.int64)
            bits = taken(cost, near).view(np.uint32).astype(np.uint64) << _LOW
            np.minimum.at(self._keys, left, bits | right.view(np.uint64))
            np.minimum.at(self._keys, right, bits | left.view(np.uint64))
            heeded[left] = heeded[right] = True
        return np.flatnonzero(heeded).astype(np.int32)

    def reciprocal(self, among: Nodes) -> tuple[Nodes, Nodes]:
        """Pairs, left < right, of clusters that are each other's nearest, one of them in `among`, nearest first."""
        keys = self._keys[among]
        one, keys = among[keys != _NOBODY], keys[keys != _NOBODY]
        other = keys.astype(np.uint32).astype(np.int32)
        both = np.flatnonzero(self._keys[other] == (keys >> _LOW << _LOW | one.astype(np.uint64)))
        left, right = each_once(one[both], other[both])
        nearest_first = np.argsort(self._keys[left] >> _LOW, kind="stable")
        return left[nearest_first], right[nearest_first]


def taken(array: npt.NDArray[Number], places: Integers | Nodes) -> npt.NDArray[Number]:
    """Those at `places`, in a fraction of the time of an index."""
    return array.take(places, mode="clip")


def each_once(left: Nodes, right: Nodes) -> tuple[Nodes, Nodes]:
    """Every pair of two different nodes once, the smaller on the left, rising."""
    keys = _keys(np.minimum(left, right), np.maximum(left, right))
    keys.sort()  # np.unique makes a hash table first, which takes several times as long
    left, right = _ends(taken(keys, np.flatnonzero(np.diff(keys, prepend=-1))))
    apart = np.flatnonzero(left != right)
    return taken(left, apart), taken(right, apart)


def _keys(left: Nodes, right: Nodes) -> Integers:
    """One number for each pair of nodes, in the order of the pairs."""
    keys = left.astype(np.int64)
    keys <<= 32
    keys |= right
    return keys


def _ends(keys: Integers) -> tuple[Nodes, Nodes]:
    """The pairs of nodes of these numbers."""
    return (keys >> 32).astype(np.int32), keys.astype(np.int32)
