"""Calibration: probabilities that are true, and thresholds that grow stricter with the gallery."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from faceindex.judgement.calibration import Calibration, fit, of_logistic

SHAPED = Calibration(8.0, 40.0, 20.0, 28.0)

Distances = npt.NDArray[np.float64]


def drawn(shape: float, rate: float, count: int, seed: int) -> Distances:
    return np.sqrt(np.random.default_rng(seed).gamma(shape, 1 / rate, count))


@pytest.fixture(scope="module")
def fitted() -> Calibration:
    return fit(drawn(8, 40, 5_000, 1), drawn(20, 28, 2_000_000, 2))


def test_the_law_that_distances_were_drawn_from_is_found(fitted: Calibration) -> None:
    assert fitted.same_shape == pytest.approx(8, rel=0.1)
    assert fitted.same_rate == pytest.approx(40, rel=0.1)
    for faces in (1_000, 10_000, 100_000, 1_000_000):
        asked = SHAPED.threshold(0.01, faces)
        assert fitted.false_match_rate(asked) == pytest.approx(0.01 / faces, rel=0.5)


def test_a_few_pairs_with_wrong_names_change_little(fitted: Calibration) -> None:
    genuine, impostor = drawn(8, 40, 5_000, 1), drawn(20, 28, 2_000_000, 2)
    genuine[:25], impostor[:10] = impostor[-25:], drawn(8, 40, 10, 3)
    noisy = fit(genuine, impostor)
    assert noisy.threshold(0.01, 1_000_000) == pytest.approx(fitted.threshold(0.01, 1_000_000), abs=0.01)
    assert noisy.confidence([0.5, 0.6, 0.7]) == pytest.approx(fitted.confidence([0.5, 0.6, 0.7]), abs=0.05)


def test_weights_count_as_repetitions_would() -> None:
    genuine, impostor = drawn(8, 40, 2_000, 1), drawn(20, 28, 100_000, 2)
    weights = np.where(np.arange(len(impostor)) < 50_000, 2.0, 1.0)
    weighted = fit(genuine, impostor, impostor_weights=weights)
    repeated = fit(genuine, np.concatenate([impostor, impostor[:50_000]]))
    assert weighted.threshold(0.01, 100) == pytest.approx(repeated.threshold(0.01, 100), abs=2e-3)


def test_confidence_is_the_share_of_one_person_among_pairs_as_often_same_as_not(fitted: Calibration) -> None:
    same, different = drawn(8, 40, 200_000, 4), drawn(20, 28, 200_000, 5)
    for low, high in ((0.1, 0.3), (0.4, 0.6), (0.7, 0.9)):
        among = [np.sum((low <= c) & (c < high)) for c in (fitted.confidence(same), fitted.confidence(different))]
        assert low < among[0] / sum(among) < high


def test_confidence_among_faces_is_the_share_of_one_person_among_what_is_found() -> None:
    faces = 1_000
    same, different = drawn(8, 40, 5_000, 6), drawn(20, 28, 5_000 * faces, 7)
    near = different[different < 0.7]
    for low, high in ((0.1, 0.4), (0.4, 0.7), (0.7, 0.95)):
        among = [np.sum((low <= c) & (c < high)) for c in (SHAPED.confidence_among(d, faces) for d in (same, near))]
        assert low < among[0] / sum(among) < high


@pytest.mark.parametrize("fpir", [0.001, 0.01, 0.5, 3.0])
@pytest.mark.parametrize("faces", [10, 1_000, 1_000_000, 100_000_000])
def test_as_many_strangers_are_expected_within_the_threshold_as_were_asked_for(fpir: float, faces: int) -> None:
    threshold = SHAPED.threshold(fpir, faces)
    assert faces * SHAPED.false_match_rate(threshold) == pytest.approx(fpir, rel=1e-6)


def test_thresholds_grow_stricter_with_the_gallery_and_lenient_with_what_is_asked() -> None:
    by_faces = [SHAPED.threshold(0.01, faces) for faces in (0, 1, 10, 1_000, 10**6, 10**9)]
    assert by_faces == sorted(by_faces, reverse=True)
    by_rate = [SHAPED.threshold(fpir, 10_000) for fpir in (1e-6, 0.01, 1, 100, 1e6)]
    assert by_rate == sorted(by_rate)
    assert np.isfinite(by_rate).all()
    for fpir in (0.0, -1.0, float("nan")):
        with pytest.raises(ValueError, match="above 0"):
            SHAPED.threshold(fpir, 10)


@given(st.lists(st.floats(0, 3), min_size=2, max_size=20), st.integers(1, 10**9))
def test_probabilities_fall_with_the_distance(distances: list[float], faces: int) -> None:
    rising = np.sort(distances)
    wide = Calibration(8.0, 8.0, 11.0, 9.5)  # the ratio has its minimum among distances that there are
    for calibration in (SHAPED, wide):
        for probabilities in (calibration.confidence(rising), calibration.confidence_among(rising, faces)):
            assert (np.diff(probabilities) <= 1e-12).all()
            assert ((probabilities >= 0) & (probabilities <= 1)).all()
        assert (np.diff(calibration.false_match_rate(rising)) >= 0).all()


def test_shapes_and_types() -> None:
    assert SHAPED.confidence(0.5).shape == ()
    table = SHAPED.confidence(np.full((2, 3), 0.5, dtype=np.float32))
    assert table.shape == (2, 3)
    assert table.dtype == np.float64
    assert SHAPED.confidence(0.0) == 1.0


@pytest.mark.parametrize("distance", [0.0, 1e-9, 1e9, np.inf])
def test_confidence_stays_a_probability(distance: float) -> None:
    for probability in (SHAPED.confidence(distance), SHAPED.confidence_among(distance, 10**6)):
        assert 0.0 <= probability <= 1.0


def test_more_faces_make_the_same_distance_less_sure() -> None:
    sure = [float(SHAPED.confidence_among(0.4, faces)) for faces in (1, 100, 10_000, 10**6, 10**8)]
    assert sure == sorted(sure, reverse=True)
    assert sure[0] == float(SHAPED.confidence(0.4)) > 0.99
    assert sure[-1] < 0.5


def test_distances_that_tell_nothing_are_refused() -> None:
    near, far = drawn(8, 40, 2_000, 1), drawn(20, 28, 2_000, 2)
    with pytest.raises(ValueError, match="not smaller"):
        fit(far, near)
    with pytest.raises(ValueError, match="too few"):
        fit(near[:49], far)
    with pytest.raises(ValueError, match="too few"):
        fit(near, far[:999])
    with pytest.raises(ValueError, match="positive"):
        Calibration(8.0, -1.0, 20.0, 28.0)


@pytest.mark.parametrize(("midpoint", "width"), [(1.111, 0.0425), (0.995, 0.1), (0.6, 0.0209), (1.0, 0.1)])
def test_a_logistic_is_met_at_its_midpoint_in_value_and_slope(midpoint: float, width: float) -> None:
    calibration = of_logistic(midpoint, width)
    assert calibration.confidence(midpoint) == pytest.approx(0.5)
    step = width / 100
    below, above = calibration.log_likelihood_ratio([midpoint - step, midpoint + step])
    assert (above - below) / (2 * step) == pytest.approx(-1 / width, rel=1e-2)
    assert calibration.false_match_rate(midpoint) == pytest.approx(1 - calibration.true_match_rate(midpoint))
