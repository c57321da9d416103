"""A sketch is never further from another than the vectors are, and its rows are those of the vectors."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from drawn_faces import drawn_faces

from faceindex.search.nearest import build_sketched, nearest
from faceindex.search.pruning import BLOCK, nearest_rows, reorder, rows_not_beyond
from faceindex.search.sketch import lists_for, sketched
from faceindex.types import Vectors

FAR = np.array([1e3] + [0.0] * 127, dtype=np.float32)


def flat_spectrum(count: int) -> Vectors:
    return np.random.default_rng(4).standard_normal((count, 128)).astype(np.float32)


def alike(count: int) -> Vectors:
    return np.ones((count, 128), dtype=np.float32)


def with_one_far_away(count: int) -> Vectors:
    return np.vstack([drawn_faces(count - 1), FAR])


@pytest.mark.parametrize("draw", [drawn_faces, flat_spectrum, alike, with_one_far_away])
def test_no_row_is_ruled_out_that_is_within_the_threshold(draw: object) -> None:
    assert callable(draw)
    vectors = draw(1500)
    sketch, order = sketched(vectors, 20)
    for probe in [*vectors[:5], *drawn_faces(5, seed=1), FAR, -FAR]:
        coded, slack, lists = sketch.coded(probe)
        distances = np.linalg.norm(vectors.astype(np.float64) - probe.astype(np.float64), axis=1)
        for threshold in np.quantile(distances, [0, 0.01, 0.5, 1]):
            near = set(np.flatnonzero(distances <= threshold))
            kept = rows_not_beyond(sketch.codes, sketch.starts, lists, coded, threshold, slack, sketch.step)
            assert near <= set(order[kept])


def test_most_rows_are_ruled_out() -> None:
    vectors = drawn_faces(5000)
    sketch, _ = sketched(vectors, 20)
    coded, slack, lists = sketch.coded(vectors[0])
    assert len(rows_not_beyond(sketch.codes, sketch.starts, lists, coded, 0.3, slack, sketch.step)) < 100


@pytest.mark.parametrize("count", [1, 2, BLOCK - 1, BLOCK, BLOCK + 1, 1000])
def test_every_row_is_in_one_list_and_each_list_keeps_the_order(count: int) -> None:
    sketch, order = sketched(drawn_faces(count), lists_for(count, 2))
    assert sorted(order) == list(range(count))
    assert sketch.starts[0] == 0
    assert sketch.starts[-1] == count
    for first, last in zip(sketch.starts, sketch.starts[1:], strict=False):
        assert np.all(np.diff(order[first:last]) > 0)


def test_rows_of_all_lists_in_any_order_are_found_once() -> None:
    index = build_sketched(np.arange(1000), drawn_faces(1000), 30)
    sketch = index.sketch
    assert sketch is not None
    probe = drawn_faces(1, seed=1)[0]
    coded, slack, lists = sketch.coded(probe)
    for some in (lists, lists[::-1]):
        rows = nearest_rows(
            *(sketch.codes, sketch.starts, some, coded, index.vectors, index.ids),
            *(probe.astype(np.float64), 1000, 1e9, slack, sketch.step),
        )
        assert sorted(rows) == list(range(1000))


def test_reordering_in_place_is_indexing() -> None:
    vectors = drawn_faces(500)
    order = np.random.default_rng(0).permutation(500)
    expected = vectors[order]
    reorder(vectors, order)
    np.testing.assert_array_equal(vectors, expected)


def test_the_same_faces_give_the_same_sketch() -> None:
    vectors = drawn_faces(2000)
    a, b = (sketched(vectors, 10)[0] for _ in range(2))
    np.testing.assert_array_equal(a.codes, b.codes)
    np.testing.assert_array_equal(a.centres, b.centres)


def test_vectors_of_fewer_or_more_dimensions_are_found() -> None:
    for dimension in (1, 3, 8, 512):
        vectors = np.random.default_rng(1).standard_normal((400, dimension)).astype(np.float32)
        index = build_sketched(np.arange(400), vectors.copy(), 4)
        for row in (0, 7, 399):
            assert nearest(index, vectors[row], 1, 1.0)[0].tolist() == [row]


def test_memory_beside_the_vectors_is_that_of_codes_and_of_a_few_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("faceindex.search.sketch._SAMPLE", 1_000)
    monkeypatch.setattr("faceindex.search.sketch._ROUNDS", 1)
    vectors = np.random.default_rng(0).standard_normal((60_000, 128), dtype=np.float32)
    tracemalloc.start()
    try:
        sketched(vectors, lists_for(len(vectors), 2))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < vectors.nbytes * 1.5
