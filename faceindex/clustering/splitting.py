"""Clusters of a method that follows the graph alone, brought to obey the rules and to hold together.

Chinese whispers and DBSCAN look at neighbours only: a chain of lookalikes, small children above all, becomes one
cluster whose ends are strangers. Albums with most of 727 children of the LAG set, `sface-dlib`: 4 whispers, 7 DBSCAN;
both 4 since loose clusters are split, with B-cubed F 0.870 and 0.807 before, 0.872 and 0.810 after.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from faceindex.clustering.centres import centres_of
from faceindex.clustering.components import components
from faceindex.clustering.graph import Flags, thinned
from faceindex.clustering.linkage import linkage
from faceindex.clustering.problem import Method, Problem
from faceindex.clustering.rules import Rules
from faceindex.types import Labels


def obeying(problem: Problem, labels: Labels) -> Labels:
    """`labels`, int64 [n], -1 for none, changed no more than the rules and the threshold demand.

    Clusters that share a group become one. A cluster that holds what must be apart falls into its faces, which then
    merge again along the graph, nearest first, as far as the rules allow. A cluster whose faces are on average further
    apart than the threshold, with the excess of a crowd, becomes those that average linkage makes of it.
    """
    labels = _following_rules(problem, labels)
    return _split(problem, labels, _is_loose(problem, labels), linkage)


def _following_rules(problem: Problem, labels: Labels) -> Labels:
    rules = problem.rules
    if rules.empty:
        return labels
    of_group = _bound(labels, rules)
    found = of_group[rules.group]
    noise = (labels < 0) & (np.bincount(found)[found] == 1) & ~rules.named[rules.group]
    labels = np.where(noise, -1, found)
    broken = _broken(of_group, rules)[labels] & ~noise
    return _split(problem, labels, broken, lambda part: linkage(replace(part, threshold=np.inf, excess=None)))


def _split(problem: Problem, labels: Labels, which: Flags, method: Method) -> Labels:
    """`labels` where the clusters in `which`, bool [n], are those that `method` makes within each."""
    if not which.any():
        return labels
    row = problem.graph.rows()
    within = thinned(problem.graph, which[row] & (labels[row] == labels[problem.graph.neighbour]))
    return np.where(which, labels.max() + 1 + method(replace(problem, graph=within)), labels)


def _is_loose(problem: Problem, labels: Labels) -> Flags:
    """bool [n]: rows of clusters in which two faces are beyond the threshold, by the root mean square of all pairs."""
    inside = np.flatnonzero(labels >= 0)
    owner = np.unique(labels[inside], return_inverse=True)[1]
    clusters = centres_of(problem.vectors[inside], owner)
    square = 2 * clusters.spreads * clusters.faces / np.maximum(clusters.faces - 1, 1)
    if problem.excess is not None:
        square += 2 * np.bincount(owner, weights=problem.excess[inside]) / clusters.faces
    loose = np.zeros(len(labels), dtype=np.bool_)
    loose[inside] = ((square > problem.threshold**2) & (clusters.faces > 1))[owner]
    return loose


def _bound(labels: Labels, rules: Rules) -> Labels:
    """int64 [g]: a label for each group, the same for groups that are bound by a cluster; at most g labels."""
    clusters = int(labels.max(initial=-1)) + 1
    inside = labels >= 0
    component = components(rules.group[inside], rules.groups + labels[inside], rules.groups + clusters)
    return np.unique(component[: rules.groups], return_inverse=True)[1].astype(np.int64)


def _broken(of_group: Labels, rules: Rules) -> npt.NDArray[np.bool_]:
    """bool [labels]: which clusters hold two people, or two groups that are kept from each other."""
    count = len(of_group)
    broken = np.bincount(of_group[rules.named], minlength=count) > 1
    one = np.repeat(of_group, np.diff(rules.start))
    broken[one[one == of_group[rules.mate]]] = True
    return broken
