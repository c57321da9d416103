"""Cluster faces by a named method, the same way whatever order they come in."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from faceindex.clustering.graph import NeighbourGraph, neighbour_graph
from faceindex.clustering.poor import poor_last
from faceindex.clustering.whispers import chinese_whispers
from faceindex.types import Labels, Qualities, Vectors

METHODS = ("whispers", "dbscan")


POOR_QUALITY = 0.85
"""Quality below which a face takes no part in making clusters. Chosen on half "a" of the people of lfw-dev with recipe
`dlib` (0.80, 0.83, 0.85 ... 0.90 tried), where it is a tenth of the faces. B-cubed F of whispers at 0.46, mean of 8
seeds: half "a" 0.9643 without and 0.9659 with, half "b" 0.9674 and 0.9686, all people 0.9570 and 0.9590; from 0.88 on
it loses. Recipe `sface` gains nothing (0.9879 for half "b" both ways), `dlib-raw` loses (0.9493 and 0.9481)."""


def cluster(
    vectors: Vectors, *, method: str, threshold: float, seed: int = 0, qualities: Qualities | None = None
) -> Labels:
    """Labels int64 [n], 0 for the largest cluster and rising; a face alone has -1.

    vectors: float32 [n, d]. threshold: Euclidean, up to which two faces are neighbours. The same
    vectors and seed give the same clusters in any order of the rows. qualities: faces below POOR_QUALITY join a
    cluster after all are made; None or NaN: no face, or not this one. Raises: ValueError for another method.
    """
    order = _canonical_order(vectors if qualities is None else np.column_stack([vectors, qualities]))
    graph = neighbour_graph(vectors[order], threshold)
    grouped = _method(method, seed)
    found = grouped(graph) if qualities is None else poor_last(graph, qualities[order] < POOR_QUALITY, grouped)
    labels = np.empty_like(found)
    labels[order] = found
    return by_size(labels)


def _method(method: str, seed: int) -> Callable[[NeighbourGraph], Labels]:
    match method:
        case "whispers":
            return partial(chinese_whispers, seed=seed)
        case "dbscan":
            # Imported here: scikit-learn takes a second to load, and every command would wait for it.
            from faceindex.clustering.dbscan import dbscan

            return dbscan
        case _:
            raise ValueError(f"no clustering method is called {method}")


def _canonical_order(vectors: Vectors) -> np.ndarray:
    """An order of the rows that depends on their contents alone: that of their bytes."""
    rows = np.ascontiguousarray(vectors, dtype=np.float32)
    return np.argsort(rows.view(f"V{rows.strides[0]}").ravel(), kind="stable")


def by_size(labels: Labels) -> Labels:
    """Renumber: 0 for the largest cluster, equals by first member; clusters of one become -1."""
    values, first, places, sizes = np.unique(labels, return_index=True, return_inverse=True, return_counts=True)
    alone = (sizes < 2) | (values < 0)
    rank = np.lexsort((first, -sizes, alone))
    numbers = np.empty(len(values), dtype=np.int64)
    numbers[rank] = np.arange(len(values))
    numbers[alone] = -1
    return numbers[places]
