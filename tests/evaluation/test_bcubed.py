"""B-cubed against values worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from faceindex.evaluation.bcubed import BCubed, bcubed


def score(labels: list[int], people: list[int]) -> BCubed:
    return bcubed(np.array(labels, dtype=np.int64), np.array(people, dtype=np.int64))


def test_clusters_that_are_the_people_score_1() -> None:
    assert score([4, 4, 0, 0, 0, 9], [1, 1, 7, 7, 7, 3]) == BCubed(1.0, 1.0, 1.0)


def test_one_cluster_of_strangers_has_full_recall_and_least_precision() -> None:
    result = score([0, 0, 0, 0], [1, 2, 3, 4])
    assert (result.precision, result.recall) == (0.25, 1.0)
    assert result.f == pytest.approx(0.4)


def test_one_person_in_pieces_has_full_precision_and_least_recall() -> None:
    result = score([0, 1, 2, 3], [5, 5, 5, 5])
    assert (result.precision, result.recall) == (1.0, 0.25)
    assert result.f == pytest.approx(0.4)


def test_a_small_example_worked_out_by_hand() -> None:
    # Clusters {A A B} {B C}. Precision: 2/3 2/3 1/3 1/2 1/2; recall: 1 1 1/2 1/2 1.
    result = score([0, 0, 0, 1, 1], [10, 10, 20, 20, 30])
    assert result.precision == pytest.approx((2 / 3 + 2 / 3 + 1 / 3 + 1 / 2 + 1 / 2) / 5)
    assert result.recall == pytest.approx(0.8)
    assert result.f == pytest.approx(2 * (8 / 15) * 0.8 / (8 / 15 + 0.8))


def test_the_example_of_bagga_and_baldwin() -> None:
    # 1998, figures 1 and 2: people of 5, 2 and 5 faces; the 2 are joined with a 5, or the two 5s are joined.
    people = [1] * 5 + [2] * 2 + [3] * 5
    joined_small = score([1] * 5 + [2] * 7, people)
    joined_large = score([1] * 5 + [2] * 2 + [1] * 5, people)
    assert joined_small.precision == pytest.approx(0.762, abs=5e-4)
    assert joined_large.precision == pytest.approx(0.583, abs=5e-4)
    assert joined_small.recall == joined_large.recall == 1.0


def test_every_face_labelled_minus_1_is_a_cluster_of_its_own() -> None:
    assert score([-1, -1, 0, 0], [1, 1, 2, 2]) == score([5, 6, 0, 0], [1, 1, 2, 2])
    assert score([-1, -1, -1], [1, 1, 1]).recall == pytest.approx(1 / 3)
    assert score([-1, -1], [1, 2]) == BCubed(1.0, 1.0, 1.0)


def test_a_face_alone_is_never_mixed_up_with_the_largest_label() -> None:
    assert score([0, 1, 1, -1], [1, 2, 2, 3]) == BCubed(1.0, 1.0, 1.0)


def test_one_face_scores_1() -> None:
    assert score([-1], [0]) == BCubed(1.0, 1.0, 1.0)


@given(st.lists(st.tuples(st.integers(-1, 4), st.integers(0, 4)), min_size=1, max_size=30))
def test_it_is_the_average_over_faces_of_shares_counted_one_by_one(faces: list[tuple[int, int]]) -> None:
    labels = [label if label >= 0 else 100 + number for number, (label, _) in enumerate(faces)]
    people = [person for _, person in faces]
    precision = recall = 0.0
    for label, person in zip(labels, people, strict=True):
        shared = sum(a == label and b == person for a, b in zip(labels, people, strict=True))
        precision += shared / labels.count(label) / len(faces)
        recall += shared / people.count(person) / len(faces)
    result = score([label for label, _ in faces], people)
    assert result.precision == pytest.approx(precision)
    assert result.recall == pytest.approx(recall)
    assert result.f == pytest.approx(2 * precision * recall / (precision + recall))
