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

from faceindex.clustering.blocks import MOST, Elsewhere
from faceindex.clustering.cluster import ALIKE
from faceindex.clustering.constraints import Constraints, Rows, unconstrained
from faceindex.clustering.linkage import agglomerate, may_be_one
from faceindex.clustering.neighbours import COMPLETE, neighbour_graph, steps_of
from faceindex.clustering.nodes import Nodes, node_excess, node_graph, nodes_of, rows_of
from faceindex.clustering.problem import Problem
from faceindex.clustering.quality_gate import gated, is_low
from faceindex.clustering.rules import rules_of
from faceindex.running.meter import Meter
from faceindex.types import Labels, Qualities, Vectors
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


def extend(
    old: Vectors,
    albums: Labels,
    new: Vectors,
    *,
    threshold: float,
    qualities: Qualities | None = None,
    constraints: Constraints | None = None,
    neighbours: Neighbours | None = None,
    usual: float = 0.0,
    threads: int = 1,
    meter: Meter | None = None,
    elsewhere: Elsewhere | None = None,
) -> Extension:
    """Decide on new faces: old float32 [n, d] with their albums int64 [n], -1 for none, and new float32 [m, d].

    threshold: as of `cluster`. qualities: float64 [n + m], the old ones first; faces of low quality, see
    `faceindex.clustering.quality_gate`, join albums and begin none. constraints: on n + m rows, the old ones first; a
    new face obeys them, while two people who are already in one album stay there. neighbours: default a scan of all
    old faces. usual: as of `cluster`. threads: that look for neighbours. meter: hears of the progress.
    elsewhere: as of `cluster`, for new faces among each other. Raises: JobCancelled.
    """
    known = unconstrained(len(old) + len(new)) if constraints is None else constraints
    meter = meter or Meter()
    meter.stage("comparing", len(new) + steps_of(len(new)))
    new_row, row = (neighbours or _scan(old, threads, meter))(new, threshold)
    among = neighbour_graph(new, threshold, workers=threads, meter=meter, elsewhere=elsewhere)
    meter.stage("grouping")
    nodes = nodes_of(old, albums, new, np.unique(np.concatenate([row, _bound_to_new(known, len(old))])))
    graph = node_graph(nodes, among, old, new, new_row, row)
    low = np.zeros(len(old) + len(new), dtype=np.bool_) if qualities is None else is_low(qualities)
    told = _told(known, nodes, albums, old, new, ALIKE * threshold)
    rules = rules_of(told, nodes.centres, ALIKE * threshold)
    usual = usual if len(old) + len(new) > COMPLETE else 0.0
    nodes = replace(nodes, spreads=nodes.spreads + node_excess(graph, threshold, rules, len(new), usual))
    found = _merged(Problem(nodes.centres, graph, rules, threshold, stop=meter.stop), nodes, low)
    labels = _numbered(found, nodes.albums, int(albums.max(initial=-1)) + 1)
    singles = labels[len(nodes.albums) : len(nodes.albums) + len(nodes.alone)]
    woken = np.column_stack([nodes.alone, singles])[singles >= 0]
    telling = ~low[len(old) + new_row]
    merges = _merges(nodes, new_row[telling], row[telling], known, threshold)
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
            new_row, place = np.nonzero(squares <= threshold**2)
            found.append((new_row + start, rows[new_row, place]))
            meter.advance(len(asked))
        new_row, near = (np.concatenate(parts) for parts in zip(*found, strict=True))
        return new_row, near

    return neighbours


def _bound_to_new(known: Constraints, old: int) -> Rows:
    """Old rows that the constraints mention together with new ones."""
    people = np.unique(known.person[old:])
    named = np.flatnonzero(np.isin(known.person[:old], people[people >= 0]))
    photos = np.unique(known.photo[old:])
    shown = np.flatnonzero(np.isin(known.photo[:old], photos[photos >= 0]))
    pairs = np.concatenate([known.must_link, known.cannot_link])
    mixed = pairs[(pairs >= old).any(axis=1) & (pairs < old).any(axis=1)].ravel()
    return np.concatenate([named, shown, mixed[mixed < old]])


