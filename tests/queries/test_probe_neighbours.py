"""Searches, identify and verify in a library where some people are taken for each other by their vectors alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from people_library import BOX, store_vectors
from typer.testing import CliRunner

import faceindex
from faceindex.cli.app import app
from faceindex.judgement.company import NEAR
from faceindex.queries.probe_neighbours import neighbours_of
from faceindex.queries.probes import Probe
from faceindex.queries.verification import LEAST_CONFIDENCE
from faceindex.search.index import find_nearest
from faceindex.types import USUAL, Vectors

USUAL_PEOPLE, CROWD = 700, 40
CROWDED = 1.08  # distance of two people of the crowd; of two others 1.45
OWN = 0.7


def drawn(count: int, apart: float, seed: int) -> Vectors:
    """float32 [2 * count, 128]: two faces of each person."""
    random = np.random.default_rng(seed)
    centres = random.normal(size=(count, 1, 128)) * np.sqrt(apart**2 - OWN**2)
    faces = centres + random.normal(size=(count, 2, 128)) * OWN
    drawn_faces: Vectors = (faces / 16).astype(np.float32).reshape(-1, 128)
    return drawn_faces


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[faceindex.Library]:
    """Faces 1 to 1400 of people who differ, two of each, and 1401 to 1480 of a crowd; the crowd's first ten have names,
    by the first face of each."""
    path = tmp_path_factory.mktemp("crowd") / "x.faces"
    middle = np.zeros(128, np.float32)
    middle[0] = 3
    store_vectors(path, np.concatenate([drawn(USUAL_PEOPLE, 1.45, 1), middle + drawn(CROWD, CROWDED, 2)]), "p", "sface")
    with faceindex.Library(path, create=False) as opened:
        for number in range(10):
            opened.people.name(f"Child {number}", face=1401 + 2 * number)
        yield opened


def probe(library: faceindex.Library, face: int) -> Probe:
    (found,) = library.faces.probes(face=face)
    return found


def test_a_face_in_a_crowd_finds_its_person_and_no_stranger(library: faceindex.Library) -> None:
    crowd, others = range(1401, 1481), range(1, 201)
    answers = {face: library.faces.matches(probe(library, face), k=100) for face in (*crowd, *others)}
    given = {face: library.faces.matches(probe(library, face), k=100, threshold=1.07) for face in crowd}
    assert sum(len(answer.matches) for answer in given.values()) > 1000  # mostly strangers, of all that a crowd has
    strangers = 0
    for face, answer in answers.items():
        strangers += sum((match.face - 1) // 2 != (face - 1) // 2 for match in answer.matches)
    assert strangers <= 4  # of 280 searches with 0.01 each
    assert np.mean([len(answers[face].matches) for face in crowd]) > 0.7
    assert max(answers[face].company.factor for face in crowd) < 0.95
    assert np.mean([answers[face].company.factor for face in others]) == pytest.approx(1, abs=0.1)


def test_thresholds_that_are_given_hold_and_confidences_say_what_company_does(library: faceindex.Library) -> None:
    asked = probe(library, 1402)
    given, own = library.faces.matches(asked, threshold=1.1), library.faces.matches(asked, fpir=0.01)
    assert given.threshold == 1.1
    assert given.company == own.company
    assert own.threshold == pytest.approx(library.calibration.threshold(0.01, 1480) * own.company.factor)
    sure = {match.distance: match.confidence for match in given.matches}
    plain = library.calibration.confidence_among(list(sure), 1480)
    assert (np.array([*sure.values()]) <= plain).all()
    assert np.mean([*sure.values()]) < 0.5 < np.mean(plain)


@pytest.mark.parametrize("k", [1, 10, NEAR, NEAR + 1, 500])
@pytest.mark.parametrize("fpir", [0.01, 100.0])
def test_each_of_many_finds_what_it_finds_alone(
    library: faceindex.Library, tmp_path: Path, k: int, fpir: float
) -> None:
    faces = [5, 1000, 1401, 1480]
    vectors = library.faces.vectors(faces)[1]
    np.save(tmp_path / "v.npy", vectors)
    answers = list(library.search_many(tmp_path / "v.npy", k=k, fpir=fpir))
    alone = [library.faces.matches(Probe(vector, "", "", BOX, 1.0), k=k, fpir=fpir) for vector in vectors]
    assert [(answer.matches, answer.threshold, answer.company) for answer in answers] == [
        (found.matches, found.threshold, found.company) for found in alone
    ]
    for vector, found in zip(vectors, alone, strict=True):
        index = library._opened.loaded_index()
        ids, _ = find_nearest(library._opened.folder, index, vector, k, found.threshold)
        assert [match.face for match in found.matches] == ids.tolist()


def test_somebody_of_a_crowd_is_not_named_after_another(library: faceindex.Library) -> None:
    named = [library.faces.vectors([1402 + 2 * number])[1][0] for number in range(10)]
    unnamed = [library.faces.vectors([1402 + 2 * number])[1][0] for number in range(10, CROWD)]
    gallery = "the first ten of the crowd"

    def answers(vectors: list[np.ndarray], threshold: float | None) -> list[str | None]:
        from faceindex.library.searching import identified_faces

        probes = [Probe(vector, gallery, "", BOX, 1.0) for vector in vectors]
        found = identified_faces(library._opened, probes, method="vote", threshold=threshold, fpir=None)
        assert all(face.company.factor < 1 for face in found)
        return [face.person for face in found]

    limit = library.calibration.threshold(0.01, 10)
    assert sum(name is not None for name in answers(unnamed, limit)) > 20
    assert answers(unnamed, None).count(None) > 25
    right = sum(name == f"Child {number}" for number, name in enumerate(answers(named, None)))
    assert right >= 8


def test_two_of_a_crowd_are_no_longer_one_person_and_others_as_ever(library: faceindex.Library) -> None:
    limit = library.recipe.match_threshold
    wrong = answered = 0
    for face in range(1401, 1479, 2):
        answer, plain = library.verify(face, face + 2), library.verify(face, face + 2, threshold=limit)
        assert plain.company is USUAL
        wrong += plain.same
        answered += answer.same
        assert answer.threshold == pytest.approx(limit * answer.company.factor)
        assert answer.company.factor < 1
        assert answer.same == (answer.distance <= answer.threshold)
        assert answer.confidence >= LEAST_CONFIDENCE
    assert wrong > 25
    assert answered < 5
    mixed = library.verify(1401, 1)
    assert (mixed.threshold, mixed.company) == (limit, USUAL)  # only where both are in a crowd


def test_what_company_means_is_said_and_written(library: faceindex.Library) -> None:
    where = ["-L", str(library.path)]
    searched = CliRunner().invoke(app, ["search", "--face", "1402", "--explain", *where])
    assert "times the usual one, as other people are nearer to this face than usual: the 8th nearest" in searched.output
    given = CliRunner().invoke(app, ["search", "--face", "1402", "--explain", "--threshold", "1", *where])
    assert "the threshold is the one that was given" in given.output
    verified = CliRunner().invoke(app, ["verify", "--face", "1402", "--face", "1404", "--explain", *where])
    assert "the 8th nearest other person is at" in verified.output
    as_json = CliRunner().invoke(app, ["verify", "--face", "1402", "--face", "1404", "--json", *where])
    assert '"company": {\n    "factor": 0.' in as_json.output


def test_a_search_looks_for_neighbours_once(library: faceindex.Library) -> None:
    opened = library._opened
    index, vector = opened.loaded_index(), library.faces.vectors([7])[1][0]
    near = neighbours_of(opened.folder, index, library.calibration, vector)
    assert near.nearest is not None
    found = near.within(10, 1.2)
    expected = find_nearest(opened.folder, index, vector, 10, 1.2)
    assert found is not None
    assert found[0].tolist() == expected[0].tolist()
    assert near.within(NEAR + 1, 9.0) is None
    assert neighbours_of(opened.folder, index, None, vector).within(1, 9.0) is None
