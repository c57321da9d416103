"""Rank-1, and the detection and identification rate, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from faceindex.evaluation.identification import Identification, enrolled


def test_rates_by_hand() -> None:
    found = Identification(
        right=np.array([True, True, True, False]),
        scores=np.array([9.0, 5.0, 2.0, 8.0]),
        stranger_scores=np.array([1.0, 4.0, 0.5, 3.0, 6.0, 0.1, 0.2, 0.3, 0.4, 0.6]),
    )
    assert found.rank_1 == 0.75
    assert found.threshold(0.0) == 6.0  # nobody is named wrongly
    assert found.threshold(0.1) == 4.0
    assert found.dir(0.0) == pytest.approx(0.25)
    assert found.dir(0.1) == pytest.approx(0.5)
    assert found.dir(1.0) == pytest.approx(0.75)
    for fpir in (0.0, 0.1, 0.3):
        assert np.mean(found.stranger_scores > found.threshold(fpir)) <= fpir


@pytest.mark.parametrize("photos", [1, 3, None])
def test_half_of_the_people_are_enrolled_and_no_face_is_in_two_parts(photos: int | None) -> None:
    people = np.repeat(np.arange(40), np.arange(40) % 5 + 1)
    gallery, probes = enrolled(people, photos, np.random.default_rng(0))
    known = set(people[gallery].tolist())
    assert len(known) == 20
    assert set(people[probes].tolist()) <= known
    assert not (gallery & probes).any()
    strangers = ~gallery & ~probes
    assert not known & set(people[strangers].tolist())
    for person in known:
        own = int(np.sum(people == person))
        expected = max(1, own - 1) if photos is None else min(photos, own)
        assert np.sum(gallery & (people == person)) == expected
