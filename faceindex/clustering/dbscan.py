"""DBSCAN (Ester et al. 1996) on the neighbour graph, by scikit-learn."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.cluster import DBSCAN
from sklearn.neighbors import sort_graph_by_row_values

from faceindex.clustering.graph import NeighbourGraph
from faceindex.types import Labels

_ANY_DISTANCE = 1e9  # the graph holds only edges within the threshold

MIN_FACES = 3
"""Faces within the threshold, itself included, that make a face the core of a cluster."""


def dbscan(graph: NeighbourGraph, *, min_faces: int = MIN_FACES) -> Labels:
    """Labels int64 [n]; -1 is noise. The graph's own threshold is the radius."""
    if not len(graph.neighbour):
        return np.full(graph.size, -1, dtype=np.int64)
    # A stored zero distance (an exact duplicate) must remain an edge: lift it off zero.
    distance = np.maximum(graph.distance, np.float32(1e-6))
    matrix = csr_matrix((distance, graph.neighbour, graph.start), shape=(graph.size, graph.size))
    matrix = sort_graph_by_row_values(matrix, warn_when_not_sorted=False)
    model = DBSCAN(eps=_ANY_DISTANCE, min_samples=min_faces, metric="precomputed", algorithm="brute", n_jobs=1)
    return np.asarray(model.fit_predict(matrix), dtype=np.int64)
