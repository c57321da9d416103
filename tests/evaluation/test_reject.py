"""Error versus reject against counting pair by pair."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from faceindex.evaluation.reject import Rejected, error_versus_reject

LINE = np.array([[0.0], [0.1], [0.9], [5.0], [5.1], [9.0]], dtype=np.float32)
PEOPLE = np.array([0, 0, 0, 1, 1, 2])


def test_nothing_rejected_is_the_plain_false_non_match_rate() -> None:
    curve = error_versus_reject(LINE, PEOPLE, np.arange(6.0), 0.5)
    assert curve.rejected[0] == 0
    assert curve.false_non_match_rate[0] == pytest.approx(2 / 4)


def test_good_quality_lowers_the_error_and_bad_quality_does_not() -> None:
    outlier_last = np.array([5.0, 4, 0, 3, 2, 1])
    good = error_versus_reject(LINE, PEOPLE, outlier_last, 0.5, most=1 / 6, steps=1)
    assert good.false_non_match_rate.tolist() == [0.5, 0.0]
    bad = error_versus_reject(LINE, PEOPLE, -outlier_last, 0.5, most=1 / 6, steps=1)
    assert bad.false_non_match_rate.tolist() == [0.5, 0.5]


def test_a_step_has_its_counts() -> None:
    curve = error_versus_reject(LINE, PEOPLE, np.array([5.0, 4, 0, 3, 2, 1]), 0.5, most=1.0, steps=6)
    assert curve.at(0) == Rejected(0.0, 4, 2, 0.5)
    sixth = curve.at(0.2)
    assert sixth.rejected == pytest.approx(1 / 6)
    assert (sixth.pairs, sixth.false_non_matches, sixth.rate) == (2, 0, 0.0)
    assert curve.at(1.0) == Rejected(1.0, 0, 0, None)


def test_where_no_pair_is_left_there_is_no_rate() -> None:
    curve = error_versus_reject(LINE, PEOPLE, np.arange(6.0), 0.5, most=1.0, steps=2)
    assert np.isnan(curve.false_non_match_rate[-1])


@given(
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 3), st.integers(0, 4)), min_size=1, max_size=25),
    st.integers(1, 6),
)
def test_it_is_what_counting_pairs_one_by_one_gives(faces: list[tuple[int, int, int]], steps: int) -> None:
    vectors = np.array([[x] for x, _, _ in faces], dtype=np.float32)
    people = np.array([person for _, person, _ in faces])
    quality = np.array([q for _, _, q in faces], dtype=np.float64)
    curve = error_versus_reject(vectors, people, quality, 2.5, most=0.9, steps=steps)
    worst_first = sorted(range(len(faces)), key=lambda face: quality[face])
    for share, rate in zip(curve.rejected, curve.false_non_match_rate, strict=True):
        kept = sorted(worst_first[int(np.round(share * len(faces))) :])
        beyond = [abs(vectors[i, 0] - vectors[j, 0]) > 2.5 for i, j in combinations(kept, 2) if people[i] == people[j]]
        assert np.isnan(rate) if not beyond else rate == pytest.approx(np.mean(beyond))
