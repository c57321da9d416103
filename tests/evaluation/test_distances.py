"""Blocks of distances, and a walk over pairs that meets each once."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from faceindex.evaluation import distances
from faceindex.evaluation.distances import above_diagonal, block_distances, pair_blocks


def test_distances_are_euclidean_and_not_squared() -> None:
    a = np.array([[0, 0], [3, 4]], dtype=np.float32)
    b = np.array([[0, 0], [3, 0], [6, 8]], dtype=np.float32)
    assert block_distances(a, b).tolist() == [[0, 3, 10], [5, 4, 5]]


def test_distances_of_face_vectors_are_right_to_a_millionth() -> None:
    vectors = np.random.default_rng(1).normal(size=(200, 128)).astype(np.float32)
    vectors *= 1.4237 / np.linalg.norm(vectors, axis=1, keepdims=True)
    exact = np.linalg.norm(vectors[:, None].astype(np.float64) - vectors[None], axis=2)
    far = exact > 0.1
    assert np.abs(block_distances(vectors, vectors) - exact)[far].max() < 2e-6
    assert np.abs(block_distances(vectors, vectors) - exact)[~far].max() < 2e-3


@given(count=st.integers(0, 40), rows=st.integers(1, 9), columns=st.integers(1, 9))
def test_every_pair_is_met_once(count: int, rows: int, columns: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(distances, "ROWS", rows)
        patch.setattr(distances, "COLUMNS", columns)
        met = np.zeros((count, count), dtype=np.int64)
        for block in pair_blocks(count):
            met[block] += above_diagonal(*block)
    assert np.array_equal(met, np.triu(np.ones((count, count), dtype=np.int64), k=1))
