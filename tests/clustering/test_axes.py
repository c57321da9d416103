"""Coordinates are never further apart than their vectors."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable

import numpy as np
import pytest
from drawn_faces import drawn_faces

from faceindex.clustering import axes
from faceindex.clustering.axes import principal_coordinates
from faceindex.types import Vectors

FAR = np.array([1e3] + [0.0] * 127, dtype=np.float32)


def flat_spectrum(count: int) -> Vectors:
    return np.random.default_rng(4).standard_normal((count, 128)).astype(np.float32)


def alike(count: int) -> Vectors:
    return np.ones((count, 128), dtype=np.float32)


def with_one_far_away(count: int) -> Vectors:
    return np.vstack([drawn_faces(count - 1), FAR])


@pytest.mark.parametrize("draw", [drawn_faces, flat_spectrum, alike, with_one_far_away])
def test_no_two_are_further_apart_along_the_axes_than_in_full(draw: Callable[[int], Vectors]) -> None:
    vectors = np.vstack([draw(1500), drawn_faces(5, seed=1), FAR, -FAR])
    coordinates = principal_coordinates(vectors)
    for row in [*range(5), *range(1500, 1507)]:
        probe = vectors[row]
        away = np.linalg.norm(vectors.astype(np.float64) - probe.astype(np.float64), axis=1)
        along = np.linalg.norm(coordinates - coordinates[row], axis=1)
        assert np.all(along <= away + 1e-5 * (1 + np.linalg.norm(vectors, axis=1) + np.linalg.norm(probe)))


def test_axes_hold_most_of_a_distance() -> None:
    vectors = drawn_faces(2000)
    coordinates = principal_coordinates(vectors)
    assert coordinates.shape[1] < 128
    share = np.linalg.norm(coordinates[1:] - coordinates[0], axis=1) / np.linalg.norm(vectors[1:] - vectors[0], axis=1)
    assert share.min() > 0.8


def test_memory_beside_the_vectors_is_that_of_a_few_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(axes, "_SAMPLE", 1_000)
    vectors = np.random.default_rng(0).standard_normal((60_000, 128), dtype=np.float32)
    tracemalloc.start()
    try:
        found = principal_coordinates(vectors)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < found.nbytes + vectors.nbytes / 3
