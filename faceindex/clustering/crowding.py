"""How crowded the neighbourhood of each face is, and how much nearer faces have to be there to be one person's.

A network knows some groups of people badly, small children above all: each of their faces has many strangers within the
threshold, at which other people's faces have none. There a distance says little, and clusters that merge by it become
an album of everybody's children. So a face is given an excess that is added to its squared distances: one for which the
CROWD-th stranger is met at distance r has neighbours up to KEPT times r only, if they are as crowded as it is.

Strangers are told from faces of the same person before anything is clustered: what is connected by distances below
STRICT times the threshold is one fragment of a person, and each other fragment is met once, at its nearest face. CROWD
is more than the fragments that a person falls into.

STRICT, CROWD and KEPT were chosen on half of the people of lfw-dev and of the children of the LAG set (folders a to m)
with recipes `sface` and a fused one, and confirmed on the other half. Linkage, without and with them, B-cubed F and how
many people are in the album of most: `sface`, 1,396 photos of 650 children 0.751 and 98 people, then 0.876 and 3; the
adults with them 0.689 and 113, 0.715 and 3; halves of lfw-dev 0.9966 and 0.9891 both ways. Fused: children 0.779 and
99, 0.871 and 4. `dlib`, lfw-dev: 0.9672 and 11, 0.9693 and 6. Fragments of 0.80 to 0.88 of the threshold, the third
to fifth stranger, and 0.80 to 0.85 of the distance differ by less than 0.01 among children.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from faceindex.clustering.components import components
from faceindex.clustering.graph import Integers, Lengths, NeighbourGraph, Nodes, thinned
from faceindex.types import Labels
from faceindex.vectors.kernels import kernel

STRICT = 0.85
"""Share of the threshold within which faces are taken for one person's, whoever else is near."""

CROWD = 4
"""Which of the strangers, counted from the nearest, tells how crowded a neighbourhood is."""

KEPT = 0.8
"""Share of the distance to that stranger up to which faces may be one person's."""

Excess = npt.NDArray[np.float32]


def excess_of(graph: NeighbourGraph, threshold: float, group: Integers) -> Excess:
    """What is added to squared distances of each face, float32 [n], 0 or more: to those of two faces, the sum of both.

    threshold: Euclidean, that of the graph. group: int64 [n], rows of one group are one person's.
    """
    crowded = np.diff(graph.start) >= CROWD
    if not crowded.any():
        return np.zeros(graph.size, dtype=np.float32)
    reach = _reach(graph.start, graph.neighbour, graph.distance, _fragments(graph, STRICT * threshold, group))
    return np.maximum(0, (threshold**2 - np.square(KEPT * reach)) / 2).astype(np.float32)


def uncrowded(graph: NeighbourGraph, threshold: float, excess: Excess) -> NeighbourGraph:
    """The graph less the edges that are beyond the threshold with the excess, float32 [n], of both ends."""
    if not excess.any():
        return graph
    squares = np.square(graph.distance) + excess[graph.rows()] + excess[graph.neighbour]
    return thinned(graph, squares <= threshold**2)


def _fragments(graph: NeighbourGraph, limit: float, group: Integers) -> Labels:
    """int64 [n]: rows that are connected by edges up to `limit`, or by their groups, have one number."""
    rows = graph.rows()
    near = (graph.distance <= limit) & (graph.neighbour > rows)
    left, right = rows[near], graph.neighbour[near]
    first = np.empty(int(group.max()) + 1, dtype=np.int32)
    first[group[::-1]] = np.arange(graph.size, dtype=np.int32)[::-1]
    bound = np.flatnonzero(first[group] != np.arange(graph.size))
    return components(np.concatenate([left, bound]), np.concatenate([right, first[group[bound]]]), graph.size)


@kernel(lambda start, neighbour, *_: CROWD * len(neighbour))
def _reach(start: Integers, neighbour: Nodes, distance: Lengths, fragment: Labels) -> npt.NDArray[np.float64]:
    """float64 [n]: how far the CROWD-th nearest other fragment is from each row; infinite where fewer are near."""
    reach = np.full(len(start) - 1, np.inf)
    nearest, which = np.empty(CROWD), np.empty(CROWD, dtype=np.int64)
    for row in range(len(start) - 1):
        nearest[:] = np.inf
        which[:] = -1
        for edge in range(start[row], start[row + 1]):
            other, away = fragment[neighbour[edge]], distance[edge]
            if other == fragment[row] or away >= nearest[-1]:
                continue
            place = CROWD - 1
            for known in range(CROWD):
                if which[known] == other:
                    place = known
            if away >= nearest[place]:
                continue
            while place > 0 and nearest[place - 1] > away:
                nearest[place], which[place] = nearest[place - 1], which[place - 1]
                place -= 1
            nearest[place], which[place] = away, other
        reach[row] = nearest[-1]
    return reach
