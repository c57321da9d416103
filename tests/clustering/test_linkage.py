"""Average linkage: mean distances without looking at pairs, and limits that grow with the faces."""

from __future__ import annotations

import numpy as np
import pytest

from faceindex.clustering.constraints import unconstrained
from faceindex.clustering.linkage import GROWTH, linkage, may_be_one
from faceindex.clustering.neighbours import neighbour_graph
from faceindex.clustering.problem import Problem
from faceindex.clustering.rules import rules_of
from faceindex.types import Labels, Vectors


def linked(points: list[list[float]], threshold: float) -> Labels:
    vectors = np.array(points, dtype=np.float32)
    rules = rules_of(unconstrained(len(vectors)), vectors, 0)
    return linkage(Problem(vectors, neighbour_graph(vectors, threshold), rules, threshold))


def test_the_mean_over_all_pairs_decides() -> None:
    random = np.random.default_rng(0)
    a, b = random.normal(size=(5, 8)), random.normal(size=(3, 8)) + 1
    mean = float(np.mean(np.sum((a[:, None] - b[None]) ** 2, axis=2)))
    centres: Vectors = np.array([a.mean(axis=0), b.mean(axis=0)], dtype=np.float32)
    spreads = np.array([np.sum(x.var(axis=0)) for x in (a, b)], dtype=np.float32)
    limit = np.sqrt(mean / (1 + GROWTH * (1 - 2 / 8)))
    sizes = np.array([5, 3])
    assert may_be_one(0, 1, centres, sizes, spreads, 1.001 * limit)
    assert not may_be_one(0, 1, centres, sizes, spreads, 0.999 * limit)


def test_a_chain_of_neighbours_is_not_one_cluster() -> None:
    labels = linked([[0.9 * step] for step in range(20)], 1.0)
    assert np.bincount(labels).max() == 2


def test_two_faces_merge_up_to_the_threshold_and_more_beyond_it() -> None:
    assert len(set(linked([[0.0], [1.0]], 1.0).tolist())) == 1
    assert len(set(linked([[0.0], [1.01]], 1.0).tolist())) == 2
    assert len(set(linked([[0.0], [0.1], [1.1], [1.0]], 1.0).tolist())) == 1  # 1.005 in the mean of squares


@pytest.mark.parametrize("threshold", [0.5, 0.8])
def test_every_cluster_holds_neighbours_only_and_is_named_after_its_first(threshold: float) -> None:
    random = np.random.default_rng(1)
    points = random.uniform(0, 4, size=(60, 2)).tolist()
    labels = linked(points, threshold)
    assert all(labels[label] == label and label <= row for row, label in enumerate(labels.tolist()))
