"""Dates of photos as numbers of years."""

from __future__ import annotations

import math

import pytest

from faceindex.store.photos.years import year_of


@pytest.mark.parametrize(
    ("taken", "year"),
    [("2019", 2019.5), ("2019-01", 2019), ("2019-01-01T00:00:00", 2019), ("2019-12-31T23:59:59-07:00", 2019.999)],
)
def test_a_date_is_a_year_however_much_of_it_is_known(taken: str, year: float) -> None:
    assert year_of(taken) == pytest.approx(year, abs=0.002)


def test_no_date_is_no_number() -> None:
    assert math.isnan(year_of(None))
