"""cluster: the same people come together whatever order their faces come in."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faceindex.clustering.cluster import by_size, cluster
from faceindex.clustering.constraints import unconstrained
from faceindex.clustering.crowding import excess_of, uncrowded
from faceindex.clustering.dbscan import dbscan
from faceindex.clustering.methods import METHODS
from faceindex.clustering.neighbours import neighbour_graph
from faceindex.clustering.problem import Problem
from faceindex.clustering.rules import rules_of
from faceindex.clustering.whispers import whispers
from faceindex.types import Labels, Vectors


def faces(seed: int, people: int = 40, spread: float = 0.05) -> Vectors:
    """1 to 9 faces a person, as long as dlib's vectors; people run into each other as the spread grows."""
    random = np.random.default_rng(seed)
    centres = np.repeat(random.normal(size=(people, 128)), random.integers(1, 10, people), axis=0)
    centres *= 0.6 / np.linalg.norm(centres, axis=1, keepdims=True)
    shared = random.normal(size=128)
    vectors = shared / np.linalg.norm(shared) + centres + random.normal(size=centres.shape) * spread
    scaled: Vectors = (1.4237 * vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    return scaled


def partition(labels: Labels) -> set[frozenset[int]]:
    """Clusters as sets of rows; a face alone is a set of its own."""
    groups: dict[int, set[int]] = {}
    for row, label in enumerate(labels.tolist()):
        groups.setdefault(label if label >= 0 else -1 - row, set()).add(row)
    return {frozenset(group) for group in groups.values()}


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("spread", [0.02, 0.035, 0.045])
def test_any_order_of_the_rows_gives_the_same_clusters(method: str, spread: float) -> None:
    vectors = faces(3, spread=spread)
    expected = partition(cluster(vectors, method=method, threshold=0.9))
    assert 1 < len(expected) < len(vectors)
    random = np.random.default_rng(0)
    for _ in range(8):
        order = random.permutation(len(vectors))
        labels = np.empty(len(vectors), dtype=np.int64)
        labels[order] = cluster(vectors[order], method=method, threshold=0.9)
        assert partition(labels) == expected


@pytest.mark.parametrize("method", METHODS)
@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_any_order_gives_the_same_clusters_of_any_distinct_points(method: str, data: st.DataObject) -> None:
    points = data.draw(st.lists(st.tuples(*[st.integers(0, 4)] * 3), unique=True, max_size=30))
    order = np.array(data.draw(st.permutations(range(len(points)))), dtype=np.int64)
    vectors = np.array(points, dtype=np.float32).reshape(-1, 3)
    labels = np.empty(len(vectors), dtype=np.int64)
    labels[order] = cluster(vectors[order], method=method, threshold=1.0)
    assert partition(labels) == partition(cluster(vectors, method=method, threshold=1.0))


@pytest.mark.parametrize("method", METHODS)
def test_vectors_that_may_be_reordered_are_still_the_same_and_give_the_same_clusters(method: str) -> None:
    vectors = faces(3, spread=0.035)
    expected, given_away = cluster(vectors, method=method, threshold=0.9), vectors.copy()
    assert np.array_equal(cluster(given_away, method=method, threshold=0.9, in_place=True), expected)
    assert sorted(given_away.tolist()) == sorted(vectors.tolist())


@pytest.mark.parametrize("method", METHODS)
def test_the_order_does_not_matter_when_vectors_differ_only_in_their_last_numbers(method: str) -> None:
    random = np.random.default_rng(5)
    vectors = np.zeros((60, 16), dtype=np.float32)
    vectors[:, 12:] = random.normal(size=(60, 4))
    expected = partition(cluster(vectors, method=method, threshold=1.0))
    for _ in range(10):
        order = random.permutation(60)
        labels = np.empty(60, dtype=np.int64)
        labels[order] = cluster(vectors[order], method=method, threshold=1.0)
        assert partition(labels) == expected


def test_the_same_seed_gives_the_same_labels_and_the_seed_is_used() -> None:
    vectors = np.random.default_rng(0).normal(size=(300, 4)).astype(np.float32)
    runs = [cluster(vectors, method="whispers", threshold=0.9, seed=seed).tolist() for seed in (0, 0, 1, 2, 3)]
    assert runs[0] == runs[1]
    assert any(run != runs[0] for run in runs[2:])


@pytest.mark.parametrize("method", METHODS)
def test_people_far_apart_are_told_apart_and_numbered_by_size(method: str) -> None:
    sizes = [3, 5, 1, 4]
    vectors = np.repeat(np.eye(4, 128, dtype=np.float32), sizes, axis=0)
    vectors += np.random.default_rng(0).normal(size=vectors.shape).astype(np.float32) * 0.005
    labels = cluster(vectors, method=method, threshold=0.6)
    assert labels.dtype == np.int64
    assert labels.tolist() == [2] * 3 + [0] * 5 + [-1] + [1] * 4


@pytest.mark.parametrize("method", METHODS)
def test_exact_duplicates_come_together(method: str) -> None:
    vectors = np.repeat(faces(1)[:10], 3, axis=0)
    labels = cluster(vectors, method=method, threshold=0.05)
    assert partition(labels) == {frozenset(range(first, first + 3)) for first in range(0, 30, 3)}


@pytest.mark.parametrize("method", METHODS)
def test_a_face_without_neighbours_has_no_cluster(method: str) -> None:
    assert cluster(np.eye(5, 128, dtype=np.float32), method=method, threshold=0.6).tolist() == [-1] * 5


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("count", [0, 1])
def test_no_face_and_one_face_make_no_cluster(method: str, count: int) -> None:
    labels = cluster(np.ones((count, 128), dtype=np.float32), method=method, threshold=0.6)
    assert labels.dtype == np.int64
    assert labels.tolist() == [-1] * count


def test_the_method_named_is_the_one_used() -> None:
    pair = np.zeros((2, 128), dtype=np.float32)
    assert cluster(pair, method="whispers", threshold=0.6).tolist() == [0, 0]
    assert cluster(pair, method="dbscan", threshold=0.6).tolist() == [-1, -1]  # fewer than three faces
    vectors = faces(2)
    graph = neighbour_graph(vectors, 0.8)
    rules = rules_of(unconstrained(len(vectors)), vectors, 0)
    excess = excess_of(graph, 0.8, rules.group)
    problem = Problem(vectors, uncrowded(graph, 0.8, excess), rules, 0.8, excess=excess)
    expected = by_size(dbscan(problem))
    assert partition(expected) != partition(by_size(whispers(problem)))
    assert partition(cluster(vectors, method="dbscan", threshold=0.8)) == partition(expected)


def test_a_larger_threshold_leaves_no_more_faces_alone_until_everybody_is_within_it() -> None:
    vectors = faces(4, spread=0.06)
    alone = [(cluster(vectors, method="whispers", threshold=t) == -1).sum() for t in (0.2, 0.6, 0.8, 0.9, 1.0)]
    assert alone == sorted(alone, reverse=True)
    assert alone[0] > alone[-1]


def test_by_size_gives_0_to_the_largest_and_minus_1_to_the_alone() -> None:
    labels = np.array([7, 3, 3, 9, 3, 7, -1, -1, 12], dtype=np.int64)
    assert by_size(labels).tolist() == [1, 0, 0, -1, 0, 1, -1, -1, -1]


def test_by_size_numbers_equals_by_their_first_member() -> None:
    assert by_size(np.array([5, 9, 9, 5, 2, 2], dtype=np.int64)).tolist() == [0, 1, 1, 0, 2, 2]


def test_by_size_of_nothing_is_nothing() -> None:
    assert by_size(np.empty(0, dtype=np.int64)).tolist() == []


@given(st.lists(st.integers(-1, 6), max_size=40))
def test_by_size_keeps_the_groups_and_numbers_them_without_gaps(values: list[int]) -> None:
    before = np.array(values, dtype=np.int64)
    after = by_size(before)
    assert partition(after) == partition(before)
    used = sorted(set(after.tolist()) - {-1})
    assert used == list(range(len(used)))
    sizes = [int((after == label).sum()) for label in used]
    assert sizes == sorted(sizes, reverse=True)
    assert all(size >= 2 for size in sizes)
