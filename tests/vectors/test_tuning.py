"""An approximate index finds what it says it finds, of faces that it has not seen, too."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from drawn_faces import approximate_index, drawn_faces, flat_index

from faceindex.types import Vectors
from faceindex.vectors import ivf
from faceindex.vectors.building import blocks_of, learned
from faceindex.vectors.exact import squares_of_rows
from faceindex.vectors.ivf import Ivf, of_the_same_lists
from faceindex.vectors.nearest import FaceIndex, nearest


@pytest.fixture(scope="module")
def faces() -> Vectors:
    return drawn_faces(20_500)


@pytest.fixture(scope="module")
def tuned(faces: Vectors) -> FaceIndex:
    """An approximate index of the first 20,000."""
    return approximate_index(np.arange(20_000), faces[:20_000], 0.95)


@pytest.mark.parametrize("wanted", [0.5, 0.9, 0.99])
def test_recall_of_other_faces_is_at_least_the_wanted_one(faces: Vectors, wanted: float) -> None:
    ids, vectors = np.arange(20_000), faces[:20_000]
    index, found = learned(blocks_of(ids, vectors), wanted)
    approximate = FaceIndex(ids, vectors, Ivf(index), found.probing)
    exact = flat_index(ids, vectors)
    shares = [
        np.isin(nearest(exact, probe, 10, np.inf)[0], nearest(approximate, probe, 10, np.inf)[0])
        for probe in faces[20_000:]
    ]
    assert np.mean(shares) >= wanted
    assert found.recall >= wanted
    assert 0 < found.lists < index.nlist


def test_less_is_read_for_less_recall(faces: Vectors) -> None:
    read = [learned(blocks_of(np.arange(5000), faces[:5000]), wanted)[1].lists for wanted in (0.3, 0.6, 0.9, 0.99)]
    assert read == sorted(read)
    assert read[0] < read[-1]


def test_all_is_found_where_no_less_will_do(faces: Vectors) -> None:
    index = approximate_index(np.arange(2000), faces[:2000], 1 - 1e-12)
    exact = flat_index(np.arange(2000), faces[:2000])
    for probe in faces[20_000:20_020]:
        assert nearest(index, probe, 10, np.inf)[0].tolist() == nearest(exact, probe, 10, np.inf)[0].tolist()


def test_faces_within_a_threshold_are_found_with_the_wanted_recall_in_fewer_lists(
    faces: Vectors, tuned: FaceIndex
) -> None:
    index, exact = tuned, flat_index(np.arange(20_000), faces[:20_000])
    assert index.probing is not None
    for threshold in (0.45, 0.55, 0.8):
        found = total = 0
        for probe in faces[20_000:]:
            within = nearest(exact, probe, 10, threshold)[0]
            found += np.isin(within, nearest(index, probe, 10, threshold)[0]).sum()
            total += len(within)
        assert total > 50
        assert found >= 0.95 * total
    assert index.probing.reach(0.2) < index.probing.reach(2.0) == index.probing.spread


@pytest.mark.parametrize("count", [1, 2, 11, 200])
def test_few_faces_can_be_tuned(count: int) -> None:
    vectors = drawn_faces(count)
    few = approximate_index(np.arange(count), vectors, 0.9)
    assert nearest(few, vectors[0], 1, 1.0)[0].tolist() == [0]
    assert len(nearest(few, vectors[0], count, np.inf)[0]) == count


def test_as_many_as_are_wanted_are_found_where_lists_are_small() -> None:
    """A thousand of one face fill the lists that are read first; the probe's own list has a single one."""
    vectors = np.concatenate([drawn_faces(3000), drawn_faces(1) + np.float32(3)])
    index = approximate_index(np.arange(3001), vectors, 0.5)
    for k in (1, 10, 200, 1500):
        assert len(nearest(index, vectors[-1], k, np.inf)[0]) == k


def test_copies_of_one_face_are_found_at_no_distance() -> None:
    vectors = drawn_faces(3000)
    vectors[500:2500] = vectors[500]
    index = approximate_index(np.arange(3000), vectors, 0.9)
    ids, distances = nearest(index, vectors[500], 10, 0.1)
    assert len(ids) == 10
    assert distances.max() == 0


@pytest.mark.parametrize("dimension", [1, 3, 8, 512])
def test_vectors_of_fewer_or_more_dimensions_are_found(dimension: int) -> None:
    vectors = np.random.default_rng(1).standard_normal((400, dimension)).astype(np.float32)
    index = approximate_index(np.arange(400), vectors, 0.9)
    for row in (0, 7, 399):
        assert nearest(index, vectors[row], 1, 1.0)[0].tolist() == [row]


def test_vectors_in_many_lists_are_nearly_all_in_the_nearest(faces: Vectors, monkeypatch: pytest.MonkeyPatch) -> None:
    """Their list is looked for in the nearest groups of centroids only."""
    monkeypatch.setattr(ivf, "_MANY_LISTS", 400)
    monkeypatch.setattr(ivf, "_GROUPS", 4)
    vectors = faces[:20_000]
    index, found = learned(blocks_of(np.arange(20_000), vectors), 0.95)
    chosen = Ivf(index)
    own = [chosen.nearest_lists(vector, 0.0)[1][0] for vector in vectors[:1000]]
    assert 0.9 < np.mean(chosen.list_of_each(20_000)[:1000] == own) < 1
    assert found.recall >= 0.95


def test_further_vectors_in_the_same_lists_are_found_with_the_wanted_recall(faces: Vectors) -> None:
    index = approximate_index(np.arange(14_000), faces[:14_000], 0.95)
    assert index.ivf is not None
    ids, vectors = np.arange(6000) + 14_000, faces[14_000:20_000]
    more = FaceIndex(ids, vectors, of_the_same_lists(index.ivf, vectors), index.probing, index.owner)
    exact = flat_index(ids, vectors)
    shares = [
        np.isin(nearest(exact, probe, 10, np.inf)[0], nearest(more, probe, 10, np.inf)[0]) for probe in faces[20_000:]
    ]
    assert 0.95 <= np.mean(shares) < 1
    np.testing.assert_array_equal(index.ivf.list_of_each(14_000)[:9], Ivf(index.owner).list_of_each(14_000)[:9])


def test_a_search_ranks_fewer_candidates_for_near_neighbours(
    faces: Vectors, tuned: FaceIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    """How many follows from how near neighbours are, and what is ranked of all of them is not missed."""
    index = tuned
    assert index.probing is not None
    everything = replace(index, probing=replace(index.probing, slack=np.inf))
    exact = flat_index(np.arange(20_000), faces[:20_000])
    ranked = list[int]()

    def counting(probe: Any, vectors: Vectors, rows: Any) -> Any:
        ranked.append(len(rows))
        return squares_of_rows(probe, vectors, rows)

    monkeypatch.setattr("faceindex.vectors.nearest.squares_of_rows", counting)
    true = [nearest(exact, probe, 10, np.inf)[0] for probe in faces[20_000:]]
    found, candidates = [], []
    for one in (index, everything):
        ranked.clear()
        near = [nearest(one, probe, 10, np.inf)[0] for probe in faces[20_000:]]
        found.append(np.mean([np.isin(ids, some) for ids, some in zip(true, near, strict=True)]))
        candidates.append(sum(ranked))
    assert candidates[0] < 0.95 * candidates[1]
    assert 0.95 <= found[0] <= found[1]
