"""The graph of many faces: nearly all of the shortest edges, and nothing but edges."""

from __future__ import annotations

import numpy as np
import pytest
from drawn_faces import drawn_faces

from faceindex.clustering import neighbours
from faceindex.clustering.blocks import MOST
from faceindex.clustering.graph import NeighbourGraph, graph_of
from faceindex.clustering.neighbours import edge_recall, neighbour_graph


@pytest.fixture
def few_are_many(monkeypatch: pytest.MonkeyPatch) -> None:
    """Graphs are made by lists from a hundred faces on."""
    monkeypatch.setattr(neighbours, "COMPLETE", 100)


def graph(size: int, *pairs: tuple[int, int, float]) -> NeighbourGraph:
    left, right = np.array([pair[:2] for pair in pairs], dtype=np.int32).reshape(-1, 2).T
    return graph_of(size, left, right, np.array([pair[2] for pair in pairs], dtype=np.float32))


@pytest.mark.usefixtures("few_are_many")
@pytest.mark.parametrize("workers", [1, 3])
def test_the_graph_of_many_faces_has_nearly_all_their_nearest_neighbours_and_true_distances(workers: int) -> None:
    vectors = drawn_faces(6000)
    found = neighbour_graph(vectors, 0.9, workers=workers)
    assert edge_recall(found, vectors, 0.9, seed=3) >= 0.98
    rows = found.rows()
    true = np.linalg.norm(vectors[rows] - vectors[found.neighbour], axis=1)
    np.testing.assert_allclose(found.distance, true, atol=1e-5)
    assert found.distance.max() <= 0.9
    assert (rows != found.neighbour).all()
    assert np.array_equal(found.neighbour, neighbour_graph(vectors, 0.9).neighbour)


@pytest.mark.usefixtures("few_are_many")
def test_a_face_with_many_neighbours_keeps_the_nearest() -> None:
    vectors = np.random.default_rng(0).normal(size=(400, 16)).astype(np.float32) * 0.05
    found = neighbour_graph(vectors, 5.0)
    assert len(found.neighbour) <= 2 * MOST * 400
    distances = np.linalg.norm(vectors - vectors[7], axis=1)
    nearest = set(np.argsort(distances)[1 : MOST // 2].tolist())
    assert nearest <= set(found.neighbour[found.start[7] : found.start[8]].tolist())


@pytest.mark.usefixtures("few_are_many")
def test_exact_duplicates_are_found_among_many_faces() -> None:
    originals = drawn_faces(300)
    found = neighbour_graph(np.concatenate([originals, originals]), 0.0)
    assert np.array_equal(found.neighbour, np.concatenate([np.arange(300, 600), np.arange(300)]))


def test_recall_counts_what_is_missing() -> None:
    vectors = drawn_faces(200)
    whole = neighbour_graph(vectors, 0.9)
    assert edge_recall(whole, vectors, 0.9, seed=0) == 1.0
    none = graph(200)
    assert edge_recall(none, vectors, 0.9, seed=0) == 0.0
