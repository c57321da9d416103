"""Coordinates are never further apart than their vectors, and lists hold every row once."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable

import numpy as np
import pytest
from drawn_faces import drawn_faces

from faceindex.types import Vectors
from faceindex.vectors import lists
from faceindex.vectors.lists import principal_axes, sorted_into_lists

FAR = np.array([1e3] + [0.0] * 127, dtype=np.float32)


def flat_spectrum(count: int) -> Vectors:
    return np.random.default_rng(4).standard_normal((count, 128)).astype(np.float32)


def alike(count: int) -> Vectors:
    return np.ones((count, 128), dtype=np.float32)


def with_one_far_away(count: int) -> Vectors:
    return np.vstack([drawn_faces(count - 1), FAR])


@pytest.mark.parametrize("draw", [drawn_faces, flat_spectrum, alike, with_one_far_away])
def test_no_two_are_further_apart_along_the_axes_than_in_full(draw: Callable[[int], Vectors]) -> None:
    vectors = draw(1500)
    axes = principal_axes(vectors)
    for probe in [*vectors[:5], *drawn_faces(5, seed=1), FAR, -FAR]:
        away = np.linalg.norm(vectors.astype(np.float64) - probe.astype(np.float64), axis=1)
        along = np.linalg.norm(axes.coordinates(vectors) - axes.coordinates(probe[None, :]), axis=1)
        assert np.all(along <= away + 1e-5 * (1 + np.linalg.norm(probe)))


def test_axes_hold_most_of_a_distance() -> None:
    vectors = drawn_faces(2000)
    coordinates = principal_axes(vectors).coordinates(vectors)
    assert coordinates.shape[1] < 128
    share = np.linalg.norm(coordinates[1:] - coordinates[0], axis=1) / np.linalg.norm(vectors[1:] - vectors[0], axis=1)
    assert share.min() > 0.8


@pytest.mark.parametrize(("count", "number"), [(1, 1), (2, 1), (127, 3), (1000, 20)])
def test_every_row_is_in_one_list_and_each_list_keeps_the_order(count: int, number: int) -> None:
    groups, order = sorted_into_lists(drawn_faces(count), number)
    assert sorted(order) == list(range(count))
    assert (groups.starts[0], groups.starts[-1], len(groups.centroids)) == (0, count, number)
    for first, last in zip(groups.starts, groups.starts[1:], strict=False):
        assert np.all(np.diff(order[first:last]) > 0)


def test_the_same_faces_give_the_same_lists() -> None:
    vectors = drawn_faces(2000)
    (a, first), (b, second) = (sorted_into_lists(vectors, 10) for _ in range(2))
    np.testing.assert_array_equal(a.centroids, b.centroids)
    np.testing.assert_array_equal(first, second)


def test_memory_beside_the_vectors_is_that_of_a_few_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lists, "_SAMPLE", 1_000)
    monkeypatch.setattr(lists, "_ROUNDS", 1)
    vectors = np.random.default_rng(0).standard_normal((60_000, 128), dtype=np.float32)
    tracemalloc.start()
    try:
        sorted_into_lists(vectors, 100)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < vectors.nbytes / 2
