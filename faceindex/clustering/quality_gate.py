"""The gate before albums: a face of low quality neither begins a cluster nor stands between two.

Blurred, tiny, dark or half-hidden faces resemble each other whoever they are. So clusters are made of the other faces;
each of low quality then joins the cluster that it is nearest to on average, if that is near enough, or stays alone.
What people said is stronger: a face that has a name, or that somebody put with another one, is not kept out.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from faceindex.clustering.centres import centres_of
from faceindex.clustering.graph import Flags
from faceindex.clustering.linkage import GROWTH
from faceindex.clustering.problem import Method, Problem
from faceindex.clustering.rules import Rules
from faceindex.types import Labels, Qualities

LOW_QUALITY = 0.5
"""Quality below which a face does not begin a cluster, nor is asked about while it is alone."""


def is_low(qualities: Qualities) -> Flags:
    """bool [n], which of the faces are of low quality. qualities: float64 [n]; NaN is unknown, and not low."""
    return np.asarray(qualities < LOW_QUALITY)


def gated(
    problem: Problem,
    low: Flags,
    method: Method,
    *,
    sizes: npt.NDArray[np.int64] | None = None,
    spreads: npt.NDArray[np.float32] | None = None,
) -> Labels:
    """Labels int64 [n] by `method`, of the faces that are not in `low`, bool [n]; each of those joins one or has -1.

    sizes, spreads: as of `joined_by_low`.
    """
    low = low & _unbound(problem.rules)
    if not low.any():
        return method(problem)
    labels = method(problem.without(low))
    return joined_by_low(problem, np.where(low, -1, labels), low, sizes=sizes, spreads=spreads)


def joined_by_low(
    problem: Problem,
    labels: Labels,
    low: Flags,
    *,
    sizes: npt.NDArray[np.int64] | None = None,
    spreads: npt.NDArray[np.float32] | None = None,
) -> Labels:
    """`labels`, int64 [n], where rows in `low`, bool [n], which have -1, may have joined a cluster.

    A cluster can be joined that has two faces or a person with a name. Of those with a neighbour in the graph a row
    joins the nearest, by root mean square distance, within the limit of average linkage and as far as the rules allow.
    sizes, spreads: int64 [n] and float32 [n], faces that each row stands for and their mean squared distance from it,
    by default 1 and what `problem.excess` is.
    """
    sizes = np.ones(len(labels), dtype=np.int64) if sizes is None else sizes
    spreads = problem.excess if spreads is None else spreads
    spreads = np.zeros(len(labels), dtype=np.float32) if spreads is None else spreads
    row, label = _candidates(problem, labels, low, sizes)
    if not len(row):
        return labels
    places, place = np.unique(label, return_inverse=True)
    inside = np.flatnonzero(np.isin(labels, places))
    owner = np.searchsorted(places, labels[inside])
    clusters = centres_of(problem.vectors[inside], owner, sizes=sizes[inside], spreads=spreads[inside])
    square = np.square(problem.vectors[row] - clusters.places[place]).sum(axis=1)
    square += clusters.spreads[place] + spreads[row]
    square /= 1 + GROWTH * (1 - 2 / (clusters.faces[place] + 1))
    near = np.flatnonzero(square <= problem.threshold**2)
    near = near[np.lexsort((label[near], row[near], square[near]))]
    return _assigned(problem.rules, labels, row[near], label[near])


def _unbound(rules: Rules) -> Flags:
    """bool [n]: rows that are nobody's and bound to no other."""
    free: Flags = (np.bincount(rules.group, minlength=rules.groups) == 1) & ~rules.named
    return np.asarray(free[rules.group])


def _candidates(
    problem: Problem, labels: Labels, low: Flags, sizes: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.int64], Labels]:
    """Pairs of a row in `low` and a cluster that has a neighbour of it and can be joined: int64 [pairs] each."""
    graph, named = problem.graph, problem.rules.named[problem.rules.group]
    inside = labels >= 0
    faces = np.bincount(labels[inside], weights=sizes[inside])
    joinable = faces > 1
    joinable[labels[inside & named]] = True
    edges = np.flatnonzero(low[graph.rows()] & inside[graph.neighbour])
    row, label = graph.rows()[edges].astype(np.int64), labels[graph.neighbour[edges]]
    pairs = np.unique(np.column_stack([row, label])[joinable[label]], axis=0)
    return pairs[:, 0], pairs[:, 1]


def _assigned(rules: Rules, labels: Labels, rows: npt.NDArray[np.int64], wanted: Labels) -> Labels:
    """`labels` after each of `rows` in turn, which may come up again, took the one that it wants, unless it has one or
    a face that it is kept from is there."""
    taken = labels.copy()
    of_group = np.full(rules.groups, -1, dtype=np.int64)
    of_group[rules.group] = labels
    for row, label in zip(rows.tolist(), wanted.tolist(), strict=True):
        group = rules.group[row]
        mates = rules.mate[rules.start[group] : rules.start[group + 1]]
        if taken[row] < 0 and not (of_group[mates] == label).any():
            taken[row] = of_group[group] = label
    return taken
