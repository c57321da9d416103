"""Where many strangers are near each other, only faces that are nearer than they are become one person's."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from faceindex.clustering.cluster import cluster
from faceindex.clustering.constraints import Constraints, unconstrained
from faceindex.clustering.crowding import CROWD, KEPT, OWN, STRICT, crowd_among, excess_of, uncrowded
from faceindex.clustering.extend import extend
from faceindex.clustering.methods import METHODS
from faceindex.clustering.neighbours import neighbour_graph
from faceindex.types import Vectors

THRESHOLD = 1.0


def crowd(people: int, faces: int, apart: float = 0.95, near: float = 0.3) -> Vectors:
    """`faces` of each of `people`, any two of whom are `apart`; those of one person are `near` each other."""
    corners = np.eye(people, 64, dtype=np.float32) * np.float32(apart / np.sqrt(2))
    own = np.eye(faces, 64, k=64 - faces, dtype=np.float32) * np.float32(near / np.sqrt(2))
    return (corners[:, None] + own).reshape(-1, 64)


def by_hand(points: list[int], group: np.ndarray, threshold: float) -> list[float]:
    """The excess of points on a line."""
    near = [[abs(one - other) <= STRICT * threshold for other in points] for one in points]
    fragment = [-1] * len(points)
    for middle in sorted(range(len(points)), key=lambda row: -sum(near[row])):
        if fragment[middle] < 0:
            fragment = [middle if near[middle][row] and known < 0 else known for row, known in enumerate(fragment)]
    for one in range(len(points)):
        for other in range(len(points)):
            if group[one] == group[other]:
                old, new = fragment[other], fragment[one]
                fragment = [new if number == old else number for number in fragment]
    found = []
    for one, point in enumerate(points):
        nearest: dict[int, float] = {}
        own = (
            sum(abs(point - place) <= threshold and fragment[o] == fragment[one] for o, place in enumerate(points)) - 1
        )
        for other, place in enumerate(points):
            away = abs(point - place)
            if away <= threshold and fragment[other] != fragment[one]:
                nearest[fragment[other]] = min(away, nearest.get(fragment[other], np.inf))
        reach = sorted(nearest.values())[CROWD - 1] if len(nearest) >= CROWD + own // OWN else np.inf
        found.append(max(0.0, (threshold**2 - (KEPT * reach) ** 2) / 2))
    return found


@pytest.mark.parametrize("method", METHODS)
def test_a_crowd_of_strangers_is_no_album_and_its_people_have_theirs(method: str) -> None:
    vectors = crowd(people=20, faces=3)
    labels = cluster(vectors, method=method, threshold=THRESHOLD)
    assert (labels.reshape(20, 3) == labels.reshape(20, 3)[:, :1]).all()
    assert len(set(labels.tolist())) == 20


@pytest.mark.parametrize("method", METHODS)
def test_the_same_distance_makes_an_album_where_nobody_else_is_near(method: str) -> None:
    vectors = crowd(people=2, faces=3)
    assert cluster(vectors, method=method, threshold=THRESHOLD).tolist() == [0] * 6


def test_a_person_of_many_faces_is_no_crowd() -> None:
    vectors = crowd(people=1, faces=40, near=0.95 * STRICT)
    graph = neighbour_graph(vectors, THRESHOLD)
    assert not excess_of(graph, THRESHOLD, np.arange(40)).any()
    assert uncrowded(graph, THRESHOLD, np.zeros(40, dtype=np.float32)) is graph


def test_those_whom_people_bound_to_each_other_are_one_stranger() -> None:
    vectors = crowd(people=CROWD + 1, faces=1)
    graph, alone = neighbour_graph(vectors, THRESHOLD), np.arange(CROWD + 1)
    assert (excess_of(graph, THRESHOLD, alone) > 0.2).all()
    assert not excess_of(graph, THRESHOLD, np.array([0, 0, *range(1, CROWD)])).any()
    bound = unconstrained(CROWD + 1)
    bound = Constraints(bound.person, np.array([[0, 1]]), bound.cannot_link, bound.photo)
    assert cluster(vectors, threshold=THRESHOLD, constraints=bound).tolist() == [0] * (CROWD + 1)


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 12)), min_size=1, max_size=30))
def test_the_excess_is_what_meeting_strangers_one_by_one_gives(faces: list[tuple[int, int]]) -> None:
    points, group = [point for point, _ in faces], np.unique([bound for _, bound in faces], return_inverse=True)[1]
    vectors = np.array(points, dtype=np.float32)[:, None]
    found = excess_of(neighbour_graph(vectors, 20.0), 20.0, group.astype(np.int64))
    assert found == pytest.approx(by_hand(points, group, 20.0), abs=1e-3)


def test_a_new_face_in_a_crowd_joins_its_person_and_nobody_else() -> None:
    vectors = crowd(people=10, faces=3).reshape(10, 3, 64)
    old, albums = vectors[:9, :2].reshape(-1, 64), np.repeat(np.arange(9), 2)
    new = np.concatenate([vectors[4, 2:], vectors[9, :1]])
    assert extend(old, albums, new, threshold=THRESHOLD).labels.tolist() == [4, -1]
    assert extend(old[:2], albums[:2], new[1:], threshold=THRESHOLD).labels.tolist() == [0]


def test_a_crowd_is_met_among_more_faces_than_the_graph_is_complete_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """So many photos of one person that their nearest neighbours are all in a few of these."""
    monkeypatch.setattr("faceindex.clustering.cluster.COMPLETE", 100)
    monkeypatch.setattr("faceindex.clustering.neighbours.COMPLETE", 100)
    random = np.random.default_rng(0)
    person = random.normal(size=(600, 64)).astype(np.float32) * np.float32(0.5 / 8)
    person[:, 0] += 9
    vectors = np.concatenate([crowd(people=20, faces=2, apart=0.97), person])
    labels = cluster(vectors, threshold=THRESHOLD)
    assert (labels[40:] == 0).all()
    assert (labels[:40].reshape(20, 2) == labels[:40].reshape(20, 2)[:, :1]).all()
    assert len(set(labels[:40].tolist())) == 20
    ordinary = cluster(vectors, threshold=THRESHOLD, usual=40.0)  # so many strangers are no crowd in this library
    assert len(set(ordinary[:40].tolist())) < 4


def test_how_many_strangers_are_a_crowd_grows_with_those_that_a_face_usually_has() -> None:
    assert [crowd_among(usual) for usual in (0, 0.01, 0.1, 1, 7, 100)] == [CROWD, 4, 5, 9, 21, 144]
    random = np.random.default_rng(0)
    for usual in (0.01, 0.1, 1.0, 7.0, 100.0):
        met = random.poisson(usual, 1_000_000) >= crowd_among(usual)
        assert met.mean() < 1e-3
