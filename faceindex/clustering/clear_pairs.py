"""Clusters that are clearly nearer to each other than to any other become one, if average linkage lets them.

Average linkage merges only clusters with two faces within the threshold. A face that is beyond it from every face of a
person, but near them on average, is merged here: when each of the two clusters is the other's nearest, and all others
are further by a clear margin. Such a margin tells a match from a stranger that happens to be near (Lowe 2004, the ratio
test), and it follows from the library's own faces: in a crowd, as among small children, nothing is clear.

B-cubed F of linkage without and with it, `sface-dlib`: half "a" of the people of lfw-dev, on which CLEARLY was chosen
(0.92 to 0.95 give the same), 0.9957 and 0.9965; half "b" 0.9894 and 0.9909; adults of LAG 0.9762 and 0.9782, children
0.8702 and 0.8711; KinFaceW-II, where every album is wrong, 69 albums both ways. No set has more albums of two people.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from faceindex.clustering.centres import Centres, centres_of
from faceindex.clustering.graph import Flags, Integers
from faceindex.clustering.linkage import GROWTH
from faceindex.clustering.problem import Problem
from faceindex.clustering.rules import SHARED_PHOTOS, Rules
from faceindex.types import Labels

CLEARLY = 0.92
"""Share of the distance to the next cluster, in units of linkage's limit, up to which the nearest one is clearly so."""

_BLOCK = 512
"""Clusters compared with all at a time."""

Costs = npt.NDArray[np.float32]


def with_clear_pairs(problem: Problem, labels: Labels, left_out: Flags) -> Labels:
    """`labels`, int64 [n], with the clusters merged that are clearly each other's nearest; the rules hold.

    A row whose label no other has is a cluster; one with -1, DBSCAN's noise, is none. left_out: bool [n], rows that no
    cluster's mean is over, and that merge with nothing.
    """
    found = labels.copy()
    rows = np.flatnonzero(~left_out & (labels >= 0))
    names, owner = np.unique(labels[rows], return_inverse=True)
    if len(names) < 2:
        return labels
    excess = None if problem.excess is None else problem.excess[rows]
    left, right = _clear_pairs(centres_of(problem.vectors[rows], owner, spreads=excess), problem.threshold**2)
    for one, other in zip(names[left].tolist(), names[right].tolist(), strict=True):
        members = labels == other
        if _may_merge(problem.rules, labels == one, members):
            found[members] = one
    return found


def _may_merge(rules: Rules, one: Flags, other: Flags) -> bool:
    """Whether the rows in `one` and those in `other`, bool [n] each, may be one cluster; see `SHARED_PHOTOS`."""
    few, many = sorted((one, other), key=np.count_nonzero)
    few_groups, many_groups = np.unique(rules.group[few]), np.unique(rules.group[many])
    if rules.named[few_groups].any() and rules.named[many_groups].any():
        return False
    links = np.concatenate([np.arange(rules.start[group], rules.start[group + 1]) for group in few_groups])
    shared = rules.weight[links][np.isin(rules.mate[links], many_groups)].sum()
    return bool(shared <= SHARED_PHOTOS * np.count_nonzero(few))


def _clear_pairs(clusters: Centres, limit: float) -> tuple[Integers, Integers]:
    """Pairs of clusters, left < right, cheapest first, which are each other's nearest up to `limit`, and clearly so.

    limit: squared, in units of linkage's, see `faceindex.clustering.linkage.GROWTH`. No cluster is in two pairs.
    """
    nearest, cost, next_cost = _two_nearest(clusters)
    one = np.arange(len(nearest))
    clear = (nearest[nearest] == one) & (one < nearest) & (cost <= limit)
    clear &= cost <= CLEARLY**2 * np.minimum(next_cost, next_cost[nearest])
    left = np.flatnonzero(clear)
    left = left[np.argsort(cost[left], kind="stable")]
    return left, nearest[left]


def _two_nearest(clusters: Centres) -> tuple[Integers, Costs, Costs]:
    """The cluster that is cheapest to merge with each one, int64 [c], and what it and the next one cost."""
    count = len(clusters.faces)
    places = (clusters.places - clusters.places.mean(axis=0)).astype(np.float32)
    faces = clusters.faces.astype(np.float32)
    own = (np.square(places).sum(axis=1) + clusters.spreads).astype(np.float32)
    nearest = np.empty(count, dtype=np.int64)
    cost, next_cost = np.empty(count, dtype=np.float32), np.empty(count, dtype=np.float32)
    for begin in range(0, count, _BLOCK):
        part = slice(begin, min(begin + _BLOCK, count))
        row = np.arange(part.stop - begin)
        costs = own[part, None] + own - 2 * (places[part] @ places.T)
        costs /= 1 + GROWTH * (1 - 2 / (faces[part, None] + faces))
        costs[row, row + begin] = np.inf
        nearest[part] = costs.argmin(axis=1)
        cost[part] = costs[row, nearest[part]]
        costs[row, nearest[part]] = np.inf
        next_cost[part] = costs.min(axis=1)
    return nearest, cost, next_cost
