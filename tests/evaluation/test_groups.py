"""False and true matches by group, as brute force counts them, and how far they are known."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from named_people import named_people

from faceindex.evaluation.groups import NONE, GroupRates, measure_groups

THRESHOLD = 1.15


def counted(
    group: int, other: int, people: np.ndarray, groups: np.ndarray, families: np.ndarray, near: np.ndarray
) -> dict[str, tuple[int, int]]:
    """(matches, pairs) of each kind."""
    found: dict[str, list[bool]] = {"false_matches": [], "true_matches": [], "relatives": []}
    for a, b in combinations(range(len(people)), 2):
        if {groups[a], groups[b]} != {group, other} or (group == other and groups[a] != groups[b]):
            continue
        if people[a] == people[b]:
            found["true_matches"].append(near[a, b])
        else:
            found["false_matches"].append(near[a, b])
            if families[people[a]] == families[people[b]] != NONE:
                found["relatives"].append(near[a, b])
    return {kind: (sum(each), len(each)) for kind, each in found.items()}


def test_every_pair_is_counted_in_its_groups() -> None:
    vectors, people, _ = named_people(40, 4, seed=2)
    random = np.random.default_rng(1)
    groups = np.where(people % 3 == 0, 0, 1)
    groups[random.permutation(len(people))[:30]] = 2  # photos of a group of their own, as of children
    groups[:3] = NONE
    families = np.where(np.arange(40) < 30, np.arange(40) // 3, NONE)
    result = measure_groups(vectors, people, groups, ["x", "y", "z", "nobody"], families, THRESHOLD)
    near = np.linalg.norm(vectors[:, None].astype(np.float64) - vectors[None], axis=2) <= THRESHOLD
    assert [row.group for row in result.within] == ["x", "y", "z"]
    assert [(row.group, row.other) for row in result.across] == [("x", "y"), ("x", "z"), ("y", "z")]
    rows: list[tuple[GroupRates, int, int]] = [(row, place, place) for place, row in enumerate(result.within)]
    rows += [(row, *two) for row, two in zip(result.across, combinations(range(3), 2), strict=True)]
    for row, group, other in rows:
        expected = counted(group, other, people, groups, families, near)
        for kind, (matches, pairs) in expected.items():
            rate = getattr(row, kind)
            assert (rate.count, rate.pairs) == (matches, pairs), (row.group, row.other, kind)
        chosen = np.isin(groups, [group, other])
        assert (row.people, row.faces) == (len(np.unique(people[chosen])), chosen.sum())
    assert sum(row.true_matches.pairs for row in result.across) > 0  # somebody is in two groups
    assert sum(row.relatives.count for row in result.within) > 0


def test_worst_over_best() -> None:
    vectors, people, _ = named_people(60, 4, seed=3)
    groups = people % 2
    result = measure_groups(vectors, people, groups, ["even", "odd"], np.full(60, NONE), THRESHOLD)
    rates = [row.false_matches.rate for row in result.within]
    assert None not in rates
    assert result.false_match_ratio == pytest.approx(max(rates) / min(rates))  # type: ignore[type-var, operator]
    assert all(row.relatives.pairs == 0 for row in result.within)
    strict = measure_groups(vectors, people, groups, ["even", "odd"], np.full(60, NONE), 0.01)
    assert strict.false_match_ratio is None
    assert strict.within[0].false_matches.high == pytest.approx(3.84 / (30 * 29 / 2 + 3.84), rel=1e-2)


def test_a_person_who_looks_like_many_widens_the_interval() -> None:
    """Fifty people of one photo each; the first is taken for every other, or as many pairs of others for each other."""
    corners = np.eye(60, dtype=np.float32)[:50] * 2
    star = corners.copy()
    star[0] = corners[1:].mean(axis=0)
    pairs = corners.copy()
    pairs[1::2] = pairs[0::2]
    people = np.arange(50)

    def width(vectors: np.ndarray, threshold: float) -> tuple[int, float]:
        (row,) = measure_groups(vectors, people, people * 0, ["all"], np.full(50, NONE), threshold).within
        assert row.false_matches.high is not None
        assert row.false_matches.low is not None
        return row.false_matches.count, (row.false_matches.high - row.false_matches.low) / row.false_matches.count

    (many, starred), (few, alone) = width(star, 2.0), width(pairs, 0.1)
    assert (many, few) == (49, 25)
    assert starred > 1.5 * alone
