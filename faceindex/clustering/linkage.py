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

from faceindex.clustering.graph import Integers, NeighbourGraph, Nodes
from faceindex.clustering.problem import Problem
from faceindex.clustering.rules import Rules, Unions, may_unite, union_of, unions_of, unite
from faceindex.kernels import kernel
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
_ROUNDING = 1e-5  # of a squared distance, in float32: a pair exactly at the limit is within it

Costs = npt.NDArray[np.float32]


@dataclass(slots=True)
class _Edges:
    """Pairs of clusters, left < right, and their mean squared distance over what it may grow by with their sizes."""

    left: Nodes
    right: Nodes
    cost: Costs

    def kept(self, which: npt.NDArray[np.bool_]) -> _Edges:
        return _Edges(self.left[which], self.right[which], self.cost[which])

    def joined(self, other: _Edges) -> _Edges:
        left, right = np.concatenate([self.left, other.left]), np.concatenate([self.right, other.right])
        return _Edges(left, right, np.concatenate([self.cost, other.cost]))


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
        edges = _Edges(left, right, costs).kept(means <= self.squared * np.float32(1 + GROWTH))
        return edges.kept(_allowed(edges.left, edges.right, self.group, self.unions))


def linkage(problem: Problem) -> Labels:
    """Labels int64 [n] of clusters whose faces are, between any two that merged, within the threshold on average."""
    return agglomerate(problem.vectors, problem.graph, problem.rules, problem.threshold)


def agglomerate(
    vectors: Vectors,
    graph: NeighbourGraph,
    rules: Rules,
    limit: float,
    *,
    sizes: Integers | None = None,
    spreads: Costs | None = None,
) -> Labels:
    """Labels int64 [n] of n nodes: the first group of the union that each ends in.

    vectors: float32 [n, d], the centre of each node. limit: root mean square distance up to which clusters merge; may
    be infinite. sizes, spreads: int64 [n] and float32 [n], faces of each node and their mean squared distance from its
    centre, by default 1 and 0. Nodes that are bound to one group share its rules and its label, but not a centre: a
    person may look like two.
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
        chosen = _reciprocal(edges.left, edges.right, edges.cost, clusters.squared, count)
        if not len(chosen):
            break
        edges = _after_round(clusters, edges, chosen[np.argsort(edges.cost[chosen], kind="stable")], into)
    labels: Labels = _labels(rules.group, clusters.unions)
    return labels


def may_be_one(one: int, other: int, centres: Vectors, sizes: Integers, spreads: Costs, limit: float) -> bool:
    """Whether clusters `one` and `other`, given as to `agglomerate`, are near enough to merge."""
    pair = np.array([one], dtype=np.int32), np.array([other], dtype=np.int32)
    _, costs = _distances(*pair, centres, sizes, spreads)
    return bool(costs[0] <= limit * limit)


def _after_round(clusters: _Clusters, edges: _Edges, chosen: Integers, into: Nodes) -> _Edges:
    """Merge the clusters of the edges `chosen`; returns the edges that are left, those of what merged measured anew."""
    merged = _merge(
        *(chosen, edges.left, edges.right, into, clusters.centres, clusters.sizes, clusters.spreads),
        *(clusters.group, clusters.unions),
    )
    edges.cost[chosen] = np.inf  # merged, or forbidden
    edges = edges.kept(np.isfinite(edges.cost))
    touched = merged[edges.left] | merged[edges.right]
    again = _each_once(into[edges.left[touched]], into[edges.right[touched]], len(into))
    return edges.kept(~touched).joined(clusters.measured(*again))


def _each_once(left: Nodes, right: Nodes, nodes: int) -> tuple[Nodes, Nodes]:
    """Every pair of two different nodes once, the smaller on the left."""
    other = left != right
    left, right = left[other].astype(np.int64), right[other].astype(np.int64)
    keys: Integers = np.unique(np.minimum(left, right) * nodes + np.maximum(left, right))
    return (keys // max(nodes, 1)).astype(np.int32), (keys % max(nodes, 1)).astype(np.int32)


@kernel(fastmath=True)
def _distances(left: Nodes, right: Nodes, centres: Vectors, sizes: Integers, spreads: Costs) -> tuple[Costs, Costs]:
    """float32 [edges] each: mean squared distances of faces of two clusters, and these in units of GROWTH's limit."""
    means, costs = np.empty(len(left), dtype=np.float32), np.empty(len(left), dtype=np.float32)
    for edge in range(len(left)):
        one, other = left[edge], right[edge]
        a, b = centres[one], centres[other]
        total = np.float32(0)
        for dimension in range(len(a)):
            away = a[dimension] - b[dimension]
            total += away * away
        means[edge] = total + spreads[one] + spreads[other]
        costs[edge] = means[edge] / np.float32(1 + GROWTH * (1 - 2 / (sizes[one] + sizes[other])))
    return means, costs


@kernel()
def _allowed(left: Nodes, right: Nodes, group: Integers, unions: Unions) -> npt.NDArray[np.bool_]:
    """bool [edges]: whether the two clusters may be one, as far as the rules go."""
    allowed = np.empty(len(left), dtype=np.bool_)
    for edge in range(len(left)):
        a, b = union_of(unions, group[left[edge]]), union_of(unions, group[right[edge]])
        allowed[edge] = a == b or may_unite(unions, a, b)
    return allowed


@kernel()
def _reciprocal(left: Nodes, right: Nodes, cost: Costs, limit: np.float32, nodes: int) -> Integers:
    """The edges up to `limit` between each other's nearest: int64 [m]. Ties go to the smallest numbers of nodes."""
    best = np.full(nodes, -1, dtype=np.int64)
    for edge in range(len(left)):
        if cost[edge] > limit:
            continue
        for node in (left[edge], right[edge]):
            other = best[node]
            if other < 0 or (cost[edge], left[edge], right[edge]) < (cost[other], left[other], right[other]):
                best[node] = edge
    chosen = np.empty(len(left), dtype=np.int64)
    count = 0
    for edge in range(len(left)):
        if cost[edge] <= limit and best[left[edge]] == edge and best[right[edge]] == edge:
            chosen[count] = edge
            count += 1
    return chosen[:count]


@kernel()
def _merge(
    chosen: Integers,
    left: Nodes,
    right: Nodes,
    into: Nodes,
    centres: Vectors,
    sizes: Integers,
    spreads: Costs,
    group: Integers,
    unions: Unions,
) -> npt.NDArray[np.bool_]:
    """Merge the clusters of the edges `chosen`, in this order, where rules allow it. Returns: bool [n], who merged."""
    merged = np.zeros(len(into), dtype=np.bool_)
    for edge in chosen:
        a, b = left[edge], right[edge]
        one, other = union_of(unions, group[a]), union_of(unions, group[b])
        if one != other:
            if not may_unite(unions, one, other):
                continue
            unite(unions, min(one, other), max(one, other))
        share = np.float32(sizes[b] / (sizes[a] + sizes[b]))
        away = np.float32(0)
        for dimension in range(centres.shape[1]):
            step = centres[b, dimension] - centres[a, dimension]
            away += step * step
            centres[a, dimension] += share * step
        spreads[a] += share * (spreads[b] - spreads[a]) + share * (1 - share) * away
        sizes[a] += sizes[b]
        into[b] = a
        merged[a] = merged[b] = True
    return merged


@kernel()
def _labels(group: Integers, unions: Unions) -> Integers:
    labels = np.empty(len(group), dtype=np.int64)
    for row in range(len(group)):
        labels[row] = union_of(unions, group[row])
    return labels
