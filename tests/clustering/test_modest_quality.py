"""Modest faces: no bridges between clusters, members of one afterwards, and never lost."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from faceindex.clustering.cluster import MODEST_LAST, MODEST_QUALITY, cluster
from faceindex.clustering.constraints import Constraints, unconstrained
from faceindex.clustering.graph import without
from faceindex.clustering.methods import METHODS
from faceindex.clustering.modest_quality import joined, modest_last
from faceindex.clustering.neighbours import neighbour_graph
from faceindex.clustering.problem import Problem
from faceindex.clustering.rules import rules_of
from faceindex.clustering.whispers import whispers
from faceindex.types import Labels, Vectors

BRIDGED = np.array([0, 1, 2, 3.4, 4.6, 6, 7, 8], dtype=np.float32)[:, None]
"""Two groups of three on a line, and two faces between them that make one of both."""

BRIDGE = np.array([3, 4])


def problem(points: Vectors, threshold: float, known: Constraints | None = None) -> Problem:
    rules = rules_of(known or unconstrained(len(points)), points, 0)
    return Problem(points, neighbour_graph(points, threshold), rules, threshold)


def flags(count: int, *chosen: int) -> np.ndarray:
    return np.isin(np.arange(count), chosen)


def qualities(count: int, *modest: int) -> np.ndarray:
    return np.where(flags(count, *modest), MODEST_QUALITY - 0.1, MODEST_QUALITY + 0.1)


def test_a_graph_without_faces_has_none_of_their_edges() -> None:
    graph = without(neighbour_graph(BRIDGED, 1.5), flags(8, *BRIDGE))
    expected = neighbour_graph(np.delete(BRIDGED, BRIDGE, axis=0), 1.5)
    kept = np.delete(np.arange(8), BRIDGE)
    assert graph.size == 8
    assert np.diff(graph.start)[BRIDGE].tolist() == [0, 0]
    assert graph.neighbour.tolist() == kept[expected.neighbour].tolist()
    assert graph.distance.tolist() == expected.distance.tolist()


@pytest.mark.parametrize("method", MODEST_LAST)
def test_faces_of_modest_quality_between_two_groups_do_not_make_them_one(method: str) -> None:
    labels = cluster(BRIDGED, method=method, threshold=1.5, qualities=qualities(8, *BRIDGE), modest_last=True)
    assert labels.tolist() == [0, 0, 0, 0, 1, 1, 1, 1]


def test_a_face_of_modest_quality_joins_most_of_its_neighbours_and_of_equals_the_nearest() -> None:
    points = np.array([0.0, 0.1, 1.0, 2.0, 1.9], dtype=np.float32)[:, None]
    given = problem(points, 1.0)
    assert joined(given, np.array([7, 7, 9, 3, 3]), flags(5, 2)).tolist() == [7, 7, 3, 3, 3]  # 1.9 is nearest
    assert joined(given, np.array([7, 7, 9, 3, 5]), flags(5, 2)).tolist() == [7, 7, 7, 3, 5]
    assert joined(given, np.array([-1, -1, 9, -1, 5]), flags(5, 2)).tolist() == [-1, -1, 5, -1, 5]
    assert joined(given, np.array([-1, -1, 9, -1, -1]), flags(5, 2)).tolist() == [-1, -1, 9, -1, -1]


@pytest.mark.parametrize("method", METHODS)
def test_faces_of_modest_quality_alone_among_themselves_are_clustered_as_good_ones_are(method: str) -> None:
    vectors = np.repeat(np.eye(3, 16, dtype=np.float32), [3, 4, 1], axis=0)
    modest = qualities(8, *range(8))
    expected = cluster(vectors, method=method, threshold=0.5).tolist()
    assert expected == [1, 1, 1, 0, 0, 0, 0, -1]
    assert cluster(vectors, method=method, threshold=0.5, qualities=modest, modest_last=True).tolist() == expected
    assert (
        cluster(vectors, method=method, threshold=0.5, qualities=qualities(8, 0, 1, 2), modest_last=True).tolist()
        == expected
    )


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("value", [np.nan, 1.0])
def test_good_faces_and_faces_of_unknown_quality_are_clustered_as_ever(method: str, value: float) -> None:
    vectors = np.random.default_rng(0).normal(size=(200, 4)).astype(np.float32)
    labels = cluster(vectors, method=method, threshold=0.8, qualities=np.full(200, value), modest_last=True)
    assert labels.tolist() == cluster(vectors, method=method, threshold=0.8).tolist()


@pytest.mark.parametrize("method", METHODS)
def test_any_order_of_the_rows_gives_the_same_clusters(method: str) -> None:
    random = np.random.default_rng(1)
    vectors: Vectors = random.integers(0, 4, size=(80, 3)).astype(np.float32)  # many equal rows
    good = random.choice([0.2, 0.5, 0.9, 1.0], size=80)
    expected = cluster(vectors, method=method, threshold=1.0, qualities=good, modest_last=True)
    for _ in range(8):
        order = random.permutation(80)
        labels = np.empty(80, dtype=np.int64)
        labels[order] = cluster(vectors[order], method=method, threshold=1.0, qualities=good[order], modest_last=True)
        together = labels[:, None] == labels
        assert np.array_equal(together & (labels >= 0), (expected[:, None] == expected) & (expected >= 0))


def by_hand(given: Problem, modest: np.ndarray) -> Labels:
    graph, labels = given.graph, whispers(given.without(modest))
    result = labels.copy()
    for face in np.flatnonzero(modest):
        edges = range(graph.start[face], graph.start[face + 1])
        near = [(graph.distance[e], labels[graph.neighbour[e]]) for e in edges if not modest[graph.neighbour[e]]]
        if near:
            votes = [label for _, label in near]
            choice = {x: (-votes.count(x), min(d for d, label in near if label == x), x) for x in votes}
            result[face] = min(choice, key=lambda label: choice[label])
    return result


@given(st.lists(st.tuples(st.integers(0, 12), st.booleans()), min_size=1, max_size=30))
def test_joining_is_what_counting_neighbours_one_by_one_gives(faces: list[tuple[int, bool]]) -> None:
    given_faces = problem(np.array([[x] for x, _ in faces], dtype=np.float32), 1.0)
    modest = np.array([is_modest for _, is_modest in faces])
    labels, expected = modest_last(given_faces, modest, whispers), by_hand(given_faces, modest)
    settled = ~modest | (expected != np.arange(len(faces)))
    assert np.array_equal(labels[settled], expected[settled])


def test_a_face_of_modest_quality_does_not_join_what_it_must_be_apart_from_but_the_next_best() -> None:
    points = np.array([0.0, 0.1, 0.2, 1.0, 1.7, 1.8], dtype=np.float32)[:, None]
    labels, modest = np.array([7, 7, 7, 3, 5, 5]), flags(6, 3)
    assert joined(problem(points, 1.0), labels, modest).tolist() == [7, 7, 7, 7, 5, 5]
    pair, none = np.array([[1, 3]]), np.empty((0, 2), dtype=np.int64)
    nobody = np.full(6, -1)
    cannot_be_one = problem(points, 1.0, Constraints(nobody, none, pair, nobody))
    assert joined(cannot_be_one, labels, modest).tolist() == [7, 7, 7, 5, 5, 5]
    ann, bob = np.array([1, -1, -1, 2, -1, -1]), np.array([1, -1, -1, 2, 3, -1])
    assert joined(problem(points, 1.0, Constraints(ann, none, none, nobody)), labels, modest)[3] == 5
    assert joined(problem(points, 1.0, Constraints(bob, none, none, nobody)), labels, modest)[3] == 3


def test_two_faces_of_modest_quality_of_one_photo_do_not_join_one_cluster() -> None:
    points = np.array([0.0, 0.1, 0.5, 0.8], dtype=np.float32)[:, None]
    nobody, none = np.full(4, -1), np.empty((0, 2), dtype=np.int64)
    photo = Constraints(nobody, none, none, np.array([-1, -1, 6, 6]))
    found = joined(problem(points, 1.0, photo), np.array([7, 7, 8, 9]), flags(4, 2, 3))
    assert found.tolist() == [7, 7, 7, 9]


def joined_one_by_one(given: Problem, labels: Labels, modest: np.ndarray) -> list[int]:
    """`joined`, group after group."""
    rules, graph = given.rules, given.graph
    own = [label if label >= 0 else -2 - row for row, label in enumerate(labels.tolist())]
    rows_of = [np.flatnonzero(rules.group == group).tolist() for group in range(rules.groups)]
    of_group = [own[rows[0]] for rows in rows_of]
    people = {of_group[group] for group in np.flatnonzero(rules.named)}
    for group, rows in enumerate(rows_of):
        if not modest[rows].all():
            continue
        votes: dict[int, list[float]] = {}
        for row in rows:
            for edge in range(graph.start[row], graph.start[row + 1]):
                end = int(graph.neighbour[edge])
                if not modest[end] and labels[end] >= 0:
                    votes.setdefault(of_group[rules.group[end]], []).append(float(graph.distance[edge]))
        for mate in rules.mate[rules.start[group] : rules.start[group + 1]].tolist():
            votes.pop(of_group[mate], None)
        if rules.named[group]:
            votes = {label: lengths for label, lengths in votes.items() if label not in people}
        if votes:
            of_group[group] = min(votes, key=lambda label: (-len(votes[label]), min(votes[label]), label))
            people |= {of_group[group]} if rules.named[group] else set()
    return [max(-1, of_group[group]) for group in rules.group.tolist()]


@pytest.mark.parametrize("seed", range(12))
def test_faces_join_at_once_as_group_after_group(seed: int) -> None:
    random = np.random.default_rng(seed)
    count = 90
    person = np.where(random.random(count) < 0.2, random.integers(0, 9, count), -1)
    must_link, cannot_link = random.integers(0, count, (2, count // 6, 2))
    known = Constraints(person, must_link, cannot_link, random.integers(-1, count // 2, count))
    given = problem(random.normal(size=(count, 3)).astype(np.float32), 1.2, known)
    modest = random.random(count) < 0.4
    labels = random.integers(-1, 12, count)
    found = joined(given, labels, modest).tolist()
    assert found == joined_one_by_one(given, labels, modest)
    assert found != labels.tolist()
