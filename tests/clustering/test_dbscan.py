"""DBSCAN on the neighbour graph is DBSCAN on the vectors."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.cluster import DBSCAN

from faceindex.clustering.dbscan import MIN_FACES, density_clusters
from faceindex.clustering.neighbours import neighbour_graph
from faceindex.types import Labels, Vectors


def faces(seed: int, people: int = 25, each: int = 8, spread: float = 0.28) -> Vectors:
    random = np.random.default_rng(seed)
    centres = np.repeat(random.normal(size=(people, 32)), each, axis=0)
    vectors = centres + random.normal(size=centres.shape) * spread
    scaled: Vectors = (1.4237 * vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    return scaled


def partition(labels: Labels, rows: np.ndarray) -> set[frozenset[int]]:
    """The groups of `rows`, whatever their numbers."""
    return {frozenset(rows[labels[rows] == label].tolist()) for label in set(labels[rows].tolist())}


@pytest.mark.parametrize("min_faces", [2, 3, 5])
@pytest.mark.parametrize("threshold", [0.4, 0.5, 0.6, 0.7])
@pytest.mark.parametrize("seed", range(3))
def test_clusters_are_those_of_scikit_learn_on_the_vectors(seed: int, threshold: float, min_faces: int) -> None:
    vectors = faces(seed)
    model = DBSCAN(eps=threshold, min_samples=min_faces, algorithm="brute").fit(vectors)
    labels = density_clusters(neighbour_graph(vectors, threshold), min_faces=min_faces)
    core = np.asarray(model.core_sample_indices_)
    assert len(core) > 0
    assert partition(labels, core) == partition(model.labels_, core)
    np.testing.assert_array_equal(labels == -1, model.labels_ == -1)
    # A border face belongs to any cluster that has a core face near it.
    for face in np.setdiff1d(np.flatnonzero(labels >= 0), core):
        near = core[np.linalg.norm(vectors[core] - vectors[face], axis=1) <= threshold + 1e-6]
        assert labels[face] in labels[near]


def test_the_faces_of_the_test_above_are_both_noise_and_clusters() -> None:
    labels = density_clusters(neighbour_graph(faces(0), 0.5))
    assert (labels == -1).any()
    assert labels.max() > 3


def test_a_graph_without_nodes_has_no_labels() -> None:
    labels = density_clusters(neighbour_graph(np.empty((0, 128), dtype=np.float32), 0.6))
    assert labels.dtype == np.int64
    assert labels.shape == (0,)


def test_exact_duplicates_make_a_cluster() -> None:
    vectors = np.repeat(np.eye(3, 128, dtype=np.float32), [3, 2, 4], axis=0)
    assert density_clusters(neighbour_graph(vectors, 0.3)).tolist() == [0, 0, 0, -1, -1, 1, 1, 1, 1]


def test_a_face_counts_itself_among_those_that_make_a_core() -> None:
    chain = np.array([[0.0], [0.4], [0.8], [5.0], [5.4]], dtype=np.float32)
    assert MIN_FACES == 3
    assert density_clusters(neighbour_graph(chain, 0.5)).tolist() == [0, 0, 0, -1, -1]
    assert density_clusters(neighbour_graph(chain, 0.5), min_faces=2).tolist() == [0, 0, 0, 1, 1]


def test_far_faces_are_noise() -> None:
    labels = density_clusters(neighbour_graph(np.eye(10, dtype=np.float32), 0.6))
    assert labels.dtype == np.int64
    assert labels.tolist() == [-1] * 10
