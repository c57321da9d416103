"""Nearest faces: what brute force finds, at true Euclidean distances."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
from drawn_faces import approximate_index, flat_index, mapped_index
from hypothesis import given, settings
from hypothesis import strategies as st

from faceindex.types import FaceIds, Vectors
from faceindex.vectors.nearest import FaceIndex, distance, nearest


def faces(count: int, seed: int = 0, length: float = 1.4237) -> Vectors:
    vectors = np.random.default_rng(seed).normal(size=(count, 128))
    scaled: Vectors = (length * vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    return scaled


def spread_ids(count: int) -> FaceIds:
    """Rising, with gaps, and beyond 32 bits."""
    return np.arange(count, dtype=np.int64) ** 2 + 2**33


def brute_force(
    ids: FaceIds, vectors: Vectors, probe: npt.NDArray[np.float32], k: int, threshold: float
) -> list[tuple[float, int]]:
    distances = np.linalg.norm(vectors.astype(np.float64) - probe.astype(np.float64), axis=1)
    ranked = sorted(zip(distances.tolist(), ids.tolist(), strict=True))
    return [(d, face) for d, face in ranked if d <= threshold][:k]


both = pytest.mark.parametrize("build", [flat_index, mapped_index])
Build = Callable[[FaceIds, Vectors], FaceIndex]


@pytest.mark.parametrize("k", [1, 10, 500, 5000])
@pytest.mark.parametrize("threshold", [1.8, 2.0, 10.0])
@both
def test_the_faces_found_are_those_of_brute_force(k: int, threshold: float, build: Build) -> None:
    vectors, ids = faces(1000), spread_ids(1000)
    index = build(ids, vectors)
    for probe in faces(5, seed=1):
        expected = brute_force(ids, vectors, probe, k, threshold)
        found, distances = nearest(index, probe, k, threshold)
        assert found.tolist() == [face for _, face in expected]
        np.testing.assert_allclose(distances, [d for d, _ in expected], atol=1e-9)


@both
def test_both_k_and_the_threshold_hold(build: Build) -> None:
    line = np.zeros((10, 128), dtype=np.float32)
    line[:, 0] = np.arange(10) / 8
    index = build(np.arange(10), line)
    assert nearest(index, line[0], 3, 100.0)[0].tolist() == [0, 1, 2]
    assert nearest(index, line[0], 100, 0.25)[0].tolist() == [0, 1, 2]
    assert nearest(index, line[0], 2, 0.5)[0].tolist() == [0, 1]
    assert nearest(index, line[0], 100, 100.0)[0].tolist() == list(range(10))


@both
def test_the_threshold_is_inclusive_and_not_squared(build: Build) -> None:
    vectors = np.zeros((3, 128), dtype=np.float32)
    vectors[:, 5] = [0.5, 0.75, 1.5]
    ids, distances = nearest(build(np.array([1, 2, 3]), vectors), np.zeros(128, dtype=np.float32), 10, 0.75)
    assert ids.tolist() == [1, 2]
    assert distances.tolist() == [0.5, 0.75]


@pytest.mark.parametrize("length", [1.0, 1.4237, 20.0])
@pytest.mark.parametrize("count", [1, 2, 50, 2000])
@both
def test_an_identical_vector_is_at_no_distance(length: float, count: int, build: Build) -> None:
    vectors = faces(count, length=length)
    index = build(np.arange(count), vectors)
    for row in {0, count // 2, count - 1}:
        ids, distances = nearest(index, vectors[row], 1, 0.6)
        assert ids.tolist() == [row]
        assert distances[0] < 1e-5


@both
def test_small_distances_are_true_to_a_millionth(build: Build) -> None:
    vectors = faces(100)
    close = vectors[7].copy()
    close[0] += np.float32(1e-4)
    _, distances = nearest(build(np.arange(100), vectors), close, 1, 0.6)
    assert distances[0] == pytest.approx(1e-4, rel=1e-2)


@both
def test_types_are_ids_and_float64(build: Build) -> None:
    ids, distances = nearest(build(spread_ids(5), faces(5)), faces(1, seed=9)[0], 3, 10.0)
    assert ids.dtype == np.int64
    assert distances.dtype == np.float64
    assert ids.min() >= 2**33


@both
def test_ties_are_ordered_by_id(build: Build) -> None:
    vectors = np.repeat(faces(1), 6, axis=0)
    index = build(np.array([50, 10, 40, 20, 60, 30]), vectors)
    assert nearest(index, vectors[0], 6, 0.6)[0].tolist() == [10, 20, 30, 40, 50, 60]


@both
def test_of_tied_faces_more_than_k_the_smallest_ids_are_found(build: Build) -> None:
    vectors = np.repeat(faces(1), 60, axis=0)
    assert nearest(build(np.arange(60), vectors), vectors[0], 4, 0.6)[0].tolist() == [0, 1, 2, 3]


@both
def test_of_tied_faces_more_than_k_the_smallest_ids_are_found_in_any_order_of_adding(build: Build) -> None:
    vectors = np.repeat(faces(1), 60, axis=0)
    assert nearest(build(np.arange(60)[::-1].copy(), vectors), vectors[0], 4, 0.6)[0].tolist() == [0, 1, 2, 3]


@given(
    st.lists(st.tuples(st.integers(-2, 2), st.integers(-2, 2)), min_size=1, max_size=40),
    st.integers(1, 45),
    st.sampled_from([0.0, 1.0, 2.0, 4.0]),
    st.sampled_from([flat_index, mapped_index]),
)
@settings(max_examples=100, deadline=None)
def test_ties_at_every_place_are_broken_as_brute_force_breaks_them(
    points: list[tuple[int, int]], k: int, threshold: float, build: Build
) -> None:
    vectors = np.array(points, dtype=np.float32)
    ids = np.arange(len(points), dtype=np.int64) * 3 + 1
    probe = np.zeros(2, dtype=np.float32)
    index = build(ids, vectors)
    found, distances = nearest(index, probe, k, threshold)
    expected = brute_force(ids, vectors, probe, k, threshold)
    assert list(zip(distances.tolist(), found.tolist(), strict=True)) == expected
    found, distances = nearest(index, probe, len(ids), threshold)
    expected = brute_force(ids, vectors, probe, len(ids), threshold)
    assert list(zip(distances.tolist(), found.tolist(), strict=True)) == expected


@pytest.mark.parametrize("threshold", [0.0, 1.7, 1.8, 2.0, np.inf])
@both
def test_all_faces_within_a_threshold_are_those_of_brute_force(threshold: float, build: Build) -> None:
    vectors, ids = faces(3000), spread_ids(3000)
    index = build(ids, vectors)
    for probe in [vectors[5], *faces(5, seed=1)]:
        expected = brute_force(ids, vectors, probe, len(ids), threshold)
        found, distances = nearest(index, probe, len(ids), threshold)
        assert found.tolist() == [face for _, face in expected]
        np.testing.assert_allclose(distances, [d for d, _ in expected], atol=1e-9)


def test_an_approximate_index_finds_all_within_a_threshold_when_all_are_asked_for() -> None:
    vectors, ids = faces(3000), spread_ids(3000)
    index = approximate_index(ids, vectors, 0.3)
    missed = 0
    for probe in faces(5, seed=1):
        expected = [face for _, face in brute_force(ids, vectors, probe, len(ids), 1.8)]
        assert nearest(index, probe, len(ids), 1.8)[0].tolist() == expected
        missed += nearest(index, probe, 100, 1.8)[0].tolist() != expected[:100]
    assert missed


@both
def test_a_threshold_that_is_the_distance_of_a_face_includes_it(build: Build) -> None:
    vectors = faces(500)
    index = build(np.arange(500), vectors)
    probe = faces(1, seed=2)[0]
    distances = np.sort(np.linalg.norm(vectors.astype(np.float64) - probe, axis=1))
    for place in (0, 9, 250):
        assert len(nearest(index, probe, 500, distances[place])[0]) == place + 1
        assert len(nearest(index, probe, 500, np.nextafter(distances[place], 0))[0]) == place
        assert len(nearest(index, probe, 500, distances[place])[0]) == place + 1


@pytest.mark.parametrize("k", [0, -1])
@both
def test_no_faces_are_wanted_and_none_are_found(k: int, build: Build) -> None:
    assert nearest(build(np.arange(5), faces(5)), faces(1)[0], k, 10.0)[0].tolist() == []


def test_an_empty_index_finds_nothing() -> None:
    index = flat_index(np.empty(0, dtype=np.int64), np.empty((0, 128), dtype=np.float32))
    ids, distances = nearest(index, faces(1)[0], 10, 10.0)
    assert ids.dtype == np.int64
    assert (ids.shape, distances.shape) == ((0,), (0,))


@both
def test_nothing_within_the_threshold_finds_nothing(build: Build) -> None:
    ids, distances = nearest(build(np.arange(5), faces(5)), faces(1, seed=3)[0], 10, 0.1)
    assert (ids.shape, distances.shape) == ((0,), (0,))


@both
def test_vectors_can_be_had_back_by_id(build: Build) -> None:
    vectors, ids = faces(20), spread_ids(20)
    index = build(ids, vectors)
    np.testing.assert_array_equal(index.vectors[index.ids == ids[13]][0], vectors[13])


def test_an_index_is_built_from_rows_that_are_not_contiguous() -> None:
    vectors = faces(20)
    found, _ = nearest(flat_index(np.arange(20), np.asfortranarray(vectors)), vectors[3], 1, 0.1)
    assert found.tolist() == [3]


def test_distance_is_euclidean_and_symmetric() -> None:
    a, b = np.array([0, 3, 1], dtype=np.float32), np.array([4, 0, 1], dtype=np.float32)
    assert distance(a, b) == distance(b, a) == 5.0
    assert distance(a, a) == 0.0
