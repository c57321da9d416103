"""Average linkage on the neighbour graph: clusters merge while their faces are near each other on average.

The distance of two clusters is the root mean square over all pairs of their faces, which needs no pair to be looked at:
mean |a - b|^2 = |centre_a - centre_b|^2 + spread_a + spread_b, a spread being the mean squared distance to the centre
(Huygens' theorem). So a merge costs one pass over the dimensions, and no missing edge of the graph has to be guessed.

The more faces a mean is over, the surer it is, and the further apart two clusters may be: see GROWTH. Distances are
compared in units of that limit. Only clusters with two faces that are neighbours in the graph merge.

Two clusters that are each other's nearest merge, all such pairs in one round. A mean over a union is never less than
over the nearer of its parts, and what the rules forbid to a part they forbid to the union: so a pair that is beyond the
limit of the largest clusters, or forbidden, is dropped for good. Without GROWTH, the rounds find the very tree of
merging the nearest pair of all again and again (Murtagh 1983, reducible linkages); with it, nearly that one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from faceindex.clustering.distances import squared_distances
from faceindex.clustering.graph import Integers, NeighbourGraph, Nodes
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

Costs = npt.NDArray[np.float32]


@dataclass(slots=True)
class _Edges:
    """Pairs of clusters, left < right, and their mean squared distance over what it may grow by with their sizes."""

    left: Nodes
    right: Nodes
    cost: Costs

    def kept(self, which: npt.NDArray[np.bool_]) -> _Edges:
        rows = np.flatnonzero(which)  # with `take`, a fifth of the time that a mask as index needs
        return _Edges(self.left.take(rows), self.right.take(rows), self.cost.take(rows))

    def arrays(self) -> tuple[Nodes, Nodes, Costs]:
        return self.left, self.right, self.cost

    def keep(self, which: npt.NDArray[np.bool_]) -> None:
        """Leave the others out, one array after the other, so that memory is never needed for all of them twice."""
        rows = np.flatnonzero(which)
        self.left = self.left.take(rows)
        self.right = self.right.take(rows)
        self.cost = self.cost.take(rows)

    def add(self, other: _Edges) -> None:
        """Take the edges of another one, too, in the same way."""
        self.left = np.concatenate([self.left, other.left])
        self.right = np.concatenate([self.right, other.right])
        self.cost = np.concatenate([self.cost, other.cost])


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
        edges = _Edges(left, right, costs)
        edges.keep(means <= self.squared * np.float32(1 + GROWTH))
        if not self.unions.free:
            edges.keep(self._allowed(edges))
        return edges

    def _allowed(self, edges: _Edges) -> npt.NDArray[np.bool_]:
        """bool [edges]: whether the two clusters may be one, as far as the rules go."""
        unions = self.unions
        allowed = np.ones(len(edges.left), dtype=np.bool_)
        one, other = (unions.of(self.group[ends]) for ends in (edges.left, edges.right))
        bound = (unions.links[one] > 0) & (unions.links[other] > 0) | unions.named[one] & unions.named[other]
        doubtful = np.flatnonzero(bound & (one != other))
        allowed[doubtful] = unions.may_unite(one[doubtful], other[doubtful])
        return allowed

    def merge(self, left: Nodes, right: Nodes) -> npt.NDArray[np.bool_]:
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
    into = np.arange(count, dtype=np.int32)
    edges = clusters.measured(*graph.pairs())
    while True:
        if stop is not None:
            stop.check()
        chosen = _reciprocal(edges, clusters.squared, count)
        if not len(chosen):
            return clusters.unions.of(rules.group)
        _after_round(clusters, edges, chosen, into)


def may_be_one(one: int, other: int, centres: Vectors, sizes: Integers, spreads: Costs, limit: float) -> bool:
    """Whether clusters `one` and `other`, given as to `agglomerate`, are near enough to merge."""
    pair = np.array([one], dtype=np.int32), np.array([other], dtype=np.int32)
    _, costs = _distances(*pair, centres, sizes, spreads)
    return bool(costs[0] <= limit * limit)


def _after_round(clusters: _Clusters, edges: _Edges, chosen: Integers, into: Nodes) -> None:
    """Merge the clusters of the edges `chosen`; `edges` becomes what is left, those of what merged measured anew."""
    left, right = edges.left[chosen], edges.right[chosen]
    merged = clusters.merge(left, right)
    left, right = left[merged], right[merged]
    into[right] = left
    changed = np.zeros(len(into), dtype=np.bool_)
    changed[left] = changed[right] = True
    done = np.zeros(len(edges.left), dtype=np.bool_)
    done[chosen] = True  # merged, or forbidden
    touched = changed.take(edges.left, mode="clip") | changed.take(edges.right, mode="clip")
    again = np.flatnonzero(touched & ~done)
    ends = _each_once(into[edges.left[again]], into[edges.right[again]], len(into))
    edges.keep(~(touched | done))
    edges.add(clusters.measured(*ends))


def _each_once(left: Nodes, right: Nodes, nodes: int) -> tuple[Nodes, Nodes]:
    """Every pair of two different nodes once, the smaller on the left."""
    keys = _keys(np.minimum(left, right), np.maximum(left, right), nodes)[left != right]
    keys.sort()  # np.unique makes a hash table first, which takes several times as long
    keys = keys[np.diff(keys, prepend=-1) > 0]
    return (keys // max(nodes, 1)).astype(np.int32), (keys % max(nodes, 1)).astype(np.int32)


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


def _reciprocal(edges: _Edges, limit: np.float32, nodes: int) -> Integers:
    """The edges up to `limit` between each other's nearest, nearest first: int64 [m].

    Of edges of the same cost, that with the smallest numbers of nodes is the nearer one.
    """
    near = edges.cost <= limit
    rows = np.flatnonzero(near)
    left, right, cost = (edges if len(rows) == len(near) else edges.kept(near)).arrays()
    least = np.full(nodes, np.inf, dtype=np.float32)
    np.minimum.at(least, left, cost)
    np.minimum.at(least, right, cost)
    of_left = np.flatnonzero(cost == least.take(left, mode="clip"))
    of_right = np.flatnonzero(cost == least.take(right, mode="clip"))
    first = np.full(nodes, np.iinfo(np.int64).max)
    np.minimum.at(first, left[of_left], _keys(left[of_left], right[of_left], nodes))
    np.minimum.at(first, right[of_right], _keys(left[of_right], right[of_right], nodes))
    key = _keys(left[of_left], right[of_left], nodes)
    chosen = np.flatnonzero((key == first[left[of_left]]) & (key == first[right[of_left]]))
    return rows[of_left[chosen[np.lexsort((key[chosen], cost[of_left[chosen]]))]]]


def _keys(left: Nodes, right: Nodes, nodes: int) -> Integers:
    """One number for each pair of nodes, in the order of the pairs."""
    return left.astype(np.int64) * nodes + right
