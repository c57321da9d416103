"""Accuracy at a threshold, and the threshold that decides most pairs rightly."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from faceindex.evaluation.folds import other_folds
from faceindex.evaluation.verification import accuracy, best_threshold, cross_validate

# Few values, so that ties are frequent.
PAIRS = st.lists(st.tuples(st.integers(0, 8).map(lambda n: n / 8), st.booleans()), min_size=1, max_size=30)


def arrays(pairs: list[tuple[float, bool]]) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    return np.array([d for d, _ in pairs], dtype=np.float64), np.array([s for _, s in pairs], dtype=np.bool_)


def test_accuracy_counts_pairs_on_their_right_side() -> None:
    distances, same = arrays([(0.3, True), (0.7, True), (0.5, False), (0.9, False)])
    assert accuracy(distances, same, 0.4) == 0.75
    assert accuracy(distances, same, 0.6) == 0.5
    assert accuracy(distances, same, 0.8) == 0.75


def test_a_pair_exactly_at_the_threshold_is_the_same_person() -> None:
    distances, same = arrays([(0.6, True), (0.6, False)])
    assert accuracy(distances[:1], same[:1], 0.6) == 1.0
    assert accuracy(distances[1:], same[1:], 0.6) == 0.0


def test_a_photo_without_a_face_is_different_from_everyone() -> None:
    distances, same = arrays([(np.inf, True), (np.inf, False), (0.3, True), (0.9, False)])
    assert accuracy(distances, same, 0.6) == 0.75


def test_pairs_that_a_threshold_parts_have_one_that_parts_them() -> None:
    distances, same = arrays([(0.8, False), (0.3, True), (0.45, True), (0.7, False)])
    assert best_threshold(distances, same) == (0.45, 1.0)


def test_pairs_that_no_threshold_parts_are_decided_as_well_as_can_be() -> None:
    distances, same = arrays([(0.1, True), (0.2, False), (0.3, True), (0.4, True), (0.5, False)])
    assert best_threshold(distances, same) == (0.4, 0.8)


def test_pairs_at_one_distance_are_decided_alike() -> None:
    distances, same = arrays([(0.5, True), (0.5, False), (0.5, False), (0.4, True)])
    assert best_threshold(distances, same) == (0.4, 0.75)


@given(PAIRS)
def test_no_other_distance_decides_more_pairs_rightly(pairs: list[tuple[float, bool]]) -> None:
    distances, same = arrays(pairs)
    threshold, reported = best_threshold(distances, same)
    assert threshold in distances
    assert reported == pytest.approx(max(accuracy(distances, same, t) for t in distances))
    assert reported == pytest.approx(accuracy(distances, same, threshold))


@given(PAIRS)
def test_the_order_of_the_pairs_does_not_matter(pairs: list[tuple[float, bool]]) -> None:
    expected = best_threshold(*arrays(pairs))
    assert best_threshold(*arrays(pairs[::-1])) == expected
    assert best_threshold(*arrays(sorted(pairs))) == expected


def test_photos_without_a_face_do_not_disturb_the_choice() -> None:
    distances, same = arrays([(0.3, True), (0.4, True), (0.8, False), (np.inf, True), (np.inf, False)])
    assert best_threshold(distances, same) == (0.4, 0.8)


def test_the_threshold_never_calls_a_photo_without_a_face_the_same_person() -> None:
    distances, same = arrays([(0.3, True), (0.8, False), (np.inf, True), (np.inf, True), (np.inf, True)])
    threshold, reported = best_threshold(distances, same)
    assert np.isfinite(threshold)
    assert (threshold, reported) == (0.3, 0.4)


def test_cross_validation_decides_each_fold_with_the_threshold_of_the_others() -> None:
    # Fold 0 alone would choose 0.3, fold 1 alone 0.5: each is decided with the other's.
    distances, same = arrays([(0.3, True), (0.4, False), (0.5, True), (0.6, False)])
    result = cross_validate(distances, same, other_folds(np.array([0, 0, 1, 1]), 2))
    assert result.thresholds == (0.5, 0.3)
    assert result.accuracies == (0.5, 0.5)
    assert (result.mean, result.standard_error) == (0.5, 0.0)


def test_standard_error_is_that_of_the_mean_over_folds() -> None:
    distances, same = arrays([(0.3, True), (0.9, False), (0.3, True), (0.9, True), (0.3, True), (0.9, False)])
    result = cross_validate(distances, same, other_folds(np.array([0, 0, 1, 1, 2, 2]), 3))
    assert result.accuracies == (1.0, 0.5, 1.0)
    assert result.mean == pytest.approx(5 / 6)
    assert result.standard_error == pytest.approx(np.std([1, 0.5, 1], ddof=1) / np.sqrt(3))


def test_fold_without_pairs_or_without_others_cannot_be_cross_validated() -> None:
    distances, same = arrays([(0.3, True), (0.9, False)])
    with pytest.raises(ValueError, match="no pair to test"):
        cross_validate(distances, same, other_folds(np.array([1, 2]), 3))
    with pytest.raises(ValueError, match="no pair has a face"):
        cross_validate(distances, same, other_folds(np.array([0, 0]), 1))


def test_pairs_without_any_distance_have_no_best_threshold() -> None:
    with pytest.raises(ValueError, match="no pair has a face"):
        best_threshold(*arrays([(np.inf, True), (np.inf, False)]))
