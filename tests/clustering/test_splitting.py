"""What a method makes by following the graph holds together: no chain of lookalikes is one person's album."""

from __future__ import annotations

import numpy as np
import pytest

from faceindex.clustering.cluster import cluster
from faceindex.clustering.constraints import Constraints, unconstrained
from faceindex.clustering.methods import METHODS
from faceindex.clustering.neighbours import neighbour_graph
from faceindex.clustering.problem import Problem
from faceindex.clustering.rules import rules_of
from faceindex.clustering.splitting import obeying
from faceindex.types import Labels, Vectors


def chain(faces: int, step: float = 0.9) -> Vectors:
    """Faces on a line, each within 1 of the next."""
    return (step * np.arange(faces, dtype=np.float32))[:, None]


def one_cluster(vectors: Vectors, known: Constraints | None = None, excess: float | None = None) -> Labels:
    """What becomes of one cluster of all rows."""
    rules = rules_of(known or unconstrained(len(vectors)), vectors, 0)
    each = None if excess is None else np.full(len(vectors), excess, dtype=np.float32)
    problem = Problem(vectors, neighbour_graph(vectors, 1.0), rules, 1.0, excess=each)
    return obeying(problem, np.zeros(len(vectors), dtype=np.int64))


@pytest.mark.parametrize("method", METHODS)
def test_the_far_ends_of_a_chain_are_not_one_persons(method: str) -> None:
    labels = cluster(chain(20), method=method, threshold=1.0)
    assert labels[0] != labels[19]
    assert np.bincount(labels[labels >= 0]).max() < 4


def test_a_cluster_whose_faces_are_within_the_threshold_on_average_stays_whole() -> None:
    vectors = np.array([0, 0.3, 0.6, 0.9, 1.2], dtype=np.float32)[:, None]
    assert len(set(one_cluster(vectors).tolist())) == 1
    squares = np.square(vectors - vectors.T)[np.triu_indices(5, 1)].mean()
    spare = (1 - squares) / 2
    assert len(set(one_cluster(vectors, excess=0.99 * spare).tolist())) == 1
    assert len(set(one_cluster(vectors, excess=1.01 * spare).tolist())) > 1


def test_faces_that_somebody_put_together_stay_so_however_far_apart_they_are() -> None:
    free = unconstrained(20)
    bound = Constraints(free.person, np.array([[0, 19]]), free.cannot_link, free.photo)
    labels = one_cluster(chain(20), bound)
    assert labels[0] == labels[19] != labels[10]


def test_noise_stays_noise() -> None:
    vectors = np.concatenate([chain(20), [[50.0]]]).astype(np.float32)
    labels = np.append(np.zeros(20, dtype=np.int64), -1)
    free = unconstrained(21)
    for known in (free, Constraints(free.person, np.array([[0, 1]]), free.cannot_link, free.photo)):
        rules = rules_of(known, vectors, 0)
        found = obeying(Problem(vectors, neighbour_graph(vectors, 1.0), rules, 1.0), labels)
        assert found[20] == -1
        assert (found[:20] >= 0).all()
