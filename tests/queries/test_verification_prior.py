"""The answer of verify and its confidence never contradict each other, whatever the recipe and the threshold."""

from __future__ import annotations

import numpy as np
import pytest

from faceindex.faces.recipe import recipe
from faceindex.judgement import library_calibration as calibrated
from faceindex.judgement.calibration import Calibration
from faceindex.models.cards import recipe_cards
from faceindex.queries.probes import Probe
from faceindex.queries.verification import compared, judged
from faceindex.types import Box

OWN = Calibration(8.0, 40.0, 20.0, 28.125)
FLAT_BEYOND = Calibration(8.0, 10.0, 60.0, 30.0)  # its likelihood ratio falls no further beyond 1.61

CALIBRATIONS = {name: calibrated.of_recipe(recipe(name)) for name in sorted(recipe_cards())}
CALIBRATIONS |= {"own": OWN, "flat beyond": FLAT_BEYOND}


def thresholds(name: str) -> list[float]:
    usual = recipe_cards()[name].match_threshold if name in recipe_cards() else 1.0
    return [*np.linspace(0.0, 2.5, 26).tolist(), usual, 1e-9, 50.0]


def distances(threshold: float) -> list[float]:
    near = [np.nextafter(threshold, side) for side in (0, 9)] + [threshold + by for by in (-1e-3, -1e-6, 1e-6, 1e-3)]
    return [0.0, *np.linspace(0.01, 3.0, 40).tolist(), threshold, *(max(0.0, float(away)) for away in near)]


def printed_chance_of_same(same: bool, confidence: float) -> float:
    """As a reader of one decimal has it: the probability of one person, in percent."""
    shown = float(f"{confidence:.1%}".rstrip("%"))
    return shown if same else 100 - shown


@pytest.mark.parametrize("name", CALIBRATIONS)
def test_an_answer_is_the_likelier_one_as_printed(name: str) -> None:
    for threshold in thresholds(name):
        for away in distances(threshold):
            same, confidence = judged(away, threshold, CALIBRATIONS[name])
            assert same == (away <= threshold)
            assert same == (printed_chance_of_same(same, confidence) >= 50), (threshold, away, confidence)
            assert 0.5 < confidence <= 1


@pytest.mark.parametrize("name", CALIBRATIONS)
def test_confidence_grows_with_the_distance_from_the_threshold(name: str) -> None:
    threshold = thresholds(name)[-3]
    beyond = [judged(away, threshold, CALIBRATIONS[name])[1] for away in threshold * np.linspace(1.0001, 1.5, 20)]
    within = [judged(away, threshold, CALIBRATIONS[name])[1] for away in threshold * np.linspace(0.5, 1, 20)]
    assert beyond == sorted(beyond)
    assert within == sorted(within, reverse=True)
    assert min(beyond[-1], within[0]) > 0.97
    assert max(beyond[0], within[-1]) < 0.51


def test_the_prior_is_the_one_that_makes_the_threshold_even() -> None:
    for threshold in (0.3, 0.6, 0.9):
        prior = OWN.prior_of(threshold)
        even = prior / (1 - prior) * np.exp(OWN.log_likelihood_ratio(threshold))
        assert even == pytest.approx(1)
    assert OWN.prior_of(0.3) < OWN.prior_of(0.6) < OWN.prior_of(0.9)


def test_the_nearest_of_several_pairs_has_to_be_nearer() -> None:
    limits = [OWN.stricter(0.6, pairs) for pairs in (1, 2, 12, 1000)]
    assert limits[0] == 0.6
    assert limits == sorted(limits, reverse=True)
    ratios = np.exp(OWN.log_likelihood_ratio(limits) - OWN.log_likelihood_ratio(0.6))
    assert ratios == pytest.approx([1, 2, 12, 1000])
    assert 0 <= OWN.stricter(1e-9, 1000) <= 1e-9


@pytest.mark.parametrize("asked", [False, True])
def test_of_several_pairs_answer_and_confidence_agree_too(asked: bool) -> None:
    def side(*places: float) -> list[Probe]:
        return [Probe(np.full(1, at, np.float32), "", "p", Box(0, 0, 9, 9), 1.0) for at in places]

    chosen = ([0], [0, 1, 2])
    for away in np.linspace(0.3, 0.8, 60).tolist():
        answer = compared((side(0), side(away, 5, 9)), chosen, threshold=0.6, calibration=OWN, asked=asked)
        assert answer.threshold == (0.6 if asked else OWN.stricter(0.6, 3))
        assert answer.same == (answer.distance <= answer.threshold)
        assert answer.confidence > 0.5
        assert answer.prior == OWN.prior_of(answer.threshold)
