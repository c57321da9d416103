"""Chinese whispers (Biemann 2006): every face takes the label that most of its neighbours have."""

from __future__ import annotations

import numpy as np

from faceindex.clustering.graph import Integers, NeighbourGraph, Nodes
from faceindex.clustering.problem import Problem
from faceindex.clustering.splitting import obeying
from faceindex.running.stop import Stop
from faceindex.types import Labels

ITERATIONS = 100
"""Rounds at most, as in dlib.chinese_whispers; it stops when a round changes nothing."""

_EVALUATED = 1 << 20
"""Edges whose votes are counted at a time."""


def whispers(problem: Problem) -> Labels:
    """Labels int64 [n]. What is bound together joins clusters; those that break a rule are split."""
    return obeying(problem, chinese_whispers(problem.graph, seed=problem.seed, stop=problem.stop))


def chinese_whispers(graph: NeighbourGraph, *, seed: int = 0, stop: Stop | None = None) -> Labels:
    """Labels int64 [n], without any rule; every edge has one vote, as in dlib, and ties go to the smallest label.

    Nodes are visited in an order drawn from `seed` anew in every round. stop: looked at between rounds.
    Raises: JobCancelled.
    """
    labels = np.arange(graph.size, dtype=np.int64)
    order = np.arange(graph.size, dtype=np.int64)
    turn = np.empty_like(order)
    waiting = np.flatnonzero(np.diff(graph.start))
    random = np.random.default_rng(seed)
    for _ in range(ITERATIONS):
        if stop is not None:
            stop.check()
        random.shuffle(order)
        turn[order] = np.arange(graph.size)
        waiting = _round(graph, turn, waiting, labels)
        if not len(waiting):
            break
    return labels


def _round(graph: NeighbourGraph, turn: Integers, waiting: Integers, labels: Labels) -> Integers:
    """Visit the nodes in their turns, int64 [n]. labels: changed in place. Returns: whom the next round has to visit.

    waiting: nodes of which a neighbour has changed since they were visited; a visit to another changes nothing.

    All are visited at once, as if nobody changed in this round; then those whose neighbours changed in an earlier turn
    are visited again, until nobody changes. A node's label depends on earlier turns alone, so this ends with the very
    labels of visits one by one.
    """
    before = labels.copy()
    visited = waiting
    while len(visited):
        found = np.concatenate([_most_common(graph, part, turn, before, labels) for part in _parts(graph, visited)])
        changed = visited[found != labels[visited]]
        labels[visited] = found
        row, neighbour = _edges_of(graph, changed)
        visited = np.unique(neighbour[turn[neighbour] > turn[row]])
    row, neighbour = _edges_of(graph, np.flatnonzero(labels != before))
    return np.unique(neighbour[turn[neighbour] < turn[row]])  # later neighbours have seen the new label


def _parts(graph: NeighbourGraph, nodes: Integers) -> list[Integers]:
    """`nodes` in parts that have _EVALUATED edges or little more."""
    edges = np.cumsum(graph.start[nodes + 1] - graph.start[nodes])
    return np.split(nodes, np.flatnonzero(np.diff(edges // _EVALUATED)) + 1)


def _most_common(graph: NeighbourGraph, nodes: Integers, turn: Integers, before: Labels, labels: Labels) -> Labels:
    """int64 [nodes]: the label that most neighbours have when each of the nodes, which have some, is visited."""
    row, neighbour = _edges_of(graph, nodes)
    label = np.where(turn[neighbour] < turn[row], labels[neighbour], before[neighbour])
    place = np.repeat(np.arange(len(nodes)), graph.start[nodes + 1] - graph.start[nodes])
    votes = place << 32 | label
    votes.sort()
    first = np.flatnonzero(np.diff(votes, prepend=-1))
    count, label, place = np.diff(first, append=len(votes)), votes[first] & 0xFFFFFFFF, votes[first] >> 32
    ranks = count << 32 | 0xFFFFFFFF - label  # of equal counts the smallest label is the greatest
    best: Labels = np.maximum.reduceat(ranks, np.flatnonzero(np.diff(place, prepend=-1)))
    return 0xFFFFFFFF - (best & 0xFFFFFFFF)


def _edges_of(graph: NeighbourGraph, nodes: Integers) -> tuple[Integers, Nodes]:
    """The edges that begin at `nodes`: int64 and int32 [edges], where they begin and end."""
    count = graph.start[nodes + 1] - graph.start[nodes]
    first = np.cumsum(count) - count
    places = np.arange(int(count.sum())) + np.repeat(graph.start[nodes] - first, count)
    return np.repeat(nodes, count), graph.neighbour[places]
