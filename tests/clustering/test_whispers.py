"""Chinese whispers on a neighbour graph."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from faceindex.clustering.graph import NeighbourGraph
from faceindex.clustering.neighbours import neighbour_graph
from faceindex.clustering.whispers import chinese_whispers
from faceindex.types import Vectors


def graph_of(size: int, *edges: tuple[int, int]) -> NeighbourGraph:
    """An undirected graph with these edges, all of length 0.4."""
    both = sorted({*edges, *((j, i) for i, j in edges)})
    row = np.array([i for i, _ in both], dtype=np.int64)
    start = np.zeros(size + 1, dtype=np.int64)
    np.cumsum(np.bincount(row, minlength=size), out=start[1:])
    neighbour = np.array([j for _, j in both], dtype=np.int32)
    return NeighbourGraph(start, neighbour, np.full(len(both), 0.4, dtype=np.float32))


def clique(nodes: range) -> list[tuple[int, int]]:
    return [(i, j) for i in nodes for j in nodes if i < j]


def blobs(sizes: list[int], spread: float = 0.02) -> Vectors:
    random = np.random.default_rng(1)
    centres = np.repeat(np.eye(len(sizes), 16), sizes, axis=0)
    return (centres + random.normal(size=centres.shape) * spread).astype(np.float32)


@pytest.mark.parametrize("seed", range(5))
def test_two_blobs_become_two_clusters(seed: int) -> None:
    labels = chinese_whispers(neighbour_graph(blobs([30, 20]), 0.5), seed=seed)
    assert labels.dtype == np.int64
    assert len(set(labels[:30].tolist())) == 1
    assert len(set(labels[30:].tolist())) == 1
    assert labels[0] != labels[30]


@pytest.mark.parametrize("seed", range(5))
def test_two_groups_joined_by_one_edge_stay_two(seed: int) -> None:
    graph = graph_of(16, *clique(range(8)), *clique(range(8, 16)), (7, 8))
    labels = chinese_whispers(graph, seed=seed)
    assert set(labels[:8].tolist()) != set(labels[8:].tolist())
    assert len(set(labels.tolist())) == 2


def test_nodes_without_neighbours_keep_themselves() -> None:
    assert chinese_whispers(graph_of(4)).tolist() == [0, 1, 2, 3]
    labels = chinese_whispers(graph_of(6, *clique(range(2, 5))))
    assert labels[[0, 1, 5]].tolist() == [0, 1, 5]


def test_a_cluster_never_reaches_over_a_gap_in_the_graph() -> None:
    labels = chinese_whispers(graph_of(9, *clique(range(4)), *clique(range(4, 9))))
    assert not set(labels[:4].tolist()) & set(labels[4:].tolist())


def test_two_neighbours_become_one_cluster() -> None:
    labels = chinese_whispers(graph_of(2, (0, 1)))
    assert labels[0] == labels[1]


@pytest.mark.parametrize("seed", range(10))
def test_a_tie_goes_to_the_smallest_label_whatever_the_order_of_visits(seed: int) -> None:
    # 6 has one neighbour from each of two settled triangles.
    graph = graph_of(7, *clique(range(3)), *clique(range(3, 6)), (0, 6), (5, 6))
    labels = chinese_whispers(graph, seed=seed)
    assert labels[6] == min(labels[0], labels[5])


def test_the_same_seed_gives_the_same_labels() -> None:
    random = np.random.default_rng(0)
    graph = neighbour_graph(random.normal(size=(300, 4)).astype(np.float32), 0.9)
    runs = {seed: [chinese_whispers(graph, seed=seed).tolist() for _ in range(3)] for seed in (0, 1, 2, 3)}
    assert all(first == second == third for first, second, third in runs.values())
    assert len({tuple(run[0]) for run in runs.values()}) > 1, "the seed must matter on a graph without clear groups"


def test_the_graph_is_left_as_it_was() -> None:
    graph = neighbour_graph(blobs([10, 10]), 0.5)
    before = (graph.start.copy(), graph.neighbour.copy(), graph.distance.copy())
    chinese_whispers(graph)
    for array, copy in zip((graph.start, graph.neighbour, graph.distance), before, strict=True):
        np.testing.assert_array_equal(array, copy)


def test_an_empty_graph_has_no_labels() -> None:
    assert chinese_whispers(graph_of(0)).shape == (0,)


def one_by_one(graph: NeighbourGraph, seed: int) -> list[int]:
    """Labels by visiting the nodes one after the other."""
    order, random = np.arange(graph.size), np.random.default_rng(seed)
    labels, before = list(range(graph.size)), None
    while labels != before:
        before = labels.copy()
        random.shuffle(order)
        for node in order.tolist():
            votes = Counter(labels[end] for end in graph.neighbour[graph.start[node] : graph.start[node + 1]].tolist())
            if votes:
                labels[node] = min(votes, key=lambda label: (-votes[label], label))
    return labels


@pytest.mark.parametrize("seed", range(20))
def test_visits_at_once_give_what_visits_one_by_one_give(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("faceindex.clustering.whispers._EVALUATED", 50)
    random = np.random.default_rng(seed)
    graph = neighbour_graph(random.normal(size=(300, 3)).astype(np.float32), 0.6)
    labels = chinese_whispers(graph, seed=seed)
    assert 10 < len(np.unique(labels)) < 250
    assert labels.tolist() == one_by_one(graph, seed)
