"""The protocol on small pairs files: who is compared, what a photo without a face costs, which folds are made."""

from __future__ import annotations

import numpy as np
import pytest

from faceindex.errors import UsageError
from faceindex.evaluation.lfw import lfw_result, pair_distances
from faceindex.evaluation.pairs import Pairs, parse_pairs

VECTORS = np.array([[0.0], [0.2], [1.0], [1.3]], dtype=np.float32)
ROWS = {"Ann/Ann_0001": 0, "Ann/Ann_0002": 1, "Bob/Bob_0001": 2, "Bob/Bob_0002": 3, "Cid/Cid_0001": None}


def pairs_of(*lines: str) -> Pairs:
    return parse_pairs(lines, "pairs.txt")


def test_pairs_are_decided_by_the_distance_of_their_rows() -> None:
    pairs = pairs_of("2", "Ann 1 2", "Bob 1 2", "Ann 1 Bob 1", "Ann 2 Bob 1")
    measured = pair_distances(pairs, ROWS, VECTORS)
    assert measured.distances == pytest.approx([0.2, 0.3, 1.0, 0.8])
    assert measured.same.tolist() == [True, True, False, False]
    result = lfw_result(pairs, measured, ROWS, 0.25)
    assert (result.accuracy, result.best_accuracy) == (0.75, 1.0)
    assert result.best_threshold == pytest.approx(0.3)


def test_pairs_of_a_photo_without_a_face_are_called_different_and_counted() -> None:
    pairs = pairs_of("2", "Ann 1 2", "Cid 1 1", "Ann 1 Cid 1", "Ann 1 Bob 1")
    result = lfw_result(pairs, pair_distances(pairs, ROWS, VECTORS), ROWS, 0.6)
    assert (result.pairs, result.pairs_without_face, result.photos_without_face) == (4, 2, 1)
    assert result.accuracy == 0.75  # Cid is not known again, and is not taken for Ann


def test_folds_of_the_file_are_used() -> None:
    lines = ["Ann 1 2", "Ann 1 Bob 1", "Bob 1 2", "Ann 2 Bob 2"]
    pairs = pairs_of("2 1", *lines)
    result = lfw_result(pairs, pair_distances(pairs, ROWS, VECTORS), ROWS, 0.6)
    assert result.folds == "protocol"
    assert result.cross_validation is not None
    assert result.cross_validation.thresholds == pytest.approx((0.3, 0.2))
    assert result.cross_validation.accuracies == (1.0, 0.5)


def test_a_file_without_folds_gets_folds_of_people() -> None:
    people = [f"P{number}" for number in range(200)]
    rows = {f"{name}/{name}_{k:04d}": 2 * place + k - 1 for place, name in enumerate(people) for k in (1, 2)}
    vectors = np.repeat(np.arange(200, dtype=np.float32), 2)[:, None] + np.tile([0, 0.1], 200)[:, None]
    different = [f"{a} 1 {b} 1" for a, b in zip(people, people[1:] + people[:1], strict=True)]
    pairs = pairs_of("200", *(f"{name} 1 2" for name in people), *different)
    result = lfw_result(pairs, pair_distances(pairs, rows, vectors.astype(np.float32)), rows, 0.6)
    assert result.folds == "people"
    assert result.cross_validation is not None
    assert len(result.cross_validation.accuracies) == 10
    assert result.cross_validation.mean == 1.0


def test_too_few_pairs_are_not_cross_validated() -> None:
    pairs = pairs_of("1", "Ann 1 2", "Ann 1 Bob 1")
    assert lfw_result(pairs, pair_distances(pairs, ROWS, VECTORS), ROWS, 0.6).cross_validation is None


def test_photo_that_is_not_there_is_named_with_its_line() -> None:
    pairs = pairs_of("1", "Ann 1 2", "Ann 1 Bob 7")
    with pytest.raises(UsageError, match=r"pairs.txt, line 3: there is no photo Bob/Bob_0007"):
        pair_distances(pairs, ROWS, VECTORS)


def test_pairs_without_any_face_cannot_be_decided() -> None:
    pairs = pairs_of("1", "Cid 1 1", "Ann 1 Cid 1")
    with pytest.raises(UsageError, match="no pair has a face"):
        lfw_result(pairs, pair_distances(pairs, ROWS, VECTORS), ROWS, 0.6)
    none_left = pairs.among(lambda person: person == "Dee")
    with pytest.raises(UsageError, match="no pair has a face"):
        lfw_result(none_left, pair_distances(none_left, ROWS, VECTORS), ROWS, 0.6)
