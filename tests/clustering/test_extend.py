"""New faces join albums, make new ones or stay alone; what is there stays as it is."""

from __future__ import annotations

import numpy as np
from drawn_constraints import constraints
from hypothesis import given, settings
from hypothesis import strategies as st

from faceindex.clustering.cluster import cluster
from faceindex.clustering.constraints import Constraints, Rows
from faceindex.clustering.extend import extend
from faceindex.types import Labels, Vectors

NONE = np.empty((0, 2), dtype=np.int64)


def corners(people: list[int], seed: int = 0) -> Vectors:
    """A face for each of `people`, near that person's corner; corners are 1.4 apart."""
    vectors = np.eye(12)[people]
    return (vectors + np.random.default_rng(seed).normal(size=vectors.shape) * 0.03).astype(np.float32)


def said(old: int, new: int, **known: object) -> Constraints:
    nobody = [-1] * (old + new)
    person, photo = (np.array(known.get(key, nobody), dtype=np.int64) for key in ("person", "photo"))
    must_link, cannot_link = (
        np.array(known.get(key, NONE), dtype=np.int64).reshape(-1, 2) for key in ("must_link", "cannot_link")
    )
    return Constraints(person, must_link, cannot_link, photo)


OLD = corners([0, 0, 0, 1, 1, 2])
ALBUMS = np.array([7, 7, 7, 4, 4, -1])


def test_new_faces_join_albums_make_new_ones_wake_those_alone_or_stay_alone() -> None:
    result = extend(OLD, ALBUMS, corners([1, 5, 0, 5, 2, 9], seed=1), threshold=0.5)
    assert result.labels.tolist()[:4] == [4, result.labels[1], 7, result.labels[1]]
    assert result.labels[5] == -1
    fresh = {int(result.labels[1]), int(result.labels[4])}
    assert fresh == {8, 9}
    assert result.woken.tolist() == [[5, result.labels[4]]]
    assert result.merges.shape == (0, 2)


def test_no_new_face_and_no_old_one() -> None:
    none = np.empty((0, 12), dtype=np.float32)
    assert extend(OLD, ALBUMS, none, threshold=0.5).labels.shape == (0,)
    first = extend(none, np.empty(0, dtype=np.int64), corners([1, 1, 2]), threshold=0.5)
    assert first.labels.tolist() == [0, 0, -1]


def test_albums_of_one_person_are_said_to_be_one_but_not_merged() -> None:
    old = corners([0] * 6)
    new = corners([0], seed=3)
    albums = np.array([3, 3, 3, 5, 5, 5])
    result = extend(old, albums, new, threshold=0.5)
    assert result.labels[0] in (3, 5)
    assert result.merges.tolist() == [[3, 5]]
    for known in (said(6, 1, cannot_link=[[0, 3]]), said(6, 1, person=[1, -1, -1, 2, -1, -1, -1])):
        assert extend(old, albums, new, threshold=0.5, constraints=known).merges.tolist() == []
    assert extend(old, albums, corners([4], seed=3), threshold=0.5).merges.tolist() == []


def test_a_new_face_that_has_a_name_goes_where_the_name_is() -> None:
    known = said(6, 1, person=[1, 1, -1, 2, -1, -1, 2])
    assert extend(OLD, ALBUMS, corners([0], seed=1), threshold=0.5, constraints=known).labels.tolist() == [4]
    known = said(6, 1, must_link=[[6, 3]])
    assert extend(OLD, ALBUMS, corners([0], seed=1), threshold=0.5, constraints=known).labels.tolist() == [4]
    known = said(6, 2, person=[1, -1, -1, -1, -1, -1, 3, 3])
    labels = extend(OLD, ALBUMS, corners([0, 0], seed=1), threshold=0.5, constraints=known).labels
    assert labels.tolist() == [8, 8]


def test_a_new_face_does_not_join_an_album_it_was_rejected_from() -> None:
    known = said(6, 1, cannot_link=[[6, 2]])
    assert extend(OLD, ALBUMS, corners([0], seed=1), threshold=0.5, constraints=known).labels.tolist() == [-1]


def test_two_new_faces_of_one_photo_do_not_join_one_album() -> None:
    new = corners([0, 0], seed=1)
    new[0, 11], new[1, 11] = 0.2, -0.2
    free = extend(OLD, ALBUMS, new, threshold=0.6)
    assert free.labels.tolist() == [7, 7]
    both = extend(OLD, ALBUMS, new, threshold=0.6, constraints=said(6, 2, photo=[*[-1] * 6, 9, 9]))
    assert sorted(both.labels.tolist()) == [-1, 7]
    late = extend(OLD, ALBUMS, new[:1] + 0.1, threshold=0.9, constraints=said(6, 1, photo=[9, *[-1] * 5, 9]))
    assert extend(OLD, ALBUMS, new[:1] + 0.1, threshold=0.9).labels.tolist() == [7]
    assert late.labels.tolist() in ([-1], [7])


def test_the_callers_neighbours_are_the_ones_that_count() -> None:
    def blind(new: Vectors, threshold: float) -> tuple[Rows, Rows]:
        return np.array([0]), np.array([3])  # sees one old face, for the first

    result = extend(OLD, ALBUMS, corners([1, 0], seed=1), threshold=0.5, neighbours=blind)
    assert result.labels.tolist() == [4, -1]


def test_most_of_what_clustering_everything_gives() -> None:
    people = np.random.default_rng(0).integers(0, 12, 300).tolist()
    vectors = corners(people)
    old = cluster(vectors[:280], threshold=0.5)
    result = extend(vectors[:280], old, vectors[280:], threshold=0.5)
    labels = np.concatenate([old, result.labels])
    assert len(set(zip(people, labels.tolist(), strict=True))) == 12


@given(data=st.data())
@settings(max_examples=100, deadline=None)
def test_new_faces_obey_what_was_said(data: st.DataObject) -> None:
    points = data.draw(st.lists(st.tuples(*[st.integers(0, 3)] * 2), min_size=1, max_size=12))
    old = data.draw(st.integers(0, len(points)))
    albums = np.array(data.draw(st.lists(st.integers(-1, 2), min_size=old, max_size=old)), dtype=np.int64)
    known = data.draw(constraints(len(points), photos=False))
    vectors = np.array(points, dtype=np.float32)
    result = extend(vectors[:old], albums, vectors[old:], threshold=1.5, constraints=known)
    labels = np.concatenate([albums, result.labels])
    labels[result.woken[:, 0]] = result.woken[:, 1]
    assert set(result.woken[:, 0].tolist()) <= set(np.flatnonzero(albums < 0).tolist())
    assert_new_apart(labels, known, old)


def assert_new_apart(labels: Labels, known: Constraints, old: int) -> None:
    """New faces that nothing binds are not with those they must be apart from."""
    bound = set(known.must_link.ravel().tolist()) | set(np.flatnonzero(known.person >= 0).tolist())
    for i, j in known.cannot_link.tolist():
        if max(i, j) >= old and i != j and not bound & {i, j}:
            assert labels[i] < 0 or labels[i] != labels[j]
