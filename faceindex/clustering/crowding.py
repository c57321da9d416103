"""How crowded the neighbourhood of each face is, and how much nearer faces have to be there to be one person's.

A network knows some groups of people badly, small children above all: each of their faces has many strangers within the
threshold, at which other people's faces have none. There a distance says little, and clusters that merge by it become
an album of everybody's children. So a face is given an excess that is added to its squared distances: one for which the
CROWD-th stranger is met at distance r has neighbours up to KEPT times r only, if they are as crowded as it is.

Strangers are told from faces of the same person before anything is clustered: faces fall into fragments around those
with the most neighbours within STRICT times the threshold (the star clusters of Aslam, Pelekhov and Rus 2004), so that
no chain of strangers is one. Each other fragment is met once, at its nearest face. CROWD is more than the fragments
that a person falls into.

Linkage, without and with it, B-cubed F and how many people are in the album with most of them: 1,396 photos of 727
children of the LAG set (folders a to m), `sface` 0.751 and 98, then 0.872 and 3; `sface-dlib` 0.779 and 99, then 0.870
and 4. lfw-dev: `sface` 0.9920 and `sface-dlib` 0.9925 both ways, `dlib` 0.9672 and 11, then 0.9687 and 7 (half "b"
loses: 0.9727, then 0.9710).

The constants were chosen among some sixty settings with the figures of all these people in view, of both halves, and of
photos of G20 meetings, whose people are seen from all sides: so these figures are a little too good. Sets that no
setting was chosen by: 1,398 photos of adults of LAG and 999 parents of KinFaceW-II, the same both ways; all sets in one
library, 8,587 photos, `sface-dlib` 0.881 and 164, then 0.905 and 2. Fragments of 0.90 to 0.94 of the threshold and 0.75
to 0.80 of the distance differ by less than 0.015 among children; with 0.85, people of the G20 photos fall apart.

The number of strangers within the threshold grows with the library, and CROWD does not: of 100,000 drawn faces a third
count as crowded, and F falls from 0.917 to 0.849. So libraries of more than LARGEST faces do without.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from faceindex.clustering.components import components
from faceindex.clustering.graph import Integers, Lengths, NeighbourGraph, Nodes, thinned
from faceindex.types import Labels
from faceindex.vectors.kernels import kernel

LARGEST = 10_000
"""Faces of a library up to which crowds are heeded: the largest that was measured with real faces has 8,587."""

STRICT = 0.92
"""Share of the threshold that a fragment reaches from the face in its middle."""

CROWD = 4
"""Which of the strangers, counted from the nearest, tells how crowded a neighbourhood is."""

OWN = 10
"""Neighbours in a face's own fragment for each of which one more stranger must be near: whoever has hundreds of photos
has some that fit to few of the others."""

KEPT = 0.75
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
    """int64 [n]: faces of one fragment have one number, and so have fragments that groups bind to each other."""
    near = np.bincount(graph.rows()[graph.distance <= limit], minlength=graph.size)
    order = np.argsort(-near, kind="stable")
    fragment = _stars(order, graph.start, graph.neighbour, graph.distance, np.float32(limit))
    if int(group.max()) + 1 == graph.size:
        return fragment
    first = np.empty(graph.size, dtype=np.int64)
    first[group[::-1]] = np.arange(graph.size)[::-1]
    own = np.arange(graph.size)
    return components(np.concatenate([own, own]), np.concatenate([fragment, first[group]]), graph.size)


@kernel(lambda order, start, neighbour, *_: len(neighbour))
def _stars(
    order: Integers, start: Integers, neighbour: Nodes, distance: Lengths, limit: np.float32
) -> npt.NDArray[np.int64]:
    """int64 [n]: in this order each face that is in no star yet takes in all its neighbours that are in none."""
    star = np.full(len(order), -1, dtype=np.int64)
    for row in order:
        if star[row] < 0:
            star[row] = row
            for edge in range(start[row], start[row + 1]):
                if distance[edge] <= limit and star[neighbour[edge]] < 0:
                    star[neighbour[edge]] = row
    return star


@kernel(lambda start, neighbour, *_: 2 * len(neighbour))
def _reach(start: Integers, neighbour: Nodes, distance: Lengths, fragment: Labels) -> npt.NDArray[np.float64]:
    """float64 [n]: how far the CROWD-th nearest other fragment is from each row; infinite where too few are near."""
    rows = len(start) - 1
    reach = np.full(rows, np.inf)
    nearest, met = np.full(rows, np.inf), np.empty(rows, dtype=np.int64)
    for row in range(rows):
        count = own = 0
        for edge in range(start[row], start[row + 1]):
            other = fragment[neighbour[edge]]
            if other == fragment[row]:
                own += 1
                continue
            if nearest[other] == np.inf:
                met[count] = other
                count += 1
            nearest[other] = min(nearest[other], distance[edge])
        if count >= CROWD + own // OWN:
            reach[row] = np.sort(nearest[met[:count]])[CROWD - 1]
        nearest[met[:count]] = np.inf
    return reach
