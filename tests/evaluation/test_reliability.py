"""Reliability: shares that come true, by bins of confidence."""

from __future__ import annotations

import numpy as np
import pytest

from faceindex.evaluation.reliability import reliability


def test_confidences_that_come_true_have_no_error() -> None:
    confidences = np.repeat([0.05, 0.55, 0.95], 20)
    right = np.concatenate([np.arange(20) < 1, np.arange(20) < 11, np.arange(20) < 19])
    found = reliability(confidences, right, np.ones(60))
    assert found.error == pytest.approx(0, abs=1e-12)
    assert found.brier == pytest.approx(np.mean([0.05 * 0.95, 0.55 * 0.45, 0.95 * 0.05]))
    assert found.confidence == pytest.approx(found.share)


def test_error_is_the_mean_distance_weighted() -> None:
    found = reliability(np.array([0.75, 0.75, 0.25]), np.array([True, False, False]), np.array([1.0, 1.0, 2.0]))
    assert found.weights == pytest.approx((0, 0, 0.5, 0, 0, 0, 0, 0.5, 0, 0))
    assert (found.confidences[2], found.right[2]) == (0.25, 0.0)
    assert (found.confidences[7], found.right[7]) == (0.75, 0.5)
    assert found.confidences[0] is found.right[0] is None
    assert found.error == pytest.approx(0.25)
    assert found.brier == pytest.approx((0.0625 + 0.5625 + 2 * 0.0625) / 4)


def test_certain_answers_are_in_the_last_bin() -> None:
    assert reliability(np.array([1.0]), np.array([True]), np.ones(1)).weights[-1] == 1


def test_nothing_to_compare_is_an_error() -> None:
    with pytest.raises(ValueError, match="no answer"):
        reliability(np.empty(0), np.empty(0, dtype=bool), np.empty(0))
