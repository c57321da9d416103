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

A graph of more than COMPLETE faces has the nearest neighbours of each alone, so that whoever has hundreds of photos
falls into many stars: there fragments are the clusters that average linkage makes within STRICT times the threshold.
And the number of strangers within the threshold grows with the library: CROWD grows with what a face usually has of
them. The children and adults of LAG with up to 57,000 photos of a made family, `sface-dlib`: F of the children 0.818
among 9,900 photos and among 60,000, without crowds 0.715; at most 4 in an album, without 96; F of the family 0.996 both
ways. 100,000 drawn faces, recipe `dlib`: 0.905, without 0.909; with CROWD and stars as they are for fewer faces 0.793.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from faceindex.clustering.components import components
from faceindex.clustering.graph import Integers, NeighbourGraph, thinned
from faceindex.types import Labels

STRICT = 0.92
"""Share of the threshold that a fragment reaches from the face in its middle."""

CROWD = 4
"""Which of the strangers, counted from the nearest, tells how crowded a neighbourhood is."""

OWN = 10
"""Neighbours in a face's own fragment for each of which one more stranger must be near: whoever has hundreds of photos
has some that fit to few of the others."""

KEPT = 0.75
"""Share of the distance to that stranger up to which faces may be one person's."""

_EDGES = 1 << 21  # looked at together

Excess = npt.NDArray[np.float32]
Fragments = Callable[[float], Labels]
"""The fragments of all faces, int64 [n], that reach this distance."""


def excess_of(
    graph: NeighbourGraph, threshold: float, group: Integers, *, usual: float = 0.0, fragments: Fragments | None = None
) -> Excess:
    """What is added to squared distances of each face, float32 [n], 0 or more: to those of two faces, the sum of both.

    threshold: Euclidean, that of the graph. group: int64 [n], rows of one group are one person's. usual: strangers that
    a face usually has within the threshold. fragments: makes them, default stars.
    """
    crowd = crowd_among(usual)
    if not (np.diff(graph.start) >= crowd).any():
        return np.zeros(graph.size, dtype=np.float32)
    limit = STRICT * threshold
    reach = _reach(graph, _fragments(graph, limit, group) if fragments is None else fragments(limit), crowd)
    return np.maximum(0, (threshold**2 - np.square(KEPT * reach)) / 2).astype(np.float32)


def crowd_among(usual: float) -> int:
    """CROWD where a face usually has so many strangers within the threshold.

    The root of a number with Poisson's law has the standard deviation 1/2, whatever its mean: the same number of these
    above the mean is as rare everywhere.
    """
    return int((math.sqrt(CROWD) + math.sqrt(usual)) ** 2)


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
    fragment = _stars(graph, order, limit)
    if int(group.max()) + 1 == graph.size:
        return fragment
    first = np.empty(graph.size, dtype=np.int64)
    first[group[::-1]] = np.arange(graph.size)[::-1]
    own = np.arange(graph.size)
    return components(np.concatenate([own, own]), np.concatenate([fragment, first[group]]), graph.size)


def _stars(graph: NeighbourGraph, order: Integers, limit: float) -> Labels:
    """int64 [n]: in this order each face that is in no star yet takes in all its neighbours that are in none."""
    star = np.full(graph.size, -1, dtype=np.int64)
    near = thinned(graph, graph.distance <= np.float32(limit))
    for row in order.tolist():
        if star[row] < 0:
            star[row] = row
            around = near.neighbour[near.start[row] : near.start[row + 1]]
            star[around[star[around] < 0]] = row
    return star


def _reach(graph: NeighbourGraph, fragment: Labels, crowd: int) -> npt.NDArray[np.float64]:
    """float64 [n]: how far the `crowd`-th nearest other fragment is from each row; infinite where too few are near."""
    reach = np.full(graph.size, np.inf)
    begins = np.searchsorted(graph.start[:-1], np.arange(0, int(graph.start[-1]), _EDGES))
    for begin, end in pairwise(np.unique(np.append(begins, graph.size))):
        reach[begin:end] = _reach_of(graph, begin, end, fragment, crowd)
    return reach


def _reach_of(graph: NeighbourGraph, begin: int, end: int, fragment: Labels, crowd: int) -> npt.NDArray[np.float64]:
    """That of the rows from `begin` to `end`."""
    edges = slice(int(graph.start[begin]), int(graph.start[end]))
    row = np.repeat(np.arange(end - begin), np.diff(graph.start[begin : end + 1]))
    other, distance = fragment[graph.neighbour[edges]], graph.distance[edges]
    inside = other == fragment[begin + row]
    own = np.bincount(row[inside], minlength=end - begin)
    row, other, distance = row[~inside], other[~inside], distance[~inside]
    nearest_first = np.lexsort((distance, other, row))
    row, other, distance = row[nearest_first], other[nearest_first], distance[nearest_first]
    met = np.flatnonzero((np.diff(row, prepend=-1) != 0) | (np.diff(other, prepend=-1) != 0))
    row, distance = row[met], distance[met]
    nearest_first = np.lexsort((distance, row))
    count = np.bincount(row, minlength=end - begin)
    reach = np.full(end - begin, np.inf)
    enough = np.flatnonzero(count >= crowd + own // OWN)
    reach[enough] = distance[nearest_first][np.cumsum(count)[enough] - count[enough] + crowd - 1]
    return reach
