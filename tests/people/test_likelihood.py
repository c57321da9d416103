"""What a distance between two groups says, over years and in a crowd."""

from __future__ import annotations

import numpy as np
import pytest

from faceindex.faces.recipe import recipe
from faceindex.judgement.library_calibration import of_recipe
from faceindex.people.likelihood import Odds, telling
from faceindex.search.growing_up import FAR, years_between

ODDS = Odds(of_recipe(recipe("sface-dlib")), 1000)


def test_years_between_photos_are_those_between_the_nearest_two() -> None:
    first, last = np.array([1980.0, 1980.0, 1980.0, np.nan]), np.array([1985.0, 2001.0, 1985.0, np.nan])
    found = years_between(
        first, last, np.array([2000.0, 2000.0, np.nan, 1990.0]), np.array([2002.0, 2002.0, np.nan, 1990.0])
    )
    assert found.tolist() == [15, 0, 0, 0]
    assert years_between(2000.0, 2002.0, 1980.0, 1985.0) == 15 > FAR


def test_the_later_of_two_groups_years_between_tells_how_crowded_it_is() -> None:
    child, adult = np.array([0.8]), np.array([1.0])
    assert telling(child, adult, 1980.0, 2000.0, [True]) == 1.0
    assert telling(child, adult, 2000.0, 1980.0, [True]) == 0.8
    assert telling(child, adult, np.nan, 1980.0, [False]) == 1.0


def test_faces_grow_apart_over_years_and_a_child_that_is_one_years_later_is_another() -> None:
    now, later = (float(ODDS.logarithm(1.15, 1.0, far)) for far in (False, True))
    assert later > now
    assert float(ODDS.logarithm(1.15, 0.85, True)) < now


@pytest.mark.parametrize("far", [False, True])
def test_odds_fall_with_the_distance_and_with_the_number_of_candidates(far: bool) -> None:
    logarithms = ODDS.logarithm(np.linspace(0, 1.6, 50), 1.0, far)
    assert np.isfinite(logarithms).all()
    assert (np.diff(logarithms) <= 0).all()
    assert logarithms[30] < Odds(ODDS.calibration, 10).logarithm(np.linspace(0, 1.6, 50), 1.0, far)[30]


def test_near_groups_have_at_least_these_odds() -> None:
    assert float(ODDS.logarithm(np.sqrt(ODDS.square_at(-3.0)), 1.0, False)) == pytest.approx(-3.0, abs=1e-6)
