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

import numpy as np

from faceindex.clustering.cluster_pairs import Costs, Edges, Nearest, each_once, taken
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
_AT_ONCE = 1 << 18  # edges looked at together, for the memory that rules take
_ROUNDING = 1e-5  # of a squared distance, in float32: a pair exactly at the limit is within it


@dataclass(slots=True)
class _Clusters:
    """centres: float32 [n, d]. sizes: int64 [n], faces. spreads: float32 [n]. group: int64 [n]. Changed in place.

    threads: that measure. former: centres that have changed and what they were, where they are put back at the end.
    """

    centres: Vectors
    sizes: Integers
    spreads: Costs
    group: Integers
    unions: Unions
    squared: np.float32
    threads: int
    former: list[tuple[Nodes, Vectors]] | None
    moved: Flags

    def measured(self, left: Nodes, right: Nodes) -> Edges:
        """Those edges whose clusters may merge, now or when they have grown."""
        starts = range(0, max(len(left), 1), _AT_ONCE)
        parts = [self._measured(left[start : start + _AT_ONCE], right[start : start + _AT_ONCE]) for start in starts]
        if len(parts) == 1:
            return parts[0]
        return Edges(
            left=np.concatenate([part.left for part in parts]),
            right=np.concatenate([part.right for part in parts]),
            cost=np.concatenate([part.cost for part in parts]),
            nobody=len(self.group),
        )

    def _measured(self, left: Nodes, right: Nodes) -> Edges:
        means, costs = _distances(left, right, self.centres, self.sizes, self.spreads, self.threads)
        edges = Edges(left, right, costs, len(self.group))
        edges.keep(means <= self.squared * np.float32(1 + GROWTH))
        if not self.unions.free:
            edges.keep(self._allowed(edges))
        return edges

    def _allowed(self, edges: Edges) -> Flags:
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
        if self.former is not None:
            first = left[~self.moved[left]]
            self.former.append((first, self.centres[first]))
        self.moved[left] = True
        share = (self.sizes[right] / (self.sizes[left] + self.sizes[right])).astype(np.float32)
        steps = self.centres[right] - self.centres[left]
        away = np.einsum("ij,ij->i", steps, steps)
        self.centres[left] += share[:, None] * steps
        self.spreads[left] += share * (self.spreads[right] - self.spreads[left]) + share * (1 - share) * away
        self.sizes[left] += self.sizes[right]


def linkage(problem: Problem) -> Labels:
    """Labels int64 [n] of clusters whose faces are, between any two that merged, within the threshold on average."""
    known = problem.vectors, problem.graph, problem.rules, problem.threshold
    return agglomerate(
        *known, spreads=problem.excess, stop=problem.stop, threads=problem.threads, in_place=problem.in_place
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
    threads: int = 1,
    in_place: bool = False,
) -> Labels:
    """Labels int64 [n] of n nodes: the first group of the union that each ends in.

    vectors: float32 [n, d], the centre of each node. limit: root mean square distance up to which clusters merge; may
    be infinite. sizes, spreads: int64 [n] and float32 [n], faces of each node and their mean squared distance from its
    centre, by default 1 and 0. Nodes that are bound to one group share its rules and its label, but not a centre: a
    person may look like two. stop: looked at between rounds. threads: that measure. in_place: vectors, contiguous, are
    changed meanwhile, and put back, which takes less memory than a copy. Raises: JobCancelled.
    """
    count = len(vectors)
    clusters = _Clusters(
        centres=np.array(vectors, dtype=np.float32, order="C", copy=None if in_place else True),
        sizes=np.ones(count, dtype=np.int64) if sizes is None else sizes.copy(),
        spreads=np.zeros(count, dtype=np.float32) if spreads is None else spreads.copy(),
        group=rules.group,
        unions=unions_of(rules),
        squared=np.float32(min(limit * limit * (1 + _ROUNDING), _FAR)),
        threads=threads,
        former=[] if in_place else None,
        moved=np.zeros(count, dtype=np.bool_),
    )
    try:
        _merge_all(clusters, graph, stop)
    finally:
        for rows, centres in clusters.former or ():
            clusters.centres[rows] = centres
    return clusters.unions.of(rules.group)


def _merge_all(clusters: _Clusters, graph: NeighbourGraph, stop: Stop | None) -> None:
    """Merge clusters as far as they may."""
    edges, nearest = clusters.measured(*graph.pairs()), Nearest(graph.size, clusters.squared)
    left, right = nearest.reciprocal(nearest.heed(edges, np.arange(len(edges.left))))
    while len(left):
        if stop is not None:
            stop.check()
        left, right = nearest.reciprocal(_after_round(clusters, edges, nearest, left, right))


def may_be_one(one: int, other: int, centres: Vectors, sizes: Integers, spreads: Costs, limit: float) -> bool:
    """Whether clusters `one` and `other`, given as to `agglomerate`, are near enough to merge."""
    pair = np.array([one], dtype=np.int32), np.array([other], dtype=np.int32)
    _, costs = _distances(*pair, centres, sizes, spreads)
    return bool(costs[0] <= limit * limit)


def _after_round(clusters: _Clusters, edges: Edges, nearest: Nearest, left: Nodes, right: Nodes) -> Nodes:
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
    one, other = taken(edges.left, places), taken(edges.right, places)
    done = taken(paired, one) == other  # merged, or forbidden
    again = taken(changed, one)
    again |= taken(changed, other)
    stale = np.zeros(edges.nobody + 1, dtype=np.bool_)
    stale[left] = stale[right] = True
    some = np.flatnonzero(done | again)
    places, one, other = taken(places, some), taken(one, some), taken(other, some)
    stale[one.take(np.flatnonzero(nearest.is_nearest(one, other)))] = True
    stale[other.take(np.flatnonzero(nearest.is_nearest(other, one)))] = True
    nearest.forget(np.flatnonzero(stale))
    some = np.flatnonzero(~taken(done, some))
    ends = taken(into, taken(one, some)), taken(into, taken(other, some))
    edges.put(places, clusters.measured(*each_once(*ends)))
    return nearest.heed(edges, edges.of(stale))


def _distances(
    left: Nodes, right: Nodes, centres: Vectors, sizes: Integers, spreads: Costs, threads: int = 1
) -> tuple[Costs, Costs]:
    """float32 [edges] each: mean squared distances of faces of two clusters, and these in units of GROWTH's limit."""
    means = squared_distances(centres, left, right, threads=threads)
    costs = np.empty_like(means)
    for begin in range(0, len(left), _MEASURED):
        rows = slice(begin, begin + _MEASURED)
        one, other = left[rows], right[rows]
        means[rows] += spreads.take(one, mode="clip") + spreads.take(other, mode="clip")
        growth = 1 + GROWTH * (1 - 2 / (sizes.take(one, mode="clip") + sizes.take(other, mode="clip")))
        costs[rows] = means[rows] / growth.astype(np.float32)
    return means, costs
