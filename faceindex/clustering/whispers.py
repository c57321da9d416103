"""Chinese whispers (Biemann 2006): every face takes the label that most of its neighbours have."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from faceindex.clustering.graph import NeighbourGraph, Nodes
from faceindex.clustering.problem import Problem
from faceindex.clustering.splitting import obeying
from faceindex.running.stop import Stop
from faceindex.types import Labels
from faceindex.vectors.kernels import kernel

ITERATIONS = 100
"""Rounds at most, as in dlib.chinese_whispers; it stops when a round changes nothing."""


Weights = npt.NDArray[np.float32]


def whispers(problem: Problem) -> Labels:
    """Labels int64 [n]. What is bound together joins clusters; those that break a rule are split."""
    return obeying(problem, chinese_whispers(problem.graph, seed=problem.seed, stop=problem.stop))


def chinese_whispers(
    graph: NeighbourGraph, *, seed: int = 0, weights: Weights | None = None, stop: Stop | None = None
) -> Labels:
    """Labels int64 [n], without any rule; ties go to the smallest label.

    weights: float32 [edges], the votes that edges have; by default each has one, as in dlib. Nodes are visited in an
    order drawn from `seed` anew in every round. stop: looked at between rounds. Raises: JobCancelled.
    """
    labels = np.arange(graph.size, dtype=np.int64)
    order = np.arange(graph.size, dtype=np.int64)
    votes = np.zeros(graph.size, dtype=np.float32)
    weights = np.ones(len(graph.neighbour), dtype=np.float32) if weights is None else weights
    random = np.random.default_rng(seed)
    for _ in range(ITERATIONS):
        if stop is not None:
            stop.check()
        random.shuffle(order)
        if not _round(order, graph.start, graph.neighbour, weights, labels, votes):
            break
    return labels


@kernel(lambda order, start, neighbour, *_: 2 * len(neighbour))
def _round(
    order: npt.NDArray[np.int64],
    start: npt.NDArray[np.int64],
    neighbour: Nodes,
    weights: Weights,
    labels: npt.NDArray[np.int64],
    votes: Weights,
) -> int:
    changed = 0
    for node in order:
        best, most = labels[node], np.float32(0)
        for edge in range(start[node], start[node + 1]):
            label = labels[neighbour[edge]]
            votes[label] += weights[edge]
            if votes[label] > most or (votes[label] == most and label < best):
                best, most = label, votes[label]
        for edge in range(start[node], start[node + 1]):
            votes[labels[neighbour[edge]]] = 0
        if best != labels[node]:
            labels[node] = best
            changed += 1
    return changed
