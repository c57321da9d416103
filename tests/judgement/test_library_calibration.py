"""A recipe has its calibration, a library may have its own, and the way back is open."""

from __future__ import annotations

from dataclasses import replace

import pytest
from made_library import MadeLibrary

from faceindex.errors import ModelError
from faceindex.faces.recipe import Recipe, recipe
from faceindex.judgement import library_calibration as calibrated
from faceindex.judgement.calibration import Calibration
from faceindex.models.cards import CalibrationCard, recipe_cards
from faceindex.types import Box

OWN = Calibration(8.0, 40.0, 20.0, 28.125)


def with_card(chosen: Recipe, calibration: CalibrationCard) -> Recipe:
    return replace(chosen, card=replace(chosen.card, calibration=calibration))


@pytest.mark.parametrize("name", sorted(recipe_cards()))
def test_every_recipe_tells_one_person_from_two_around_its_threshold(name: str) -> None:
    chosen = recipe(name)
    calibration = calibrated.of_recipe(chosen)
    assert 0.01 < calibration.prior_of(chosen.match_threshold) < 0.7
    assert calibration.confidence(0.5 * chosen.match_threshold) > 0.99
    assert calibration.confidence(1.3 * chosen.match_threshold) < 0.1
    assert calibration.threshold(0.01, 1_000_000) < calibration.threshold(0.01, 1_000) < chosen.match_threshold


def test_an_own_calibration_holds_until_it_is_forgotten(made: MadeLibrary) -> None:
    assert (calibrated.of_library(made.folder), calibrated.source(made.folder)) == (
        calibrated.of_recipe(recipe("dlib")),
        calibrated.DEFAULT,
    )
    made.store("a", [Box(0, 0, 10, 10)])
    calibrated.keep(made.folder, OWN)
    assert (calibrated.of_library(made.folder), calibrated.source(made.folder)) == (OWN, calibrated.OWN)
    calibrated.forget(made.folder)
    assert calibrated.of_library(made.folder) == calibrated.of_recipe(recipe("dlib"))
    assert calibrated.source(made.folder) == calibrated.DEFAULT


def test_a_calibration_is_no_part_of_the_fingerprint() -> None:
    chosen = recipe("sface")
    other = with_card(chosen, CalibrationCard(1.0, 2.0, 3.0, 2.0))
    assert other.fingerprint == chosen.fingerprint
    assert calibrated.of_recipe(other) != calibrated.of_recipe(chosen)


def test_a_card_that_makes_no_sense_is_named() -> None:
    chosen = recipe("dlib")
    with pytest.raises(ModelError, match="card of recipe dlib tells no calibration"):
        calibrated.of_recipe(with_card(chosen, CalibrationCard(3.0, 2.0, 1.0, 2.0)))
