"""Intervals of rates: Wilson's for independent pairs, wider ones for pairs that vary together."""

from __future__ import annotations

import numpy as np
import pytest

from faceindex.evaluation.intervals import clustered_rate, rate_of, wilson


def test_wilson_is_that_of_the_textbook() -> None:
    assert wilson(0.0, 10) == pytest.approx((0.0, 0.2775), abs=1e-4)
    assert wilson(81 / 263, 263) == pytest.approx((0.2553, 0.3662), abs=1e-4)  # Newcombe 1998, table I
    low, high = wilson(1.0, 10)
    assert (low, high) == pytest.approx((0.7225, 1.0), abs=1e-4)


def test_each_pair_a_cluster_of_its_own_is_as_independent_pairs() -> None:
    right = np.r_[np.ones(30), np.zeros(70)]
    rate = clustered_rate(right, np.ones(100))
    assert (rate.count, rate.pairs, rate.rate) == (30, 100, 0.3)
    assert (rate.low, rate.high) == pytest.approx(wilson(0.3, 100))


def test_clusters_that_are_right_or_wrong_as_a_whole_count_once() -> None:
    rate = clustered_rate(np.r_[np.full(30, 10.0), np.zeros(70)], np.full(100, 10.0))
    assert (rate.count, rate.pairs) == (300, 1000)
    assert (rate.low, rate.high) == pytest.approx(wilson(0.3, 100))


def test_without_an_error_the_clusters_are_what_was_tried() -> None:
    rate = clustered_rate(np.zeros(20), np.full(20, 50.0))
    assert (rate.rate, rate.low) == (0.0, 0.0)
    assert rate.high == pytest.approx(wilson(0.0, 20)[1])


def test_no_pair_has_no_rate() -> None:
    rate = rate_of(0, 0, 0.0, 0)
    assert (rate.rate, rate.low, rate.high) == (None, None, None)


def test_the_interval_holds_the_truth_as_often_as_it_says() -> None:
    random = np.random.default_rng(0)
    held = 0
    for _ in range(400):  # people of whom each is known again with a chance of their own
        chance = random.beta(4, 1, 60)
        pairs = random.integers(1, 12, 60)
        rate = clustered_rate(random.binomial(pairs, chance).astype(float), pairs.astype(float))
        assert rate.low is not None
        assert rate.high is not None
        held += rate.low <= 0.8 <= rate.high
    assert 0.92 <= held / 400 <= 0.98
