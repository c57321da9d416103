"""New faces among albums that are there: which album each joins, and nothing else changes.

Albums made anew from all faces would move faces that somebody has looked at already. Here an album is one cluster that
is done: new faces merge with albums and with each other as in `faceindex.clustering.linkage`, albums with albums never.
What new faces make likely, that two albums are one person, is said and left to the user.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from faceindex.clustering.cluster import ALIKE
from faceindex.clustering.constraints import Constraints, Rows, unconstrained
from faceindex.clustering.crowding import Excess, excess_of
from faceindex.clustering.graph import NeighbourGraph, graph_of
from faceindex.clustering.linkage import agglomerate, may_be_one
from faceindex.clustering.neighbours import MOST, neighbour_graph, steps_of
from faceindex.clustering.rules import Rules, rules_of
from faceindex.running.meter import Meter
from faceindex.types import Labels, Vectors
from faceindex.vectors.exact import k_nearest

Neighbours = Callable[[Vectors, float], tuple[Rows, Rows]]
"""Of new faces, float32 [m, d], and a threshold: pairs of a new face and an old one within it, int64 [pairs] each. An
index may leave some out; what it costs should not depend on how many faces there are."""

_ASKED = 4096  # new faces compared at a time, as many as FAISS multiplies at once


@dataclass(frozen=True, slots=True)
class Extension:
    """What becomes of new faces. No face that has an album leaves it.

    labels: int64 [m], for each new face the album it joins, a number that no album had for a new one, or -1 for none.
    woken: int64 [w, 2], old faces without an album that join one with a new face: their rows, and the album. merges:
    int64 [k, 2], pairs of old albums that seem to be one person, now that new faces stand between them.
    """

    labels: Labels
    woken: Rows
    merges: Rows


@dataclass(frozen=True, slots=True)
class _Nodes:
    """What takes part: old albums that new faces are near, old faces without an album, then the new faces.

    albums: int64 [a], numbers. alone: int64 [s], old rows. of_row: int64 [old + new], the node of a row, -1 for none.
    centres: float32 [nodes, d]. sizes: int64 [nodes]. spreads: float32 [nodes].
    """

    albums: Rows
    alone: Rows
    of_row: Rows
    centres: Vectors
    sizes: Rows
    spreads: npt.NDArray[np.float32]


def extend(
    old: Vectors,
    albums: Labels,
    new: Vectors,
    *,
    threshold: float,
    constraints: Constraints | None = None,
    neighbours: Neighbours | None = None,
    threads: int = 1,
    meter: Meter | None = None,
) -> Extension:
    """Decide on new faces: old float32 [n, d] with their albums int64 [n], -1 for none, and new float32 [m, d].

    threshold: as of `cluster`. constraints: on n + m rows, the old ones first; a new face obeys them, while two people
    who are already in one album stay there. neighbours: default a scan of all old faces.
    threads: that look for neighbours. meter: hears of the progress. Raises: JobCancelled.
    """
    known = unconstrained(len(old) + len(new)) if constraints is None else constraints
    meter = meter or Meter()
    meter.stage("comparing", len(new) + steps_of(len(new)))
    beside, row = (neighbours or _scan(old, threads, meter))(new, threshold)
    among = neighbour_graph(new, threshold, workers=threads, meter=meter)
    meter.stage("grouping")
    nodes = _nodes(old, albums, new, np.unique(np.concatenate([row, _bound_to_new(known, len(old))])))
    graph = _node_graph(nodes, among, old, new, beside, row)
    told = _told(known, nodes, albums, old, new, ALIKE * threshold)
    rules = rules_of(told, nodes.centres, ALIKE * threshold)
    nodes = replace(nodes, spreads=nodes.spreads + _node_excess(graph, threshold, rules, len(new)))
    found = agglomerate(
        nodes.centres, graph, rules, threshold, sizes=nodes.sizes, spreads=nodes.spreads, stop=meter.stop
    )
    labels = _numbered(found, nodes.albums, int(albums.max(initial=-1)) + 1)
    singles = labels[len(nodes.albums) : len(nodes.albums) + len(nodes.alone)]
    woken = np.column_stack([nodes.alone, singles])[singles >= 0]
    merges = _merges(nodes, beside, row, known, threshold)
    return Extension(labels[len(labels) - len(new) :], woken, merges)


def _scan(old: Vectors, threads: int, meter: Meter) -> Neighbours:
    def neighbours(new: Vectors, threshold: float) -> tuple[Rows, Rows]:
        if not len(old) or not len(new):
            return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
        found: list[tuple[Rows, Rows]] = []
        for start in range(0, max(1, len(new) - len(new) % _ASKED), _ASKED):
            last = start + 2 * _ASKED > len(new)  # with what is left over: FAISS compares a few in another way
            asked = new[start:] if last else new[start : start + _ASKED]
            squares, rows = k_nearest(asked, old, min(MOST, len(old)), threads=threads)
            beside, place = np.nonzero(squares <= threshold**2)
            found.append((beside + start, rows[beside, place]))
            meter.advance(len(asked))
        beside, near = (np.concatenate(parts) for parts in zip(*found, strict=True))
        return beside, near

    return neighbours


def _node_graph(
    nodes: _Nodes, among: NeighbourGraph, old: Vectors, new: Vectors, beside: Rows, row: Rows
) -> NeighbourGraph:
    """Which nodes have faces that are neighbours, and how far apart the nearest of these are.

    among: the graph of the new faces. beside, row: int64 [pairs], new faces and old rows that are neighbours.
    """
    left, right = among.pairs()
    lengths = [among.distance[among.neighbour > among.rows()]]
    for begin in range(0, len(beside), _ASKED):
        part = slice(begin, begin + _ASKED)
        lengths.append(np.linalg.norm(new[beside[part]] - old[row[part]], axis=1).astype(np.float32))
    length = np.concatenate(lengths)
    nearest_first = np.argsort(length, kind="stable")  # of several edges between two nodes the first remains
    left = nodes.of_row[len(old) + np.concatenate([left, beside])][nearest_first].astype(np.int32)
    right = nodes.of_row[np.concatenate([len(old) + right, row])][nearest_first].astype(np.int32)
    return graph_of(len(nodes.sizes), left, right, length[nearest_first])


def _node_excess(graph: NeighbourGraph, threshold: float, rules: Rules, new: int) -> Excess:
    """float32 [nodes]: `excess_of`, where an album or an old face, of which not all neighbours are known, is as crowded
    as the new faces near it are on average. new: how many of the nodes, the last, are new faces."""
    excess = excess_of(graph, threshold, rules.group)
    neighbours = np.diff(graph.start)
    sums = np.bincount(graph.rows(), weights=excess[graph.neighbour], minlength=graph.size)
    excess[: graph.size - new] = (sums / np.maximum(neighbours, 1))[: graph.size - new]
    return excess


def _bound_to_new(known: Constraints, old: int) -> Rows:
    """Old rows that the constraints mention together with new ones."""
    people = np.unique(known.person[old:])
    named = np.flatnonzero(np.isin(known.person[:old], people[people >= 0]))
    photos = np.unique(known.photo[old:])
    shown = np.flatnonzero(np.isin(known.photo[:old], photos[photos >= 0]))
    pairs = np.concatenate([known.must_link, known.cannot_link])
    mixed = pairs[(pairs >= old).any(axis=1) & (pairs < old).any(axis=1)].ravel()
    return np.concatenate([named, shown, mixed[mixed < old]])


def _nodes(old: Vectors, albums: Labels, new: Vectors, near: Rows) -> _Nodes:
    """near: int64 [r], old rows that new faces are near or bound to."""
    touched = np.unique(albums[near][albums[near] >= 0])
    alone = near[albums[near] < 0]
    inside = np.flatnonzero(np.isin(albums, touched))
    place = np.searchsorted(touched, albums[inside])
    inside, place = inside[np.argsort(place, kind="stable")], np.sort(place)
    sizes = np.bincount(place, minlength=len(touched))
    of_row = np.full(len(old) + len(new), -1, dtype=np.int64)
    of_row[inside] = place
    of_row[alone] = len(touched) + np.arange(len(alone))
    of_row[len(old) :] = len(touched) + len(alone) + np.arange(len(new))
    first = np.cumsum(sizes) - sizes
    members = old[inside].astype(np.float64)
    centres = (np.add.reduceat(members, first) if len(first) else members) / sizes[:, None]
    squares = np.sum((members - centres[place]) ** 2, axis=1)
    spreads = np.bincount(place, weights=squares, minlength=len(touched)) / np.maximum(sizes, 1)
    others = len(alone) + len(new)
    return _Nodes(
        albums=touched,
        alone=alone,
        of_row=of_row,
        centres=np.concatenate([centres, old[alone], new]).astype(np.float32),
        sizes=np.concatenate([sizes, np.ones(others, dtype=np.int64)]),
        spreads=np.concatenate([spreads, np.zeros(others)]).astype(np.float32),
    )


def _told(known: Constraints, nodes: _Nodes, albums: Labels, old: Vectors, new: Vectors, alike: float) -> Constraints:
    """The constraints on nodes. Every album is a person of its own, so that no two of them become one."""
    count = len(nodes.albums)
    person = np.concatenate([np.arange(count), np.full(len(nodes.sizes) - count, -1)])
    home = _homes(known, nodes)
    single = nodes.of_row >= count
    named = np.flatnonzero(single & (known.person >= 0))
    person[nodes.of_row[named]] = [home.get(who, count + who) for who in known.person[named].tolist()]
    photo = np.full(len(nodes.sizes), -1, dtype=np.int64)
    photo[nodes.of_row[single]] = known.photo[single]
    pairs = [_on_nodes(nodes, pairs, count) for pairs in (known.must_link, known.cannot_link)]
    shared = _photos_of_albums(known.photo, nodes, old, new, alike)
    return Constraints(person, pairs[0], np.concatenate([pairs[1], shared]), photo)


def _homes(known: Constraints, nodes: _Nodes) -> dict[int, int]:
    """The album of each person that is most common in one: the one with most of its faces."""
    inside = np.flatnonzero((nodes.of_row >= 0) & (nodes.of_row < len(nodes.albums)) & (known.person >= 0))
    pairs = np.column_stack([nodes.of_row[inside], known.person[inside]])
    found, counts = np.unique(pairs, axis=0, return_counts=True)
    homes: dict[int, int] = {}
    taken: set[int] = set()
    for place in np.argsort(-counts, kind="stable"):
        album, who = found[place].tolist()
        if who not in homes and album not in taken:
            homes[who] = album
            taken.add(album)
    return homes


def _on_nodes(nodes: _Nodes, pairs: Rows, albums: int) -> Rows:
    """Pairs of rows as pairs of nodes: those of nodes that differ, and of which one is not an album."""
    ends: Rows = nodes.of_row[pairs].reshape(-1, 2)
    kept: Rows = ends[(ends >= 0).all(axis=1) & (ends[:, 0] != ends[:, 1]) & (ends >= albums).any(axis=1)]
    return kept


def _photos_of_albums(photo: Rows, nodes: _Nodes, old: Vectors, new: Vectors, alike: float) -> Rows:
    """Pairs of an album and a single face that shares a photo with one of its faces, int64 [k, 2]."""
    albums = len(nodes.albums)
    inside = np.flatnonzero((nodes.of_row >= 0) & (nodes.of_row < albums) & (photo >= 0))
    single = np.flatnonzero((nodes.of_row >= albums) & (photo >= 0))
    inside = inside[np.isin(photo[inside], photo[single])]
    shared = [(one, other) for one in inside for other in single[photo[single] == photo[one]]]
    pairs = np.array(shared, dtype=np.int64).reshape(-1, 2)
    left, right = (_rows_of(old, new, rows) for rows in pairs.T)
    kept: Rows = nodes.of_row[pairs[np.linalg.norm(left - right, axis=1) > alike]]
    return kept


def _rows_of(old: Vectors, new: Vectors, rows: Rows) -> Vectors:
    """Rows of the old vectors followed by the new ones, without making these one array."""
    vectors = np.empty((len(rows), new.shape[1]), dtype=np.float32)
    late = rows >= len(old)
    vectors[~late], vectors[late] = old[rows[~late]], new[rows[late] - len(old)]
    return vectors


def _numbered(found: Labels, albums: Rows, free: int) -> Labels:
    """Labels of nodes as numbers of albums: the first album of a cluster, else from `free` on, -1 for a node alone."""
    _, first, place, sizes = np.unique(found, return_index=True, return_inverse=True, return_counts=True)
    numbers = np.full(len(first), -1, dtype=np.int64)
    old = first < len(albums)
    numbers[old] = albums[first[old]]
    fresh = np.flatnonzero(~old & (sizes > 1))
    numbers[fresh[np.argsort(first[fresh])]] = free + np.arange(len(fresh))
    return numbers[place]


def _merges(nodes: _Nodes, beside: Rows, row: Rows, known: Constraints, threshold: float) -> Rows:
    """Pairs of albums with a new face near both, that would merge if they were not done, and may."""
    album = nodes.of_row[row]
    inside = album < len(nodes.albums)
    links = np.unique(np.column_stack([beside[inside], album[inside]]), axis=0)
    pairs = {
        (one, other)
        for face in np.split(links[:, 1], np.flatnonzero(np.diff(links[:, 0])) + 1)
        for one in face.tolist()
        for other in face.tolist()
        if one < other
    }
    people = _people(known, nodes)
    ends = nodes.of_row[known.cannot_link].reshape(-1, 2)
    forbidden = {(min(pair), max(pair)) for pair in ends.tolist()}
    likely = [
        pair
        for pair in sorted(pairs - forbidden)
        if not (people[pair[0]] and people[pair[1]] and people[pair[0]] != people[pair[1]])
        and may_be_one(*pair, nodes.centres, nodes.sizes, nodes.spreads, threshold)
    ]
    return nodes.albums[np.array(likely, dtype=np.int64).reshape(-1, 2)]


def _people(known: Constraints, nodes: _Nodes) -> list[set[int]]:
    """The people who are in each album, by name."""
    people: list[set[int]] = [set() for _ in nodes.albums]
    inside = np.flatnonzero((nodes.of_row >= 0) & (nodes.of_row < len(nodes.albums)) & (known.person >= 0))
    for album, who in zip(nodes.of_row[inside].tolist(), known.person[inside].tolist(), strict=True):
        people[album].add(who)
    return people
