"""The company of a face: where strangers are nearer than usual distances say less; faces of the person do not count."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest

from faceindex.faces.recipe import recipe
from faceindex.faces.vectors_only import vectors_only
from faceindex.judgement import library_calibration as calibrated
from faceindex.judgement.company import (
    BULK,
    FEWEST_PEOPLE,
    MILDEST,
    MOST,
    MOST_PEOPLE,
    NEAR,
    SMALLEST,
    STEEPNESS,
    company_among,
    tells,
)
from faceindex.types import USUAL, Company, Vectors
from faceindex.vectors.nearest import Distances, FaceIndex, nearest

RECIPE = recipe("sface-dlib")
CALIBRATION = calibrated.of_recipe(RECIPE)


def company(probe: npt.NDArray[np.float32], vectors: Vectors) -> Company:
    asked: list[int] = []

    def near(wanted: int) -> tuple[Distances, Vectors]:
        asked.append(wanted)
        ids, distances = nearest(FaceIndex(np.arange(len(vectors)), vectors), probe, wanted, np.inf)
        return distances, vectors[ids]

    found = company_among(near, len(vectors), CALIBRATION, RECIPE)
    assert asked == sorted(set(asked))
    assert max(asked, default=0) <= MOST
    return found


def usual(strangers: int, faces: int) -> float:
    """Where so many strangers usually are: by the law that the nearest thousandth has, and nearer beyond."""
    return CALIBRATION.threshold(strangers, faces) * (1 - BULK * max(0.0, math.log(1000 * strangers / faces)))


def ring(places: list[float], seed: int = 0) -> Vectors:
    """Faces at these distances from the origin, at right angles to each other where they can be."""
    random = np.random.default_rng(seed)
    directions = np.linalg.qr(random.normal(size=(128, 128)))[0]
    more = random.normal(size=(max(0, len(places) - 128), 128))
    directions = np.concatenate([directions, more / np.linalg.norm(more, axis=1, keepdims=True)])
    faces: Vectors = (directions[: len(places)] * np.array(places)[:, None]).astype(np.float32)
    return faces


def test_a_face_has_usual_company_where_its_strangers_are_as_far_as_the_law_says() -> None:
    places = [usual(number, 2000) for number in range(1, 101)]
    vectors = np.concatenate([ring(places), ring([3.0] * 1900, seed=1)])
    found = company(np.zeros(128, np.float32), vectors)
    assert found.people == MOST_PEOPLE
    assert found.factor == pytest.approx(1.0)
    assert found.distance == pytest.approx(found.usual)
    assert found.usual == pytest.approx(usual(MOST_PEOPLE, 2000))


@pytest.mark.parametrize("nearer", [0.88, 0.95, 1.0, 1.05, 1.5])
def test_the_factor_follows_how_near_strangers_are(nearer: float) -> None:
    places = [nearer * usual(number, 2000) for number in range(1, 101)]
    vectors = np.concatenate([ring(places), ring([3.0] * 1900, seed=1)])
    found = company(np.zeros(128, np.float32), vectors)
    if nearer < 1:
        assert found.factor < nearer
    assert found.factor == pytest.approx(min(nearer**STEEPNESS, MILDEST))


@pytest.mark.parametrize("own", [0, 1, 10, NEAR, 200])
def test_the_persons_own_faces_are_no_company_however_many(own: int) -> None:
    strangers = ring([1.3] * 1500)
    random = np.random.default_rng(3)
    mine = (random.normal(size=(own, 128)) * 0.65 / np.sqrt(128)).astype(np.float32)
    found = company(np.zeros(128, np.float32), np.concatenate([strangers, mine]))
    assert found.distance == pytest.approx(1.3, abs=1e-6)


def test_one_stranger_with_many_photos_counts_once_where_it_is_crowded() -> None:
    random = np.random.default_rng(4)
    places = [0.98 + 0.001 * number for number in range(12)]
    crowd = ring(places)
    stranger = crowd[0] + (random.normal(size=(40, 128)) * 0.05 / np.sqrt(128)).astype(np.float32)
    vectors = np.concatenate([crowd, stranger, ring([1.5] * 1500, seed=5)])
    assert company(np.zeros(128, np.float32), vectors).distance == pytest.approx(places[MOST_PEOPLE - 1], abs=1e-6)


def test_a_family_library_is_not_lonely_for_showing_few_people_often() -> None:
    """As many faces are near as the law says, five of each person, so that the eighth person is far away."""
    places = [usual(5 * number, 2000) for number in range(1, 21)]
    five = np.repeat(ring(places), 5, axis=0)
    found = company(np.zeros(128, np.float32), np.concatenate([five, ring([3.0] * 1900, seed=1)]))
    assert found.distance == pytest.approx(usual(5 * MOST_PEOPLE, 2000))
    assert found.distance > 1.04 * found.usual
    assert found.factor == pytest.approx(1.0)


def test_a_small_library_tells_nothing_and_a_larger_one_by_more_people() -> None:
    assert company(np.zeros(128, np.float32), ring([1.0] * (SMALLEST - 1))) is USUAL
    told = [company(np.zeros(128, np.float32), ring([1.0] * faces)).people for faces in (SMALLEST, 699, 700, 1500)]
    assert told == [FEWEST_PEOPLE, FEWEST_PEOPLE, 7, MOST_PEOPLE]
    assert not tells(9999, vectors_only("other", 128))


def test_whoever_fills_all_that_is_looked_at_is_not_judged() -> None:
    random = np.random.default_rng(6)
    mine = (random.normal(size=(MOST, 128)) * 0.3 / np.sqrt(128)).astype(np.float32)
    assert company(np.zeros(128, np.float32), np.concatenate([mine, ring([0.97] * 900)])) is USUAL
