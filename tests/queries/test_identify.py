"""Who a probe is, by each method: over drawn faces of people with few and with many photos."""

from __future__ import annotations

import numpy as np
import pytest

from faceindex.errors import UsageError
from faceindex.queries.identify import (
    VOTES,
    Floats,
    Numbers,
    Ranking,
    nearest_exemplar,
    nearest_of_each,
    probabilities,
    vote,
)
from faceindex.queries.svm import svm
from faceindex.types import Vectors

MIDDLE, WIDTH = 1.0, 0.03


def evidence(distances: Floats) -> Floats:
    return (MIDDLE - distances) / WIDTH


class Drawn:
    """People around centres of length 1, with this many faces each; faces of one person are some 0.6 apart."""

    def __init__(self, *counts: int, spread: float = 0.04) -> None:
        self.random = np.random.default_rng(0)
        self.spread = spread
        centres = self.random.standard_normal((len(counts), 128))
        self.centres = centres / np.linalg.norm(centres, axis=1, keepdims=True)
        self.people = np.repeat(np.arange(len(counts)), counts)
        self.vectors: Vectors = np.stack([self.face(person) for person in self.people.tolist()])

    def face(self, person: int | np.integer) -> Vectors:
        drawn: Vectors = (self.centres[person] + self.spread * self.random.standard_normal(128)).astype(np.float32)
        return drawn

    def distances(self, probe: Vectors) -> Floats:
        return np.asarray(np.linalg.norm(self.vectors.astype(np.float64) - probe, axis=1))

    def ranking(self, method: str, probe: Vectors) -> Ranking:
        distances = self.distances(probe)
        if method == "svm":
            return svm(probe, self.vectors, distances, evidence(distances), self.people)
        return {"vote": vote, "nearest": nearest_exemplar}[method](distances, evidence(distances), self.people)


@pytest.mark.parametrize("method", ["vote", "nearest", "svm"])
def test_people_are_found_whether_they_have_one_photo_or_hundreds(method: str) -> None:
    drawn = Drawn(1, 3, 400, 1, 30, 2)
    for person in range(6):
        found = [drawn.ranking(method, drawn.face(person)) for _ in range(10)]
        assert [ranking.people[0] for ranking in found] == [person] * 10


@pytest.mark.parametrize("method", ["vote", "nearest", "svm"])
def test_rankings_fall_and_show_the_nearest_faces_of_each_person(method: str) -> None:
    drawn = Drawn(1, 5, 20, 2)
    probe = drawn.face(2)
    distances, ranking = drawn.distances(probe), drawn.ranking(method, probe)
    assert sorted(ranking.people.tolist()) == [0, 1, 2, 3]
    assert (np.diff(ranking.scores) <= 0).all()
    for person, rows in zip(ranking.people, ranking.rows, strict=True):
        own = np.flatnonzero(drawn.people == person)
        nearest = own[np.argsort(distances[own])][:VOTES]
        assert rows.tolist() == [*nearest.tolist(), *[-1] * (VOTES - len(nearest))]


def test_somebody_with_thousands_of_far_photos_does_not_swallow_somebody_with_one_near_one() -> None:
    distances = np.concatenate([[0.85], np.full(2000, 0.97)])
    people: Numbers = np.concatenate([[0], np.ones(2000, dtype=np.int64)]).astype(np.int64)
    for method in (vote, nearest_exemplar):
        assert method(distances, evidence(distances), people).people[0] == 0


def test_three_faces_that_resemble_say_more_than_one_that_does_so_hardly_better() -> None:
    distances = np.array([0.80, 0.81, 0.81, 0.82])
    people = np.array([0, 1, 1, 1])
    assert vote(distances, evidence(distances), people).people[0] == 1
    assert nearest_exemplar(distances, evidence(distances), people).people[0] == 0


def test_probabilities_leave_room_for_somebody_unknown() -> None:
    sure = probabilities(np.array([20.0, -5.0, -9.0]))
    assert sure[0] > 0.999
    assert sure.sum() < 1
    torn = probabilities(np.array([20.0, 20.0]))
    assert torn == pytest.approx([0.5, 0.5], abs=1e-6)
    assert probabilities(np.array([0.0])) == pytest.approx([0.5])
    assert probabilities(np.zeros(1000)).sum() == pytest.approx(0.5)
    crowd = probabilities(np.array([5.0, *np.full(999, -50.0)]))
    assert crowd[0] < 0.15  # among a thousand people the same evidence says less
    assert len(probabilities(np.empty(0))) == 0


def test_an_empty_gallery_and_a_person_alone() -> None:
    nobody = vote(np.empty(0), np.empty(0), np.empty(0, dtype=np.int64))
    assert nobody.people.shape == (0,)
    assert nearest_of_each(np.empty(0), np.empty(0, dtype=np.int64))[1].shape == (0, VOTES)
    drawn = Drawn(4)
    assert drawn.ranking("svm", drawn.face(0)).people.tolist() == [0]
    two = Drawn(4, 4)
    assert two.ranking("svm", two.face(0)).people.tolist() == [0, 1]
    assert two.ranking("svm", two.face(1)).people.tolist() == [1, 0]


def test_svm_without_scikit_learn_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("faceindex.queries.svm.is_installed", lambda: False)
    two = Drawn(3, 3)
    with pytest.raises(UsageError, match=r"pip install 'faceindex\[svm\]'"):
        two.ranking("svm", two.face(0))
