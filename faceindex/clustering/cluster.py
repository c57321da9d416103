"""Cluster faces by a named method, the same way whatever order they come in."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import numpy as np

from faceindex.clustering.blocks import Elsewhere
from faceindex.clustering.clear_pairs import with_clear_pairs
from faceindex.clustering.constraints import Constraints, unconstrained
from faceindex.clustering.crowding import Excess, excess_of, uncrowded
from faceindex.clustering.dbscan import dbscan
from faceindex.clustering.graph import Flags, NeighbourGraph
from faceindex.clustering.linkage import agglomerate, linkage
from faceindex.clustering.methods import DEFAULT_METHOD
from faceindex.clustering.modest_quality import modest_last as modest_faces_last
from faceindex.clustering.neighbours import COMPLETE, neighbour_graph, steps_of
from faceindex.clustering.problem import Method, Problem
from faceindex.clustering.quality_gate import gated, is_low
from faceindex.clustering.rules import Rules, rules_of
from faceindex.clustering.whispers import whispers
from faceindex.running.meter import Meter
from faceindex.types import Labels, Qualities, Vectors

_METHODS: Mapping[str, Method] = {"linkage": linkage, "whispers": whispers, "dbscan": dbscan}

MODEST_LAST = ("whispers", "dbscan")
"""Methods that may set faces of modest quality aside first. A mean over all faces hardly minds them: a first version of
linkage had 0.9662 on lfw-dev with recipe `dlib` as it is and 0.9667 with modest faces last."""

ALIKE = 0.65
"""Share of the threshold up to which two faces of one photo are taken for one face that is there twice. Measured in
collages of a face, its mirror image and a copy of half the size, of 20 people: at most 0.33 of the threshold with
recipe `dlib`, 0.60 with `sface`. The nearest two faces of one photo in the sets "groups" and "album": 0.80
and 0.87."""

MODEST_QUALITY = 0.85
"""Quality below which a face takes no part in making clusters where a recipe's card says `poor_last`. Chosen on half
"a" of the people of lfw-dev with recipe `dlib` (0.80, 0.83, 0.85 ... 0.90 tried), where it is a tenth of the faces.
B-cubed F of whispers at 0.46, mean of 8 seeds: half "a" 0.9643 without and 0.9659 with, half "b" 0.9674 and 0.9686, all
people 0.9570 and 0.9590; from 0.88 on it loses. Recipe `sface` gains nothing (0.9879 for half "b" both ways),
`dlib-raw` loses (0.9493 and 0.9481)."""

_COLUMNS = 16  # reordered at a time


def cluster(
    vectors: Vectors,
    *,
    method: str = DEFAULT_METHOD,
    threshold: float,
    seed: int = 0,
    qualities: Qualities | None = None,
    modest_last: bool = False,
    constraints: Constraints | None = None,
    usual: float = 0.0,
    threads: int = 1,
    meter: Meter | None = None,
    in_place: bool = False,
    elsewhere: Elsewhere | None = None,
) -> Labels:
    """Labels int64 [n], 0 for the largest cluster and rising; a face alone has -1.

    vectors: float32 [n, d]. threshold: Euclidean, up to which two faces are neighbours. The same
    vectors and seed give the same clusters in any order of the rows. qualities: faces of low quality join a cluster
    after all are made, see `faceindex.clustering.quality_gate`; None or NaN: no face, or not this one.
    modest_last: let the methods in MODEST_LAST set faces below MODEST_QUALITY aside, too. constraints: what the user
    said, which every method obeys. usual: strangers that a face usually has within the threshold among so many faces.
    threads: that look for neighbours and measure. meter: hears of the progress. in_place: vectors may be in another
    order afterwards; of a million that saves half a gigabyte. elsewhere: where neighbours are looked for, if not here.
    Raises: ValueError for another method; JobCancelled.
    """
    if method not in _METHODS:
        raise ValueError(f"no clustering method is called {method}")
    known = unconstrained(len(vectors)) if constraints is None else constraints
    order = _canonical_order(vectors, known, qualities)
    vectors, known = _reordered(vectors, order) if in_place else vectors[order], known.reordered(order)
    meter = meter or Meter()
    meter.stage("comparing", steps_of(len(vectors)))
    graph = neighbour_graph(vectors, threshold, workers=threads, meter=meter, elsewhere=elsewhere)
    meter.stage("grouping")
    rules = rules_of(known, vectors, ALIKE * threshold)
    excess = _excess(vectors, graph, rules, threshold, usual, threads)
    graph = uncrowded(graph, threshold, excess)
    problem = Problem(vectors, graph, rules, threshold, seed, meter.stop, excess, threads, in_place=True)
    grouped = _METHODS[method]
    if qualities is not None and modest_last and method in MODEST_LAST:
        grouped = partial(modest_faces_last, modest=qualities[order] < MODEST_QUALITY, method=grouped)
    low = np.zeros(len(vectors), dtype=np.bool_) if qualities is None else is_low(qualities[order])
    if len(vectors) <= COMPLETE:
        grouped = partial(_with_clear_pairs, method=grouped, left_out=low)
    labels = np.empty(len(vectors), dtype=np.int64)
    labels[order] = gated(problem, low, grouped)
    return by_size(labels)


def _excess(
    vectors: Vectors, graph: NeighbourGraph, rules: Rules, threshold: float, usual: float, threads: int
) -> Excess:
    if len(vectors) <= COMPLETE:
        return excess_of(graph, threshold, rules.group)
    fragments = partial(agglomerate, vectors, graph, rules, threads=threads, in_place=True)
    return excess_of(graph, threshold, rules.group, usual=usual, fragments=fragments)


def _with_clear_pairs(problem: Problem, method: Method, left_out: Flags) -> Labels:
    return with_clear_pairs(problem, method(problem), left_out)


def _canonical_order(vectors: Vectors, known: Constraints, qualities: Qualities | None) -> np.ndarray:
    """An order of the rows that depends on their contents alone: that of their bytes, then of what is known of them."""
    rows = np.ascontiguousarray(vectors, dtype=np.float32)
    order = np.lexsort((known.photo, known.person, np.zeros(len(rows)) if qualities is None else qualities))
    return order[np.argsort(rows[order].view(f"V{rows.strides[0]}").ravel(), kind="stable")]


def _reordered(vectors: Vectors, order: np.ndarray) -> Vectors:
    """`vectors` in this order: themselves, some columns at a time, so that no copy of all is needed."""
    for begin in range(0, vectors.shape[1], _COLUMNS):
        columns = slice(begin, begin + _COLUMNS)
        vectors[:, columns] = vectors[order, columns]
    return vectors


def by_size(labels: Labels) -> Labels:
    """Renumber: 0 for the largest cluster, equals by first member; clusters of one become -1."""
    values, first, places, sizes = np.unique(labels, return_index=True, return_inverse=True, return_counts=True)
    alone = (sizes < 2) | (values < 0)
    rank = np.lexsort((first, -sizes, alone))
    numbers = np.empty(len(values), dtype=np.int64)
    numbers[rank] = np.arange(len(values))
    numbers[alone] = -1
    return numbers[places]
