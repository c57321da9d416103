"""DBSCAN (Ester et al. 1996) on the neighbour graph."""

from __future__ import annotations

import numpy as np

from faceindex.clustering.components import components
from faceindex.clustering.graph import NeighbourGraph
from faceindex.clustering.problem import Problem
from faceindex.clustering.splitting import obeying
from faceindex.types import Labels

MIN_FACES = 3
"""Faces within the threshold, itself included, that make a face the core of a cluster."""


def dbscan(problem: Problem) -> Labels:
    """Labels int64 [n]; -1 is noise. What is bound together joins clusters; those that break a rule are split."""
    return obeying(problem, density_clusters(problem.graph))


def density_clusters(graph: NeighbourGraph, *, min_faces: int = MIN_FACES) -> Labels:
    """Labels int64 [n] without any rule; -1 is noise. The graph's own threshold is the radius.

    A face that is no core joins the nearest one; of equals the first.
    """
    core = np.diff(graph.start) + 1 >= min_faces
    row = graph.rows()
    to_core = core[graph.neighbour]
    inner = to_core & core[row]
    component = components(row[inner], graph.neighbour[inner], graph.size)
    labels = np.full(graph.size, -1, dtype=np.int64)
    labels[core] = np.unique(component[core], return_inverse=True)[1]
    border = np.flatnonzero(to_core & ~core[row])
    nearest_last = border[np.lexsort((-graph.neighbour[border], -graph.distance[border], row[border]))]
    labels[row[nearest_last]] = labels[graph.neighbour[nearest_last]]  # of several for one face the last remains
    return labels
