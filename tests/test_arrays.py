"""Clustering, search and scores of arrays that a program has of its own."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import faceindex
from faceindex.errors import UsageError


def groups(people: int = 5, each: int = 20, dimension: int = 16) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(5)
    truth = np.repeat(np.arange(people), each)
    return random.normal(size=(people, dimension))[truth] + random.normal(size=(len(truth), dimension)) * 0.02, truth


@pytest.mark.parametrize("method", ["linkage", "whispers", "dbscan"])
def test_vectors_are_grouped_and_the_groups_scored(method: str) -> None:
    vectors, truth = groups()
    labels = faceindex.cluster_vectors(vectors, threshold=0.5, method=method)
    assert labels.dtype == np.int64
    score = faceindex.score_albums(labels, truth)
    assert (score.albums, score.bcubed.f, score.clicks) == (5, 1.0, 0)
    assert faceindex.score_albums(labels, [f"person {number}" for number in truth]) == score
    order = np.random.default_rng(1).permutation(len(vectors))
    again = faceindex.cluster_vectors(vectors[order], threshold=0.5, method=method)
    assert faceindex.score_albums(again, labels[order]).clicks == 0


def test_who_resembles_nobody_is_alone_and_no_vectors_are_no_groups() -> None:
    labels = faceindex.cluster_vectors([[0.0, 0.0], [0.0, 0.1], [9.0, 9.0]], threshold=0.5)
    assert labels.tolist() == [0, 0, -1]
    assert faceindex.cluster_vectors(np.empty((0, 4)), threshold=0.5).shape == (0,)


def test_a_search_gives_true_distances_and_says_where_there_are_no_more() -> None:
    vectors, _ = groups()
    probes = vectors[[3, 50]] + np.array([[1e-4], [0.3]])
    distances, rows = faceindex.search_vectors(probes, vectors, k=7)
    every = np.linalg.norm(probes[:, None] - vectors[None], axis=2)
    assert np.array_equal(rows, np.argsort(every, axis=1)[:, :7])
    np.testing.assert_allclose(distances, np.sort(every, axis=1)[:, :7], rtol=1e-4)
    assert (distances.dtype.name, rows.dtype.name) == ("float32", "int64")
    distances, rows = faceindex.search_vectors(vectors[0], vectors, k=1000, threshold=0.5)
    assert (distances.shape, rows.shape) == ((1, 1000), (1, 1000))
    assert sorted(rows[0, :20]) == list(range(20))
    assert set(rows[0, 20:]) == {-1}
    assert np.isinf(distances[0, 20:]).all()
    distances, rows = faceindex.search_vectors(vectors[:3], np.empty((0, 16)), k=2)
    assert np.isinf(distances).all()
    assert (rows == -1).all()


FINE = np.zeros((3, 4), np.float32)
HOLED = np.array([[0, 1], [np.nan, 0]])


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (np.zeros(4), r"have the shape \(4,\)"),
        (np.zeros((2, 3, 4)), r"have the shape \(2, 3, 4\)"),
        (np.zeros((4, 0)), r"have the shape \(4, 0\)"),
        (HOLED, "row 1 contains NaN or infinity"),
        (np.full((2, 2), 1e300), "row 0 contains NaN or infinity, or is too large"),
        (np.array([["a", "b"]]), "are of type <U1"),
        (np.zeros((2, 2), bool), "are of type bool"),
        (np.zeros((2, 2), complex), "are of type complex128"),
        ([[1.0], [2.0, 3.0]], "rows of different lengths"),
    ],
)
def test_what_is_no_matrix_of_numbers_is_refused_in_one_line(given: Any, said: str) -> None:
    for use in (
        lambda: faceindex.cluster_vectors(given, threshold=0.5),
        lambda: faceindex.search_vectors(np.zeros((1, 2)), given),
    ):
        with pytest.raises(UsageError, match=said) as error:
            use()
        assert "\n" not in str(error.value)


def test_other_wrong_uses_are_refused_in_one_line() -> None:
    wrong = {
        "there is no clustering method kmeans": lambda: faceindex.cluster_vectors(FINE, threshold=1, method="kmeans"),
        "a distance above 0": lambda: faceindex.cluster_vectors(FINE, threshold=float("nan")),
        "k is 0": lambda: faceindex.search_vectors(FINE, FINE, k=0),
        "threshold is nan": lambda: faceindex.search_vectors(FINE, FINE, threshold=float("nan")),
        "probes have length 3, vectors have length 4": lambda: faceindex.search_vectors(np.zeros((1, 3)), FINE),
        r"labels have the shape \(2,\), people \(3,\)": lambda: faceindex.score_albums([0, 0], [1, 1, 1]),
        "no labels to score": lambda: faceindex.score_albums([], []),
        "must be integers": lambda: faceindex.score_albums([-2, 0], [1, 1]),
        "people must be integers or texts": lambda: faceindex.score_albums([0, 0], [1.5, 1]),
    }
    for said, use in wrong.items():
        with pytest.raises(UsageError, match=said):
            use()  # type: ignore[no-untyped-call]
