"""Faces of low quality begin no cluster and stand between none; they join one that is near, or stay alone."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from faceindex.clustering.cluster import cluster
from faceindex.clustering.constraints import Constraints, unconstrained
from faceindex.clustering.dbscan import density_clusters
from faceindex.clustering.extend import extend
from faceindex.clustering.graph import graph_of
from faceindex.clustering.methods import METHODS
from faceindex.clustering.neighbours import neighbour_graph
from faceindex.clustering.problem import Problem
from faceindex.clustering.quality_gate import LOW_QUALITY, joined_by_low
from faceindex.clustering.rules import rules_of
from faceindex.types import Labels, Qualities, Vectors

BRIDGED = np.array([0, 0.5, 1, 2.4, 3.6, 5, 5.5, 6], dtype=np.float32)[:, None]
"""Two groups of three on a line, and two faces between them."""


def points(*places: float) -> Vectors:
    return np.array(places, dtype=np.float32)[:, None]


def rated(count: int, *low: int) -> Qualities:
    return np.where(np.isin(np.arange(count), low), LOW_QUALITY - 0.01, LOW_QUALITY)


def said(count: int, **known: object) -> Constraints:
    nothing = unconstrained(count)
    values = {name: np.array(value, dtype=np.int64) for name, value in known.items()}
    fields = ("person", "must_link", "cannot_link", "photo")
    return Constraints(*(values.get(name, getattr(nothing, name)) for name in fields))


@pytest.mark.parametrize("method", METHODS)
def test_a_low_face_does_not_make_two_clusters_one(method: str) -> None:
    labels = cluster(BRIDGED, method=method, threshold=1.5, qualities=rated(8, 3, 4))
    assert len(set(labels[:3])) == len(set(labels[5:])) == 1
    assert labels[0] != labels[7]
    assert density_clusters(neighbour_graph(BRIDGED, 1.5)).tolist() == [0] * 8


@pytest.mark.parametrize("method", METHODS)
def test_low_faces_and_a_good_one_alone_make_no_cluster(method: str) -> None:
    same = np.zeros((5, 2), dtype=np.float32)
    assert cluster(same, method=method, threshold=1.0, qualities=rated(5, 0, 1, 2, 3, 4)).tolist() == [-1] * 5
    assert cluster(same, method=method, threshold=1.0, qualities=rated(5, 1, 2, 3, 4)).tolist() == [-1] * 5
    assert cluster(same, method=method, threshold=1.0, qualities=rated(5, 3, 4)).tolist() == [0] * 5
    assert cluster(same, method=method, threshold=1.0, qualities=np.full(5, np.nan)).tolist() == [0] * 5


def test_a_low_face_joins_the_cluster_that_is_nearest_on_average_and_only_if_that_is_near() -> None:
    vectors = points(0.0, 0.1, 0.2, 0.9, 1.5, 1.6)
    assert cluster(vectors, threshold=1.0, qualities=rated(6, 3)).tolist() == [
        0,
        0,
        0,
        1,
        1,
        1,
    ]  # three neighbours, two
    far = points(0.0, 1.0, 1.9)  # the neighbour of one face, 1.5 from both on average
    assert cluster(far, threshold=1.05, qualities=rated(3, 2)).tolist() == [0, 0, -1]


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(-1, 3), st.booleans()), min_size=1, max_size=20))
def test_who_joins_what_is_found_one_by_one(faces: list[tuple[int, int, bool]]) -> None:
    vectors, low = points(*(place for place, _, _ in faces)), np.array([low for _, _, low in faces])
    labels = np.where(low, -1, np.array([label for _, label, _ in faces]))
    rules = rules_of(unconstrained(len(faces)), vectors, 0)
    given_faces = Problem(vectors, neighbour_graph(vectors, 6.0), rules, 6.0)
    assert joined_by_low(given_faces, labels, low).tolist() == by_hand(vectors[:, 0], labels, low, 6.0)


def by_hand(places: np.ndarray, labels: Labels, low: np.ndarray, threshold: float) -> list[int]:
    joined: list[int] = labels.tolist()
    for row in np.flatnonzero(low).tolist():
        near: list[tuple[float, int]] = []
        for label in set(labels[labels >= 0].tolist()):
            members = places[labels == label].astype(np.float64)
            if len(members) > 1 and (np.abs(members - places[row]) <= threshold).any():
                square = np.mean((members - places[row]) ** 2) / (1 + 0.3 * (1 - 2 / (len(members) + 1)))
                near += [(round(float(square), 6), label)] if square <= threshold**2 + 1e-9 else []
        joined[row] = min(near)[1] if near else -1
    return joined


@pytest.mark.parametrize("method", METHODS)
def test_what_people_said_opens_the_gate(method: str) -> None:
    same = np.zeros((4, 2), dtype=np.float32)
    low = rated(4, 0, 1, 2, 3)
    bound = cluster(same, method=method, threshold=1.0, qualities=low, constraints=said(4, must_link=[[0, 1]]))
    assert bound.tolist() == [0, 0, 0, 0]
    named = cluster(
        same[:3], method=method, threshold=1.0, qualities=rated(3, 0, 1), constraints=said(3, person=[5, -1, -1])
    )
    assert named[0] == named[1] >= 0


def test_a_low_face_obeys_the_rules_and_takes_the_next_best() -> None:
    vectors = points(0.0, 0.1, 0.79, 1.5, 1.6)
    assert cluster(vectors, threshold=1.0, qualities=rated(5, 2)).tolist() == [0, 0, 0, 1, 1]
    kept = said(5, cannot_link=[[1, 2]])
    assert cluster(vectors, threshold=1.0, qualities=rated(5, 2), constraints=kept).tolist() == [1, 1, 0, 0, 0]
    one_photo = said(5, photo=[-1, 7, 7, 7, -1])
    assert cluster(vectors, threshold=1.0, qualities=rated(5, 2), constraints=one_photo)[2] == -1


def test_two_low_faces_of_one_photo_do_not_join_one_cluster() -> None:
    vectors = points(0.0, 0.1, 0.5, -0.9)
    labels = cluster(vectors, threshold=1.5, qualities=rated(4, 2, 3), constraints=said(4, photo=[-1, -1, 6, 6]))
    assert labels.tolist() == [0, 0, 0, -1]


def test_a_new_low_face_joins_an_album_and_neither_begins_one_nor_hints_that_two_are_one() -> None:
    old, albums = points(0.0, 0.2, 1.6, 1.8, 9.0), np.array([3, 3, 5, 5, -1])
    new = points(0.7, 9.1, 20.0, 20.0)
    low = rated(9, 5, 6, 7, 8)
    found = extend(old, albums, new, threshold=1.2, qualities=low)
    assert found.labels.tolist() == [3, -1, -1, -1]
    assert not len(found.woken)
    assert not len(found.merges)
    good = extend(old, albums, new, threshold=1.2, qualities=rated(9))
    assert good.labels.tolist() == [3, 6, 7, 7]
    assert good.woken.tolist() == [[4, 6]]


def test_an_old_low_face_joins_the_album_that_new_faces_begin() -> None:
    old, albums, new = points(0.0, 0.1), np.array([-1, -1]), points(0.2, 0.3)
    found = extend(old, albums, new, threshold=1.0, qualities=rated(4, 0, 1))
    assert found.labels.tolist() == [0, 0]
    assert found.woken.tolist() == [[0, 0], [1, 0]]


def test_an_album_counts_as_all_of_its_faces() -> None:
    centres = points(0.0, 2.0)
    graph = graph_of(2, np.array([0], dtype=np.int32), np.array([1], dtype=np.int32), np.ones(1, dtype=np.float32))
    problem = Problem(centres, graph, rules_of(unconstrained(2), centres, 0), 2.0)
    labels, low = np.array([4, -1]), np.array([False, True])
    of_nodes = {"sizes": np.array([3, 1]), "spreads": np.array([0.5, 0.0], dtype=np.float32)}
    assert joined_by_low(problem, labels, low).tolist() == [4, -1]  # a single face
    assert joined_by_low(problem, labels, low, **of_nodes).tolist() == [4, 4]
    of_nodes["spreads"][0] = 1.0  # 4 + 1 > 4 (1 + 0.3 / 2)
    assert joined_by_low(problem, labels, low, **of_nodes).tolist() == [4, -1]
