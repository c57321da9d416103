"""The neighbour graph: exactly the pairs within the threshold, as brute force finds them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faceindex.clustering.graph import NeighbourGraph, both_ways
from faceindex.clustering.neighbours import neighbour_graph
from faceindex.types import Vectors

Pairs = dict[tuple[int, int], float]


def faces(count: int, seed: int = 0, spread: float = 0.4) -> Vectors:
    """Vectors as long as dlib's, around a few people: [count, 128]."""
    random = np.random.default_rng(seed)
    centres = random.normal(size=(max(1, count // 6), 128))
    blur = random.uniform(0, spread, size=(count, 1))
    vectors = centres[random.integers(0, len(centres), count)] + random.normal(size=(count, 128)) * blur
    scaled: Vectors = (1.4237 * vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    return scaled


def brute_force(vectors: Vectors) -> npt.NDArray[np.float64]:
    exact = vectors.astype(np.float64)
    return np.stack([np.linalg.norm(exact - row, axis=1) for row in exact])


def edges(graph: NeighbourGraph) -> Pairs:
    row = np.repeat(np.arange(graph.size), np.diff(graph.start))
    pairs = zip(row.tolist(), graph.neighbour.tolist(), strict=True)
    return dict(zip(pairs, graph.distance.tolist(), strict=True))


def within(distances: npt.NDArray[np.float64], threshold: float) -> set[tuple[int, int]]:
    rows, columns = np.nonzero(distances <= threshold)
    return {(i, j) for i, j in zip(rows.tolist(), columns.tolist(), strict=True) if i != j}


@pytest.mark.parametrize("count", [2, 3, 19, 20, 200, 2100])
@pytest.mark.parametrize("threshold", [0.45, 0.6])
def test_the_graph_is_what_brute_force_finds(count: int, threshold: float) -> None:
    vectors = faces(count, seed=count)
    distances = brute_force(vectors)
    found = edges(neighbour_graph(vectors, threshold))
    # float32 arithmetic on the squares may decide either way within a hundred-thousandth of the threshold
    assert within(distances, threshold - 1e-5) <= found.keys() <= within(distances, threshold + 1e-5)
    assert count < 19 or found
    for (i, j), length in found.items():
        assert length**2 == pytest.approx(distances[i, j] ** 2, abs=5e-6)


def test_the_types_are_those_of_a_csr_matrix() -> None:
    graph = neighbour_graph(faces(50), 0.6)
    assert graph.start.dtype == np.int64
    assert graph.neighbour.dtype == np.int32
    assert graph.distance.dtype == np.float32
    assert graph.size == 50
    assert len(graph.start) == 51
    assert graph.start[0] == 0
    assert graph.start[-1] == len(graph.neighbour) == len(graph.distance)


@pytest.mark.parametrize("count", [40, 1500])
def test_every_edge_is_stored_both_ways_with_the_same_distance(count: int) -> None:
    found = edges(neighbour_graph(faces(count), 0.6))
    assert found
    assert all(found[j, i] == length for (i, j), length in found.items())


def test_neighbours_are_in_rising_order_without_loops_or_repeats() -> None:
    graph = neighbour_graph(faces(1500), 0.6)
    for node in range(graph.size):
        neighbours = graph.neighbour[graph.start[node] : graph.start[node + 1]]
        assert (np.diff(neighbours) > 0).all()
        assert node not in neighbours


@given(
    st.lists(st.tuples(*[st.integers(-3, 3)] * 3), min_size=1, max_size=40),
    st.sampled_from([1.0, 2.0, 3.0, 5.0]),
)
@settings(max_examples=100, deadline=None)
def test_the_threshold_is_inclusive(points: list[tuple[int, int, int]], threshold: float) -> None:
    vectors = np.array(points, dtype=np.float32)  # whole numbers: every distance is exact
    distances = brute_force(vectors)
    assert edges(neighbour_graph(vectors, threshold)).keys() == within(distances, threshold)


@pytest.mark.parametrize("threshold", [0.25, 0.5, 0.75])
@pytest.mark.parametrize("copies", [1, 20])
def test_two_faces_exactly_at_the_threshold_are_neighbours(threshold: float, copies: int) -> None:
    vectors = np.zeros((2 * copies, 128), dtype=np.float32)
    vectors[copies:, 3] = threshold
    graph = neighbour_graph(vectors, threshold)
    assert graph.distance.max() == threshold
    assert len(graph.neighbour) == 2 * copies * (2 * copies - 1)


@pytest.mark.parametrize("count", [2, 10, 30, 300])
def test_exact_duplicates_are_neighbours_at_no_distance(count: int) -> None:
    originals = faces(count, seed=5)
    found = edges(neighbour_graph(np.concatenate([originals, originals]), 0.3))
    for face in range(count):
        assert found[face, face + count] ** 2 == pytest.approx(0, abs=5e-6)


@pytest.mark.parametrize("count", [2, 10, 30, 1500])
def test_exact_duplicates_are_neighbours_at_the_smallest_threshold(count: int) -> None:
    originals = faces(count, seed=5)
    found = edges(neighbour_graph(np.concatenate([originals, originals]), 0.0)).keys()
    assert len(found) == 2 * count
    assert all(abs(i - j) == count for i, j in found)


@pytest.mark.parametrize("count", [0, 1])
def test_no_face_and_one_face_have_no_neighbours(count: int) -> None:
    graph = neighbour_graph(np.ones((count, 128), dtype=np.float32), 0.6)
    assert graph.size == count
    assert graph.start.tolist() == [0] * (count + 1)
    assert len(graph.neighbour) == len(graph.distance) == 0


def test_far_faces_have_no_neighbours() -> None:
    graph = neighbour_graph(np.eye(30, dtype=np.float32), 1.41)
    assert graph.start.tolist() == [0] * 31


def test_rows_that_are_not_contiguous_are_compared_all_the_same() -> None:
    vectors = faces(60)
    assert edges(neighbour_graph(np.asfortranarray(vectors), 0.6)) == edges(neighbour_graph(vectors, 0.6))


def test_edges_that_were_found_from_one_end_or_both_are_stored_both_ways_and_zeros_remain() -> None:
    start, neighbour = np.array([0, 2, 3, 3, 4]), np.array([1, 3, 0, 2], dtype=np.int32)
    graph = both_ways(start, neighbour, np.array([0.0, 0.5, 0.0, 0.25], dtype=np.float32))
    assert graph.start.tolist() == [0, 2, 3, 4, 6]
    assert graph.neighbour.tolist() == [1, 3, 0, 3, 0, 2]
    assert graph.distance.tolist() == [0.0, 0.5, 0.0, 0.25, 0.5, 0.25]
