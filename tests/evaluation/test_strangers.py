"""Pairs of people and false identifications, as brute force counts them."""

from __future__ import annotations

import numpy as np
import pytest
from named_people import named_people

from faceindex.evaluation.strangers import error_over_people, measure_fpir, named_pairs, strangers_within, suspects
from faceindex.judgement.calibration import Calibration, fit
from faceindex.types import Vectors


def distances(a: Vectors, b: Vectors) -> Vectors:
    return np.stack([np.linalg.norm(row.astype(np.float64) - b, axis=1) for row in a])


@pytest.fixture(scope="module")
def calibration() -> Calibration:
    vectors, people, _ = named_people(300, 4)
    pairs = named_pairs(vectors, people)
    return fit(pairs.same, pairs.different)


def test_all_pairs_are_there_and_each_person_weighs_alike() -> None:
    vectors, _, _ = named_people(1, 7)
    people = np.array([0, 0, 0, 1, 1, 2, 3])
    pairs = named_pairs(vectors, people)
    away = distances(vectors, vectors)
    above = np.triu(np.ones((7, 7), dtype=bool), 1)
    one = people[:, None] == people[None]
    np.testing.assert_allclose(np.sort(pairs.same), np.sort(away[above & one]), atol=1e-5)
    np.testing.assert_allclose(np.sort(pairs.different), np.sort(away[above & ~one]), atol=1e-5)
    assert np.sort(pairs.same_weights) == pytest.approx([1 / 3, 1 / 3, 1 / 3, 1])
    assert pairs.different_weights.sum() == pytest.approx(6)  # pairs of four people


def test_strangers_are_those_of_brute_force() -> None:
    vectors, people, _ = named_people(600, 9)  # more than a block each way
    probes, gallery = slice(0, 1500), slice(500, 5400)
    found = strangers_within(vectors[probes], people[probes], vectors[gallery], people[gallery], 0.9)
    rows = np.random.default_rng(0).choice(1500, 50, replace=False)
    for row in rows:
        near = np.linalg.norm(vectors[gallery].astype(np.float64) - vectors[row], axis=1) <= 0.9
        expected = np.flatnonzero(near & (people[gallery] != people[row]))
        assert found[found[:, 0] == row, 1].tolist() == expected.tolist()


def test_false_identifications_are_as_many_as_asked_for_and_counted_per_query(calibration: Calibration) -> None:
    vectors, people, _ = named_people(400, 4, seed=1)
    for asked in (0.3, 3.0):
        found = measure_fpir(vectors, people, calibration, asked)
        assert found.faces == 1599
        away = distances(vectors, vectors)
        strangers = (away <= found.threshold) & (people[:, None] != people[None])
        assert found.measured == pytest.approx(strangers.sum(axis=1).mean())
        assert found.queries == pytest.approx(strangers.any(axis=1).mean())
        assert asked / 2 < found.measured < asked * 2


def test_the_error_is_how_far_the_mean_strays_when_other_people_are_drawn(calibration: Calibration) -> None:
    found = [measure_fpir(*named_people(100, 4, seed=seed)[:2], calibration, 1.0) for seed in range(2, 62)]
    strays = np.std([each.measured for each in found])
    assert np.sqrt(np.mean([each.error**2 for each in found])) == pytest.approx(strays, rel=0.35)


def test_pairs_that_share_a_person_tell_less_than_pairs_apart() -> None:
    people = np.arange(1000)
    apart = np.array([(2 * n, 2 * n + 1) for n in range(20)])
    shared = np.array([(0, n + 1) for n in range(20)])
    of_apart, of_shared = (
        error_over_people(np.concatenate([pairs, pairs[:, ::-1]]), people) for pairs in (apart, shared)
    )
    assert of_apart == pytest.approx(2 * np.sqrt(20) / 1000, rel=0.05)  # as a Poisson number of pairs
    assert of_shared > 4 * of_apart
    assert error_over_people(np.empty((0, 2), dtype=np.int64), people) == 0


def test_one_person_under_two_names_is_suspected_and_told_apart_from_chance(calibration: Calibration) -> None:
    vectors, people, _ = named_people(400, 4, seed=1)
    people = people.copy()
    people[8:10] = 400  # two faces of the third person have another name
    doubted = suspects(vectors, people, calibration, 0.1)
    assert list(doubted) == [(2, 400)]
    assert doubted[2, 400] == pytest.approx(distances(vectors[8:10], vectors[10:12]).min())
    found = measure_fpir(vectors, people, calibration, 0.3, doubted)
    assert found.without_suspects < found.measured
