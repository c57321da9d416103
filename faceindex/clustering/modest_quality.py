"""Faces of modest quality, which some methods set aside: no part of making clusters, they join them afterwards.

A blurred or turned face resembles other people's: as a member of the graph it is a bridge between them.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from faceindex.clustering.graph import Flags, Integers, Nodes
from faceindex.clustering.problem import Method, Problem
from faceindex.clustering.rules import Rules
from faceindex.types import Labels
from faceindex.vectors.kernels import kernel


def modest_last(problem: Problem, modest: Flags, method: Method) -> Labels:
    """Labels int64 [n] by `method`: of good faces first, which those in `modest`, bool [n], then join.

    Modest faces with no good neighbour whose cluster they may join are clustered among themselves.
    """
    good = method(problem.without(modest))
    labels = joined(problem, good, modest)
    alone = _all_of_group(modest, problem.rules) & _without_company(labels, problem.rules)
    rest = method(problem.without(~alone))
    return np.where(alone & (rest >= 0), labels.max(initial=-1) + 1 + rest, labels)


def joined(problem: Problem, labels: Labels, modest: Flags) -> Labels:
    """`labels`, int64 [n], with those of the faces in `modest`, bool [n], replaced by the ones their neighbours have.

    A modest face takes the label that most of its neighbours have that are not modest; of equals that of the nearest
    neighbour, then the smallest. Without such a neighbour it keeps its own. Label -1 is none and is not taken, nor is
    one that the rules forbid. What is bound to a good face stays with it.
    """
    rules = problem.rules
    count = int(labels.max(initial=-1)) + 1
    alone = np.flatnonzero(labels < 0)
    given = labels.copy()
    given[alone] = count + np.arange(len(alone))  # none is given twice
    members, first = rules.members()
    of_group = given[members[first[:-1]]]
    owner = np.full(count + len(alone), -1, dtype=np.int64)
    owner[of_group[rules.named]] = np.flatnonzero(rules.named)
    free = np.flatnonzero(_all_of_group(modest, rules)[members[first[:-1]]])
    graph = problem.graph
    edges = (graph.start, graph.neighbour, graph.distance)
    kept = (rules.named, rules.start, rules.mate)
    _join(free, members, first, rules.group, *edges, ~modest & (labels >= 0), *kept, of_group, owner)
    result = of_group[rules.group]
    return np.where(result < count, result, -1)


def _all_of_group(flags: Flags, rules: Rules) -> Flags:
    """bool [n]: whether all rows of a row's group are in `flags`, bool [n]."""
    all_of: Flags = np.bincount(rules.group[~flags], minlength=rules.groups) == 0
    return np.asarray(all_of[rules.group])


def _without_company(labels: Labels, rules: Rules) -> Flags:
    """bool [n]: whether a row's cluster is its group alone, or none."""
    members, first = rules.members()
    of_group = labels[members[first[:-1]]]
    groups = np.bincount(of_group[of_group >= 0], minlength=1)
    return (labels < 0) | (groups[np.maximum(labels, 0)] < 2)


@kernel(lambda free, members, first, group, start, neighbour, *_: 3 * len(neighbour))
def _join(
    free: Integers,
    members: Integers,
    first: Integers,
    group: Integers,
    start: Integers,
    neighbour: Nodes,
    distance: npt.NDArray[np.float32],
    voters: Flags,
    named: Flags,
    mates: Integers,
    mate: Integers,
    labels: Integers,
    owner: Integers,
) -> None:
    """Give every group in `free` a label of its neighbours, one after the other. labels: int64 [g], changed in place.

    voters: bool [n], rows whose labels count. owner: int64 [labels], the group that is the person there, or -1.
    """
    votes = np.zeros(len(owner), dtype=np.int64)
    nearest = np.full(len(owner), np.inf, dtype=np.float32)
    for one in free:
        rows = members[first[one] : first[one + 1]]
        for row in rows:
            for edge in range(start[row], start[row + 1]):
                if voters[neighbour[edge]]:
                    label = labels[group[neighbour[edge]]]
                    votes[label] += 1
                    nearest[label] = min(nearest[label], distance[edge])
        for link in range(mates[one], mates[one + 1]):
            votes[labels[mate[link]]] = 0
        best = -1
        for row in rows:
            for edge in range(start[row], start[row + 1]):
                label = labels[group[neighbour[edge]]]
                if votes[label] == 0 or (named[one] and owner[label] >= 0):
                    continue
                rank = (-votes[label], nearest[label], label)
                if best < 0 or rank < (-votes[best], nearest[best], best):
                    best = label
        for row in rows:
            for edge in range(start[row], start[row + 1]):
                label = labels[group[neighbour[edge]]]
                votes[label], nearest[label] = 0, np.inf
        if best >= 0:
            if named[one]:
                owner[best] = one
            labels[one] = best
