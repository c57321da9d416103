"""Faces of modest quality, which some methods set aside: no part of making clusters, they join them afterwards.

A blurred or turned face resembles other people's: as a member of the graph it is a bridge between them.
"""

from __future__ import annotations

import numpy as np

from faceindex.clustering.graph import Flags, Integers
from faceindex.clustering.problem import Method, Problem
from faceindex.clustering.rules import Rules
from faceindex.types import Labels


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
    _join(problem, free, ~modest & (labels >= 0), of_group, owner)
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


def _join(problem: Problem, free: Integers, voters: Flags, of_group: Labels, owner: Integers) -> None:
    """Give every group in `free` a label of its neighbours, one after the other.

    voters: bool [n], rows whose labels count; none is in a free group. of_group: int64 [g], the labels, changed in
    place. owner: int64 [labels], the group that is the person there, or -1.
    """
    rules = problem.rules
    one, label = _candidates(problem, free, voters, of_group)
    first = np.flatnonzero(np.diff(one, prepend=-1))
    bound = (rules.named | (np.diff(rules.start) > 0))[one[first]]
    of_group[one[first[~bound]]] = label[first[~bound]]
    end = np.append(first[1:], len(one))
    for start, stop in zip(first[bound].tolist(), end[bound].tolist(), strict=True):
        group = one[start]
        forbidden = set(of_group[rules.mate[rules.start[group] : rules.start[group + 1]]].tolist())
        for candidate in label[start:stop].tolist():
            if candidate in forbidden or (rules.named[group] and owner[candidate] >= 0):
                continue
            of_group[group] = candidate
            if rules.named[group]:
                owner[candidate] = group
            break


def _candidates(problem: Problem, free: Integers, voters: Flags, of_group: Labels) -> tuple[Integers, Labels]:
    """Free groups and the labels that their neighbours have, best first: int64 [candidates] each, by group."""
    graph, group = problem.graph, problem.rules.group
    is_free = np.zeros(problem.rules.groups, dtype=np.bool_)
    is_free[free] = True
    row = graph.rows()
    edges = np.flatnonzero(is_free[group[row]] & voters[graph.neighbour])
    one, label, away = group[row[edges]], of_group[group[graph.neighbour[edges]]], graph.distance[edges]
    by_label = np.lexsort((away, label, one))
    one, label, away = one[by_label], label[by_label], away[by_label]
    first = np.flatnonzero((np.diff(one, prepend=-1) != 0) | (np.diff(label, prepend=-1) != 0))
    votes = np.diff(first, append=len(one))
    one, label, away = one[first], label[first], away[first]
    best_first = np.lexsort((label, away, -votes, one))
    return one[best_first], label[best_first]
