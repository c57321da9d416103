"""Clusters become one where each is clearly the other's nearest, within the limit of average linkage."""

from __future__ import annotations

import numpy as np

from faceindex.clustering.clear_pairs import CLEARLY, with_clear_pairs
from faceindex.clustering.cluster import cluster
from faceindex.clustering.constraints import Constraints, unconstrained
from faceindex.clustering.linkage import GROWTH
from faceindex.clustering.methods import METHODS
from faceindex.clustering.neighbours import neighbour_graph
from faceindex.clustering.problem import Problem
from faceindex.clustering.rules import rules_of
from faceindex.types import Labels, Vectors

LIMIT = np.sqrt(1 + GROWTH * (1 - 2 / 9))
"""Up to which nine faces are one person's, when two are up to 1."""


def person(faces: int = 8, apart: float = 0.0) -> Vectors:
    """Faces of one person, any two of them `apart`."""
    return np.asarray(apart / np.sqrt(2) * np.eye(faces, 16), dtype=np.float32)


def away(distance: float, axis: int = 15) -> Vectors:
    """A face so far from every face of a `person()`."""
    face = np.zeros((1, 16), dtype=np.float32)
    face[0, axis] = distance
    return face


def merged(vectors: Vectors, labels: list[int], left_out: list[int] | None = None, **known: object) -> Labels:
    free = unconstrained(len(vectors))
    said = {name: np.array(value, dtype=np.int64) for name, value in known.items()}
    fields = ("person", "must_link", "cannot_link", "photo")
    rules = rules_of(Constraints(*(said.get(name, getattr(free, name)) for name in fields)), vectors, 0)
    problem = Problem(vectors, neighbour_graph(vectors, 1.0), rules, 1.0)
    return with_clear_pairs(problem, np.array(labels), np.isin(np.arange(len(vectors)), left_out or []))


def test_a_face_beyond_the_threshold_of_each_joins_the_person_it_is_near_on_average() -> None:
    vectors = np.concatenate([person(), away(0.99 * LIMIT)])
    assert 0.99 * LIMIT > 1
    assert len(set(merged(vectors, [0] * 8 + [1]).tolist())) == 1
    assert cluster(vectors, threshold=1.0).tolist() == [0] * 9
    assert len(set(merged(np.concatenate([person(), away(1.01 * LIMIT)]), [0] * 8 + [1]).tolist())) == 2


def test_two_faces_alone_beyond_the_threshold_stay_alone() -> None:
    vectors = np.concatenate([away(0.0), away(1.01)])
    for method in METHODS:
        assert cluster(vectors, method=method, threshold=1.0).tolist() == [-1, -1]


def test_it_joins_nobody_when_another_is_nearly_as_near() -> None:
    near, further = 1.05, 1.05 / LIMIT / CLEARLY  # costs, of the person and of a face alone
    for place, people in ((1.03 * further, 2), (0.97 * further, 3)):
        vectors = np.concatenate([person(), away(near), away(near) + away(place, axis=14)])
        assert len(set(merged(vectors, [0] * 8 + [1, 2]).tolist())) == people


def test_noise_and_what_is_left_out_merge_with_nothing_and_are_in_nobodys_way() -> None:
    vectors = np.concatenate([person(), away(1.05), away(1.05)])
    assert len(set(merged(vectors, [0] * 8 + [1, 2]).tolist())) == 2  # the two alone are the same
    assert merged(vectors, [0] * 8 + [1, 2], left_out=[9]).tolist() in ([0] * 9 + [2], [1] * 9 + [2])
    assert merged(vectors, [0] * 8 + [1, -1]).tolist() in ([0] * 9 + [-1], [1] * 9 + [-1])
    assert merged(vectors, [0] * 8 + [-1, -1]).tolist() == [0] * 8 + [-1, -1]


def test_what_must_be_apart_does_not_merge() -> None:
    vectors = np.concatenate([person(), away(1.05)])
    labels = [0] * 8 + [1]
    assert len(set(merged(vectors, labels, cannot_link=[[3, 8]]).tolist())) == 2
    assert len(set(merged(vectors, labels, person=[7, 7, *[-1] * 6, 8]).tolist())) == 2
    assert len(set(merged(vectors, labels, person=[7, 7, *[-1] * 6, -1]).tolist())) == 1
    assert len(set(merged(vectors, labels, photo=[*range(7), 8, 8]).tolist())) == 2


def test_who_is_nearest_is_found_among_more_clusters_than_are_compared_at_a_time() -> None:
    random = np.random.default_rng(0)
    centres = 9 * random.normal(size=(700, 16)).astype(np.float32)
    vectors = np.concatenate([(person() + centre) for centre in centres] + [away(1.05) + centres[650]])
    labels = [*np.repeat(np.arange(700), 8).tolist(), 700]
    found = merged(vectors, labels)
    assert found[-1] == found[650 * 8]
    assert len(set(found.tolist())) == 700