def _merged(problem: Problem, nodes: Nodes, low: npt.NDArray[np.bool_]) -> Labels:
    """The labels of nodes: of all but faces of low quality by average linkage; then these join. low: bool [rows]."""

    def grouped(problem: Problem) -> Labels:
        of_nodes = (problem.vectors, problem.graph, problem.rules, problem.threshold)
        return agglomerate(*of_nodes, sizes=nodes.sizes, spreads=nodes.spreads, stop=problem.stop)

    single = (nodes.of_row >= len(nodes.albums)) & low
    held_back = np.zeros(len(nodes.sizes), dtype=np.bool_)
    held_back[nodes.of_row[single]] = True
    labels = gated(problem, held_back, grouped, sizes=nodes.sizes, spreads=nodes.spreads)
    return np.where(labels < 0, len(labels) + np.arange(len(labels)), labels)


def _told(known: Constraints, nodes: Nodes, albums: Labels, old: Vectors, new: Vectors, alike: float) -> Constraints:
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


def _homes(known: Constraints, nodes: Nodes) -> dict[int, int]:
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


def _on_nodes(nodes: Nodes, pairs: Rows, albums: int) -> Rows:
    """Pairs of rows as pairs of nodes: those of nodes that differ, and of which one is not an album."""
    ends: Rows = nodes.of_row[pairs].reshape(-1, 2)
    kept: Rows = ends[(ends >= 0).all(axis=1) & (ends[:, 0] != ends[:, 1]) & (ends >= albums).any(axis=1)]
    return kept


def _photos_of_albums(photo: Rows, nodes: Nodes, old: Vectors, new: Vectors, alike: float) -> Rows:
    """Pairs of an album and a single face that shares a photo with one of its faces, int64 [k, 2]."""
    albums = len(nodes.albums)
    inside = np.flatnonzero((nodes.of_row >= 0) & (nodes.of_row < albums) & (photo >= 0))
    single = np.flatnonzero((nodes.of_row >= albums) & (photo >= 0))
    inside = inside[np.isin(photo[inside], photo[single])]
    shared = [(one, other) for one in inside for other in single[photo[single] == photo[one]]]
    pairs = np.array(shared, dtype=np.int64).reshape(-1, 2)
    left, right = (rows_of(old, new, rows) for rows in pairs.T)
    kept: Rows = nodes.of_row[pairs[np.linalg.norm(left - right, axis=1) > alike]]
    return kept


def _numbered(found: Labels, albums: Rows, free: int) -> Labels:
    """Labels of nodes as numbers of albums: the first album of a cluster, else from `free` on, -1 for a node alone."""
    _, first, place, sizes = np.unique(found, return_index=True, return_inverse=True, return_counts=True)
    numbers = np.full(len(first), -1, dtype=np.int64)
    old = first < len(albums)
    numbers[old] = albums[first[old]]
    fresh = np.flatnonzero(~old & (sizes > 1))
    numbers[fresh[np.argsort(first[fresh])]] = free + np.arange(len(fresh))
    return numbers[place]


def _merges(nodes: Nodes, new_row: Rows, row: Rows, known: Constraints, threshold: float) -> Rows:
    """Pairs of albums with a new face near both, that would merge if they were not done, and may."""
    album = nodes.of_row[row]
    inside = album < len(nodes.albums)
    links = np.unique(np.column_stack([new_row[inside], album[inside]]), axis=0)
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


def _people(known: Constraints, nodes: Nodes) -> list[set[int]]:
    """The people who are in each album, by name."""
    people: list[set[int]] = [set() for _ in nodes.albums]
    inside = np.flatnonzero((nodes.of_row >= 0) & (nodes.of_row < len(nodes.albums)) & (known.person >= 0))
    for album, who in zip(nodes.of_row[inside].tolist(), known.person[inside].tolist(), strict=True):
        people[album].add(who)
    return people
