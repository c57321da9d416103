"""Average linkage on the neighbour graph: clusters merge while their faces are near each other on average.

The distance of two clusters is the root mean square over all pairs of their faces, which needs no pair to be looked at:
mean |a - b|^2 = |centre_a - centre_b|^2 + spread_a + spread_b, a spread being the mean squared distance to the centre
(Huygens' theorem). So a merge costs one pass over the dimensions, and no missing edge of the graph has to be guessed.

The more faces a mean is over, the surer it is, and the further apart two clusters may be: see GROWTH. Distances are
compared in units of that limit. Only clusters with two faces that are neighbours in the graph merge.

Two clusters that are each other's nearest merge, all such pairs in one round; the nearest of a cluster is looked for
again only when it or its nearest has merged. A mean over a union is never less than over the nearer of its parts, and
what the rules forbid to a part they forbid to the union: so a pair that is beyond the limit of the largest clusters, or
forbidden, is dropped for good. Without GROWTH, the rounds find the very tree of
merging the nearest pair of all again and again (Murtagh 1983, reducible linkages); with it, nearly that one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from faceindex.clustering.distances import squared_distances
from faceindex.clustering.graph import Flags, Integers, NeighbourGraph, Nodes
from faceindex.clustering.problem import Problem
from faceindex.clustering.rules import Rules, Unions, unions_of
from faceindex.running.stop import Stop
from faceindex.types import Labels, Vectors

GROWTH = 0.3
"""The squared limit of a union of m faces is 1 + GROWTH (1 - 2 / m) times that of two faces. Chosen with the threshold
on half "a" of the people of lfw-dev. B-cubed F with recipe `dlib` on halves "a" and "b" and on all people, at the
threshold best on "a": 0.9645, 0.9630 and 0.9537 without (0.51), 0.9707, 0.9709 and 0.9661 with 0.2 (0.48), 0.9714,
0.9713 and 0.9664 with 0.25 (0.475), 0.9725, 0.9727 and 0.9672 with 0.3 (0.475). `sface`: 0.9943, 0.9873 and 0.9901
without (1.04), 0.9966, 0.9891 and 0.9920 with 0.3 (1.02). That the limit grows with the union, and how far the graph
reaches, was settled with the figures of all people in view, so those are a little too good. Some forty variants were
tried: limits by the smaller or larger of two clusters or by the logarithm of their sizes, shares of the spreads left
out and a graph that reaches further came within 0.002, weights by quality and poor faces last changed nothing, centred,
whitened and cohort-normalised vectors lost."""

_FAR = 1e30  # squared: beyond every distance
_MERGED = 1 << 14  # pairs of clusters merged at a time
_MEASURED = 1 << 16  # edges measured at a time
_ROUNDING = 1e-5  # of a squared distance, in float32: a pair exactly at the limit is within it
_FREE = 0.25  # share of places without an edge from which on the others are moved together
_LOW = np.uint64(32)
_NOBODY = np.uint64(2**64 - 1)  # greater than every key

Costs = npt.NDArray[np.float32]
Number = TypeVar("Number", bound=np.generic)


@dataclass(slots=True)
class _Edges:
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

    def put(self, places: Integers, edges: _Edges) -> None:
        """Replace what is at `places` by other edges, not more of them."""
        filled, free = places[: len(edges.left)], places[len(edges.left) :]
        self.left[filled], self.right[filled], self.cost[filled] = edges.left, edges.right, edges.cost
        self.left[free] = self.right[free] = self.nobody
        self.free += len(free)
        if self.free > _FREE * len(self.left):
            self.keep(self.left != self.nobody)
            self.free = 0


class _Nearest:
    """The nearest other cluster of each, up to the limit; of equals the one with the smallest number.

    keys: uint64 [n], the bits of the cost (as those of a float of 0 or more, they have its order), and the other's
    number.
    """

    def __init__(self, count: int, limit: np.float32) -> None:
        self._keys = np.full(count, _NOBODY, dtype=np.uint64)
        self._limit = limit

    def is_nearest(self, cluster: Nodes, other: Nodes) -> Flags:
        """bool [m]: whether `other` is the nearest of `cluster`."""
        return np.asarray(_taken(self._keys, cluster).astype(np.uint32) == other.view(np.uint32))

    def forget(self, clusters: Integers) -> None:
        """Let these have none."""
        self._keys[clusters] = _NOBODY

    def heed(self, edges: _Edges, places: Integers) -> Nodes:
        """Look at the edges at `places`; returns the ends of those up to the limit, rising."""
        heeded = np.zeros(len(self._keys), dtype=np.bool_)
        for begin in range(0, len(places), _MEASURED):
            some = places[begin : begin + _MEASURED]
            cost = _taken(edges.cost, some)
            near = np.flatnonzero(cost <= self._limit)
            some = _taken(some, near)
            left, right = _taken(edges.left, some).astype(np.int64), _taken(edges.right, some).astype(np.int64)
            bits = _taken(cost, near).view(np.uint32).astype(np.uint64) << _LOW
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
        left, right = _each_once(one[both], other[both])
        nearest_first = np.argsort(self._keys[left] >> _LOW, kind="stable")
        return left[nearest_first], right[nearest_first]


@dataclass(slots=True)
class _Clusters:
    """centres: float32 [n, d]. sizes: int64 [n], faces. spreads: float32 [n]. group: int64 [n]. Changed in place."""

    centres: Vectors
    sizes: Integers
    spreads: Costs
    group: Integers
    unions: Unions
    squared: np.float32

    def measured(self, left: Nodes, right: Nodes) -> _Edges:
        """Those edges whose clusters may merge, now or when they have grown."""
        means, costs = _distances(left, right, self.centres, self.sizes, self.spreads)
        edges = _Edges(left, right, costs, len(self.group))
        edges.keep(means <= self.squared * np.float32(1 + GROWTH))
        if not self.unions.free:
            edges.keep(self._allowed(edges))
        return edges

    def _allowed(self, edges: _Edges) -> Flags:
        """bool [edges]: whether the two clusters may be one, as far as the rules go."""
        unions = self.unions
        allowed = np.ones(len(edges.left), dtype=np.bool_)
        one, other = (unions.of(self.group[ends]) for ends in (edges.left, edges.right))
        bound = (unions.links[one] > 0) & (unions.links[other] > 0) | unions.named[one] & unions.named[other]
        doubtful = np.flatnonzero(bound & (one != other))
        allowed[doubtful] = unions.may_unite(one[doubtful], other[doubtful])
        return allowed

    def merge(self, left: Nodes, right: Nodes) -> Flags:
        """Merge pairs of clusters, of which no two share one, in this order where the rules allow it.

        The left one of a pair takes the right one in. Returns: bool [pairs], which merged.
        """
        merged = self.unions.unite(self.group[left], self.group[right])
        for begin in range(0, len(left), _MERGED):
            which = merged[begin : begin + _MERGED]
            self._take_in(left[begin : begin + _MERGED][which], right[begin : begin + _MERGED][which])
        return merged

    def _take_in(self, left: Nodes, right: Nodes) -> None:
        share = (self.sizes[right] / (self.sizes[left] + self.sizes[right])).astype(np.float32)
        steps = self.centres[right] - self.centres[left]
        away = np.einsum("ij,ij->i", steps, steps)
        self.centres[left] += share[:, None] * steps
        self.spreads[left] += share * (self.spreads[right] - self.spreads[left]) + share * (1 - share) * away
        self.sizes[left] += self.sizes[right]


def linkage(problem: Problem) -> Labels:
    """Labels int64 [n] of clusters whose faces are, between any two that merged, within the threshold on average."""
    return agglomerate(
        *(problem.vectors, problem.graph, problem.rules, problem.threshold), spreads=problem.excess, stop=problem.stop
    )


def agglomerate(
    vectors: Vectors,
    graph: NeighbourGraph,
    rules: Rules,
    limit: float,
    *,
    sizes: Integers | None = None,
    spreads: Costs | None = None,
    stop: Stop | None = None,
) -> Labels:
    """Labels int64 [n] of n nodes: the first group of the union that each ends in.

    vectors: float32 [n, d], the centre of each node. limit: root mean square distance up to which clusters merge; may
    be infinite. sizes, spreads: int64 [n] and float32 [n], faces of each node and their mean squared distance from its
    centre, by default 1 and 0. Nodes that are bound to one group share its rules and its label, but not a centre: a
    person may look like two. stop: looked at between rounds. Raises: JobCancelled.
    """
    count = len(vectors)
    clusters = _Clusters(
        centres=vectors.astype(np.float32, copy=True),
        sizes=np.ones(count, dtype=np.int64) if sizes is None else sizes.copy(),
        spreads=np.zeros(count, dtype=np.float32) if spreads is None else spreads.copy(),
        group=rules.group,
        unions=unions_of(rules),
        squared=np.float32(min(limit * limit * (1 + _ROUNDING), _FAR)),
    )
    edges, nearest = clusters.measured(*graph.pairs()), _Nearest(count, clusters.squared)
    looked_at = nearest.heed(edges, np.arange(len(edges.left)))
    while True:
        if stop is not None:
            stop.check()
        left, right = nearest.reciprocal(looked_at)
        if not len(left):
            return clusters.unions.of(rules.group)
        looked_at = _after_round(clusters, edges, nearest, left, right)


def may_be_one(one: int, other: int, centres: Vectors, sizes: Integers, spreads: Costs, limit: float) -> bool:
    """Whether clusters `one` and `other`, given as to `agglomerate`, are near enough to merge."""
    pair = np.array([one], dtype=np.int32), np.array([other], dtype=np.int32)
    _, costs = _distances(*pair, centres, sizes, spreads)
    return bool(costs[0] <= limit * limit)


def _after_round(clusters: _Clusters, edges: _Edges, nearest: _Nearest, left: Nodes, right: Nodes) -> Nodes:
    """Merge these pairs of clusters; `edges` becomes what is left, those of what merged measured anew.

    Returns: int32, rising, the clusters whose nearest may be another one now.
    """
    merged = clusters.merge(left, right)
    paired, changed = np.full(edges.nobody + 1, -1, dtype=np.int32), np.zeros(edges.nobody + 1, dtype=np.bool_)
    paired[left], paired[right] = right, left
    changed[left[merged]] = changed[right[merged]] = True
    into = np.arange(edges.nobody, dtype=np.int32)
    into[right[merged]] = left[merged]
    places = edges.of(paired >= 0)
    one, other = _taken(edges.left, places), _taken(edges.right, places)
    done = _taken(paired, one) == other  # merged, or forbidden
    again = _taken(changed, one)
    again |= _taken(changed, other)
    stale = np.zeros(edges.nobody + 1, dtype=np.bool_)
    stale[left] = stale[right] = True
    some = np.flatnonzero(done | again)
    places, one, other = _taken(places, some), _taken(one, some), _taken(other, some)
    stale[one.take(np.flatnonzero(nearest.is_nearest(one, other)))] = True
    stale[other.take(np.flatnonzero(nearest.is_nearest(other, one)))] = True
    nearest.forget(np.flatnonzero(stale))
    some = np.flatnonzero(~_taken(done, some))
    ends = _taken(into, _taken(one, some)), _taken(into, _taken(other, some))
    edges.put(places, clusters.measured(*_each_once(*ends)))
    return nearest.heed(edges, edges.of(stale))


def _taken(array: npt.NDArray[Number], places: Integers | Nodes) -> npt.NDArray[Number]:
    """Those at `places`, in a fraction of the time of an index."""
    return array.take(places, mode="clip")


def _each_once(left: Nodes, right: Nodes) -> tuple[Nodes, Nodes]:
    """Every pair of two different nodes once, the smaller on the left, rising."""
    keys = _keys(np.minimum(left, right), np.maximum(left, right))
    keys.sort()  # np.unique makes a hash table first, which takes several times as long
    left, right = _ends(_taken(keys, np.flatnonzero(np.diff(keys, prepend=-1))))
    apart = np.flatnonzero(left != right)
    return _taken(left, apart), _taken(right, apart)


def _distances(left: Nodes, right: Nodes, centres: Vectors, sizes: Integers, spreads: Costs) -> tuple[Costs, Costs]:
    """float32 [edges] each: mean squared distances of faces of two clusters, and these in units of GROWTH's limit."""
    means = squared_distances(centres, left, right)
    costs = np.empty_like(means)
    for begin in range(0, len(left), _MEASURED):
        rows = slice(begin, begin + _MEASURED)
        one, other = left[rows], right[rows]
        means[rows] += spreads.take(one, mode="clip") + spreads.take(other, mode="clip")
        growth = 1 + GROWTH * (1 - 2 / (sizes.take(one, mode="clip") + sizes.take(other, mode="clip")))
        costs[rows] = means[rows] / growth.astype(np.float32)
    return means, costs


def _keys(left: Nodes, right: Nodes) -> Integers:
    """One number for each pair of nodes, in the order of the pairs."""
    keys = left.astype(np.int64)
    keys <<= 32
    keys |= right
    return keys


def _ends(keys: Integers) -> tuple[Nodes, Nodes]:
    """The pairs of nodes of these numbers."""
    return (keys >> 32).astype(np.int32), keys.astype(np.int32)
