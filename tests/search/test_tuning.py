"""An approximate index finds what it says it finds, of faces that it has not seen, too."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from drawn_faces import drawn_faces

from faceindex.search.nearest import FaceIndex, build_sketched, nearest
from faceindex.search.tuning import tuned
from faceindex.types import Vectors


@pytest.fixture(scope="module")
def faces() -> Vectors:
    return drawn_faces(20_500)


@pytest.fixture(scope="module")
def index(faces: Vectors) -> FaceIndex:
    return build_sketched(np.arange(20_000), faces[:20_000].copy(), 200)


@pytest.mark.parametrize("wanted", [0.5, 0.9, 0.99])
def test_recall_of_other_faces_is_at_least_the_wanted_one(index: FaceIndex, faces: Vectors, wanted: float) -> None:
    approximate = tuned(index, wanted)
    exact = replace(index, lists=None)
    found = [
        np.isin(nearest(exact, probe, 10, np.inf)[0], nearest(approximate.index, probe, 10, np.inf)[0])
        for probe in faces[20_000:]
    ]
    assert np.mean(found) >= wanted
    assert approximate.recall >= wanted


def test_fewer_lists_are_looked_at_for_less_recall(index: FaceIndex) -> None:
    lists = [tuned(index, wanted).index.lists or 0 for wanted in (0.3, 0.6, 0.9, 0.99)]
    assert lists == sorted(set(lists))
    assert lists[-1] < 200


def test_all_is_found_where_no_less_will_do(index: FaceIndex) -> None:
    assert tuned(index, 1 - 1e-12).recall == 1


@pytest.mark.parametrize("count", [1, 2, 11, 200])
def test_few_faces_can_be_tuned(count: int) -> None:
    vectors = drawn_faces(count)
    few = tuned(build_sketched(np.arange(count), vectors.copy(), max(1, count // 20)), 0.9)
    assert few.recall >= 0.9
    assert nearest(few.index, vectors[0], 1, 1.0)[0].tolist() == [0]
