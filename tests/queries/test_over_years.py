"""Faces photographed many years later are judged by how crowded it is around them, not around the probe."""

from __future__ import annotations

import numpy as np

from faceindex.queries.over_years import MOST, factors_over_years

CHILD, ADULT = 0.85, 1.0


def factors(years: list[float], taken: float, distances: list[float] | None = None) -> tuple[list[float], list[int]]:
    asked: list[int] = []

    def factor_of(row: int) -> float:
        asked.append(row)
        return ADULT

    away = np.array(distances if distances else [0.9] * len(years))
    return factors_over_years(away, np.array(years), taken, CHILD, 1.0, factor_of).tolist(), asked


def test_only_faces_of_much_later_photos_are_judged_by_their_own_company() -> None:
    assert factors([1980.0, 1985.0, 2000.0, np.nan], 1981.0) == ([CHILD, CHILD, ADULT, CHILD], [2])


def test_a_child_many_years_after_the_photos_of_somebody_is_judged_as_a_child() -> None:
    assert factors([1960.0, 1970.0], 1990.0) == ([CHILD, CHILD], [])


def test_without_a_date_nothing_changes() -> None:
    assert factors([1960.0, 2020.0], np.nan) == ([CHILD, CHILD], [])


def test_only_the_nearest_faces_are_looked_at() -> None:
    distances = np.linspace(0.5, 1.5, 100)
    found, asked = factors([2000.0] * 100, 1980.0, distances.tolist())
    assert asked == list(range(MOST))
    assert found[MOST:] == [CHILD] * (100 - MOST)
    assert factors([2000.0], 1980.0, [1.2]) == ([CHILD], [])
