"""Many probes at once find what each finds alone, to the last digit."""

from __future__ import annotations

import numpy as np
import pytest
from drawn_faces import approximate_index

from faceindex.types import Vectors
from faceindex.vectors.nearest import FaceIndex, nearest, nearest_of_each


def drawn(count: int, seed: int = 0) -> Vectors:
    """Faces around a twentieth as many people, of length about 1.4."""
    random = np.random.default_rng(seed)
    centres = np.random.default_rng(99).standard_normal((max(1, count // 20), 128))
    chosen = centres[random.integers(0, len(centres), count)]
    vectors: Vectors = (0.1 * chosen + 0.05 * random.standard_normal((count, 128))).astype(np.float32)
    return vectors


def same(index: FaceIndex, probes: Vectors, k: int, threshold: float, threads: int = 1) -> None:
    together = list(nearest_of_each(index, probes, k, threshold, threads=threads))
    assert len(together) == len(probes)
    for probe, (ids, distances) in zip(probes, together, strict=True):
        expected, away = nearest(index, probe, k, threshold)
        assert np.array_equal(ids, expected)
        assert np.array_equal(distances, away)


@pytest.mark.parametrize(("k", "threshold"), [(1, np.inf), (10, 0.9), (10, np.inf), (3, 0.1), (700, 0.9)])
def test_each_finds_what_it_finds_alone(k: int, threshold: float) -> None:
    index = FaceIndex(np.arange(20_000), drawn(20_000))
    same(index, drawn(300, seed=1), k, threshold)


def test_copies_of_one_face_and_faces_of_the_index_itself() -> None:
    vectors = drawn(9000)
    vectors[100:400] = vectors[100]
    vectors[8500:8600] = vectors[100]
    index = FaceIndex(np.arange(9000), vectors)
    same(index, vectors[95:110], 5, np.inf)
    same(index, vectors[95:110], 1000, 0.8)


def test_of_an_approximate_index_on_two_threads_and_with_few_faces_or_probes() -> None:
    vectors = drawn(5000)
    approximate = approximate_index(np.arange(5000), vectors)
    same(approximate, drawn(400, seed=2), 10, 0.8)
    same(approximate, drawn(400, seed=2), 10, np.inf, threads=2)
    few = FaceIndex(np.arange(3), vectors[:3])
    same(few, drawn(40, seed=3), 10, np.inf)
    same(few, drawn(1, seed=3), 10, np.inf)
    nothing = FaceIndex(np.empty(0, dtype=np.int64), np.empty((0, 128), dtype=np.float32))
    same(nothing, drawn(20, seed=4), 10, np.inf)
    assert list(nearest_of_each(few, np.empty((0, 128), dtype=np.float32), 1, 1.0)) == []
