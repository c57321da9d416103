"""Clusters of a method that knows no rules, brought to obey them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from faceindex.clustering.components import components
from faceindex.clustering.graph import thinned
from faceindex.clustering.linkage import agglomerate
from faceindex.clustering.problem import Problem
from faceindex.clustering.rules import Rules
from faceindex.types import Labels


def obeying(problem: Problem, labels: Labels) -> Labels:
    """`labels`, int64 [n], -1 for none, changed no more than the rules demand.

    Clusters that share a group become one. A cluster that holds what must be apart falls into its faces, which then
    merge again along the graph, nearest first, as far as the rules allow.
    """
    rules, graph = problem.rules, problem.graph
    if rules.empty:
        return labels
    of_group = _bound(labels, rules)
    broken = _broken(of_group, rules)[of_group][rules.group]
    labels = of_group[rules.group]
    row = graph.rows()
    within = thinned(graph, broken[row] & (labels[row] == labels[graph.neighbour]))
    parts = agglomerate(problem.vectors, within, rules, np.inf, stop=problem.stop)
    return np.where(broken, len(of_group) + parts, labels)


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
