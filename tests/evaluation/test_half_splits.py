"""Over many halves of the people, what chance does is told apart from what a fit does."""

from __future__ import annotations

import pytest
from named_people import named_people

from faceindex.evaluation.half_splits import HalfSplits, half_splits

ASKED = (0.1, 1.0)


@pytest.fixture(scope="module")
def splits() -> tuple[HalfSplits, ...]:
    vectors, people, _ = named_people(300, 3)
    return half_splits(vectors, people, ASKED, 8)


def test_thresholds_counted_on_all_people_are_right_on_the_mean(splits: tuple[HalfSplits, ...]) -> None:
    assert [(each.asked, each.halves) for each in splits] == [(0.1, 16), (1.0, 16)]
    for each in splits:
        assert each.counted.mean == pytest.approx(1, abs=0.25)
        assert each.counted.low < each.counted.median < each.counted.high


def test_the_fewer_are_asked_for_the_further_halves_stray(splits: tuple[HalfSplits, ...]) -> None:
    few, many = splits
    for one, other in ((few.counted, many.counted), (few.fitted, many.fitted)):
        assert one.high - one.low > 1.5 * (other.high - other.low)
        assert one.within_two < other.within_two
