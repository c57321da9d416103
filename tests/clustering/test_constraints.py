"""What the user said holds, in every method, whatever the vectors are."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from drawn_constraints import assert_obeyed, constraints
from hypothesis import given, settings
from hypothesis import strategies as st

from faceindex.clustering.cluster import cluster
from faceindex.clustering.constraints import Constraints, cohabitants, pairs_in_photos, unconstrained
from faceindex.clustering.methods import METHODS
from faceindex.types import Labels, Vectors

NONE = np.empty((0, 2), dtype=np.int64)


def said(count: int, **known: object) -> Constraints:
    plain = unconstrained(count)
    person, photo = (np.array(known.get(k, getattr(plain, k)), dtype=np.int64) for k in ("person", "photo"))
    must_link, cannot_link = (np.array(known.get(k, NONE), dtype=np.int64) for k in ("must_link", "cannot_link"))
    return Constraints(person, must_link, cannot_link, photo)


def people(sizes: list[int], seed: int = 0, spread: float = 0.03) -> Vectors:
    """Clear groups, in corners at a distance of 1.4 of each other."""
    vectors = np.repeat(np.eye(len(sizes), 16), sizes, axis=0)
    return (vectors + np.random.default_rng(seed).normal(size=vectors.shape) * spread).astype(np.float32)


def same(labels: Labels, *rows: int) -> bool:
    return len(set(labels[list(rows)].tolist())) == 1 and labels[rows[0]] >= 0


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("good", [True, False], ids=["alike", "some-low"])
@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_hard_constraints_are_obeyed(method: str, good: bool, data: st.DataObject) -> None:
    points = data.draw(st.lists(st.tuples(*[st.integers(0, 3)] * 2), max_size=14))
    known = data.draw(constraints(len(points)))
    marks = st.lists(st.sampled_from([0.2, 0.9]), min_size=len(points), max_size=len(points))
    qualities = None if good else np.array(data.draw(marks), dtype=np.float64)
    vectors = np.array(points, dtype=np.float32).reshape(-1, 2)
    threshold = data.draw(st.sampled_from([1.0, 1.5, 3.0]))
    labels = cluster(vectors, method=method, threshold=threshold, qualities=qualities, constraints=known)
    assert_obeyed(labels, known)


@pytest.mark.parametrize("method", METHODS)
@given(data=st.data())
@settings(max_examples=50, deadline=None)
def test_the_order_of_the_rows_does_not_matter_with_constraints_either(method: str, data: st.DataObject) -> None:
    points = data.draw(st.lists(st.tuples(*[st.integers(0, 4)] * 2), unique=True, max_size=14))
    known = data.draw(constraints(len(points)))
    order = np.array(data.draw(st.permutations(range(len(points)))), dtype=np.int64)
    vectors = np.array(points, dtype=np.float32).reshape(-1, 2)
    first = cluster(vectors, method=method, threshold=1.5, constraints=known)
    second = np.empty_like(first)
    second[order] = cluster(vectors[order], method=method, threshold=1.5, constraints=known.reordered(order))
    for a, b in combinations(range(len(points)), 2):
        assert (first[a] == first[b] >= 0) == (second[a] == second[b] >= 0)


@pytest.mark.parametrize("method", METHODS)
def test_faces_far_apart_that_are_one_person_are_one_cluster_with_what_is_near_either(method: str) -> None:
    vectors = people([5, 5, 5])
    for known in (said(15, must_link=[[0, 5]]), said(15, person=[7, *[-1] * 4, 7, *[-1] * 9])):
        labels = cluster(vectors, method=method, threshold=0.5, constraints=known)
        assert same(labels, *range(10))
        assert not same(labels, 0, 10)


@pytest.mark.parametrize("method", METHODS)
def test_two_people_who_look_alike_are_two_clusters_and_the_others_go_to_one_of_them(method: str) -> None:
    vectors = people([10])
    labels = cluster(vectors, method=method, threshold=0.5, constraints=said(10, person=[3, 4, *[-1] * 8]))
    assert labels[0] != labels[1]
    assert set(labels[2:].tolist()) <= {labels[0], labels[1]}


@pytest.mark.parametrize("method", METHODS)
def test_a_rejected_face_is_not_in_the_cluster_and_the_others_are_with_either(method: str) -> None:
    vectors = people([8, 4])
    known = said(12, person=[1, 1, 1, *[-1] * 9], cannot_link=[[0, 7]])
    labels = cluster(vectors, method=method, threshold=0.5, constraints=known)
    assert same(labels, 0, 1, 2)
    assert labels[7] != labels[0]
    assert set(labels[3:7].tolist()) <= {labels[0], labels[7]}


@pytest.mark.parametrize("method", METHODS)
def test_two_faces_of_one_photo_are_two_people(method: str) -> None:
    vectors = people([6])
    vectors[0, 3], vectors[1, 3] = 0.25, -0.25
    assert same(cluster(vectors, method=method, threshold=0.6), *range(6))
    labels = cluster(vectors, method=method, threshold=0.6, constraints=said(6, photo=[0, 0, 1, 2, 3, 4]))
    assert labels[0] != labels[1]


@pytest.mark.parametrize("method", METHODS)
def test_a_face_that_is_twice_in_a_photo_is_one_person(method: str) -> None:
    vectors = people([6], spread=0.05)
    vectors[1] = vectors[0] + 0.01
    labels = cluster(vectors, method=method, threshold=0.6, constraints=said(6, photo=[0, 0, 1, 2, 3, 4]))
    assert same(labels, *range(6))


@pytest.mark.parametrize("method", METHODS)
def test_what_the_user_says_of_two_faces_of_one_photo_is_stronger_than_the_rule(method: str) -> None:
    vectors = people([6], spread=0.05)
    known = said(6, photo=[0, 0, 1, 2, 3, 4], must_link=[[0, 1]])
    assert same(cluster(vectors, method=method, threshold=0.6, constraints=known), *range(6))


def test_one_photo_does_not_part_two_large_halves_of_a_person() -> None:
    vectors = people([40], spread=0.06)
    photo = np.arange(40)
    photo[1] = 0
    labels = cluster(vectors, method="linkage", threshold=0.5, constraints=said(40, photo=photo))
    assert np.bincount(labels[labels >= 0]).max() >= 39


def test_pairs_in_photos_are_all_of_them_once() -> None:
    photo = np.array([4, -1, 2, 4, 4, -1, 2, 9])
    pairs = {frozenset(pair) for pair in pairs_in_photos(photo).tolist()}
    assert pairs == {frozenset(pair) for pair in [(0, 3), (0, 4), (3, 4), (2, 6)]}
    assert len(pairs_in_photos(photo)) == 4
    labels = np.array([0, 0, 1, 0, 2, -1, 1, -1])
    assert sorted(map(sorted, cohabitants(labels, photo).tolist())) == [[0, 3], [2, 6]]
    assert pairs_in_photos(np.full(5, -1)).shape == (0, 2)


def test_reordered_constraints_are_about_the_same_faces() -> None:
    known = said(3, person=[5, -1, 6], must_link=[[0, 1]], cannot_link=[[1, 2]], photo=[7, 8, 9])
    moved = known.reordered(np.array([2, 0, 1]))
    assert moved.person.tolist() == [6, 5, -1]
    assert moved.photo.tolist() == [9, 7, 8]
    assert moved.must_link.tolist() == [[1, 2]]
    assert moved.cannot_link.tolist() == [[2, 0]]
