"""ROC figures against the same figures from every distance, one by one."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from faceindex.evaluation import distances, roc
from faceindex.evaluation.roc import (
    ENOUGH_PAIRS,
    PairCounts,
    area_under_curve,
    count_all_pairs,
    count_pairs,
    equal_error,
    operating_point,
)

# Few values, so that ties are frequent; eighths, so that each is the edge of a bin.
EIGHTHS = st.integers(0, 12).map(lambda n: n / 8)
PAIRS = st.lists(st.tuples(EIGHTHS, st.booleans()), min_size=2, max_size=40).filter(
    lambda pairs: len({same for _, same in pairs}) == 2
)


def counted(pairs: list[tuple[float, bool]]) -> PairCounts:
    return count_pairs(np.array([d for d, _ in pairs]), np.array([same for _, same in pairs], dtype=np.bool_))


def parted(pairs: list[tuple[float, bool]]) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    return np.array([d for d, same in pairs if same]), np.array([d for d, same in pairs if not same])


def people_in_space(seed: int, people: int, faces: int) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]:
    """Vectors of length 1.4 around a centre for each person, as face vectors lie."""
    random = np.random.default_rng(seed)
    of = random.integers(0, people, faces)
    vectors = random.normal(size=(people, 32))[of] + random.normal(scale=0.6, size=(faces, 32))
    return (1.4 * vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32), of


def test_all_pairs_are_counted_as_brute_force_counts_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(distances, "ROWS", 16)
    monkeypatch.setattr(distances, "COLUMNS", 40)
    vectors, people = people_in_space(1, 9, 150)
    counts = count_all_pairs(vectors, people)
    pairs = list(combinations(range(150), 2))
    exact = np.array([np.linalg.norm(vectors[i].astype(np.float64) - vectors[j]) for i, j in pairs])
    same = np.array([people[i] == people[j] for i, j in pairs])
    assert (counts.same.sum(), counts.different.sum()) == (same.sum(), (~same).sum())
    # The edge of a bin may part two distances that float32 cannot tell apart, and no others.
    for edge in np.linspace(0.2, 2.5, 57):
        threshold = counts.edges[np.searchsorted(counts.edges, edge)]
        for each, chosen in ((counts.same, same), (counts.different, ~same)):
            accepted = each[counts.edges <= threshold].sum()
            assert np.sum(exact[chosen] <= threshold - 2e-6) <= accepted <= np.sum(exact[chosen] <= threshold + 2e-6)


@given(
    st.lists(st.tuples(st.integers(-2, 2), st.integers(-2, 2), st.integers(0, 2)), min_size=2, max_size=25),
    st.integers(1, 5),
)
def test_counts_of_exact_distances_are_exact(faces: list[tuple[int, int, int]], block: int) -> None:
    vectors = np.array([(3 * x, 4 * y) for x, y, _ in faces], dtype=np.float32)
    people = np.array([person for _, _, person in faces])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(distances, "ROWS", block)
        patch.setattr(distances, "COLUMNS", 2 * block)
        patch.setattr(roc, "_MOST_BINS", 2**12)  # enough for whole numbers, and quick
        counts = count_all_pairs(vectors, people)
    for each, one_person in ((counts.same, True), (counts.different, False)):
        for radius in (0, 3, 4, 5, 6, 8, 12):
            within = [
                np.hypot(*(vectors[i] - vectors[j])) <= radius
                for i, j in combinations(range(len(faces)), 2)
                if (people[i] == people[j]) == one_person
            ]
            assert each[counts.edges <= radius].sum() == sum(within)


def test_bins_are_finer_than_any_threshold_is_given() -> None:
    unit = np.eye(4, dtype=np.float32)
    assert count_all_pairs(unit, np.arange(4)).width <= 1e-5
    long = count_all_pairs(100 * unit, np.arange(4))
    assert long.width <= 1e-3
    assert len(long.same) <= 2**19 + 2  # the memory does not grow with the length of vectors


@given(PAIRS, st.sampled_from([0.01, 0.1, 0.25, 0.5, 0.75]))
def test_operating_point_is_the_most_lenient_that_keeps_the_rate(pairs: list[tuple[float, bool]], far: float) -> None:
    same, different = parted(pairs)
    point = operating_point(counted(pairs), far)
    if point.threshold is None:
        assert np.mean(different <= 0) > far
        assert (point.tar, point.false_accepts) == (0, 0)
        return
    assert np.mean(different <= point.threshold) <= far
    assert point.false_accepts == np.sum(different <= point.threshold)
    assert point.tar == pytest.approx(np.mean(same <= point.threshold))
    for other in {d for d, _ in pairs if d > point.threshold}:
        assert np.mean(different <= other) > far or np.mean(same <= other) == point.tar


def test_rate_with_too_few_pairs_behind_it_is_marked() -> None:
    distances_, same = np.arange(1, 1001) / 1000, np.zeros(1000, dtype=np.bool_)
    counts = count_pairs(np.append(distances_, 0.5), np.append(same, True))
    assert operating_point(counts, 0.03).enough
    assert operating_point(counts, 0.03).false_accepts == ENOUGH_PAIRS
    assert not operating_point(counts, 0.029).enough
    rarest = operating_point(counts, 1e-6)
    assert (rarest.false_accepts, rarest.enough) == (0, False)
    assert rarest.threshold is not None
    assert rarest.threshold < 0.001


def test_strangers_at_distance_0_leave_no_threshold() -> None:
    point = operating_point(count_pairs(np.zeros(4), np.array([True, True, False, False])), 0.1)
    assert (point.threshold, point.tar, point.enough) == (None, 0.0, False)


@given(PAIRS)
def test_area_is_the_chance_that_the_same_person_is_nearer(pairs: list[tuple[float, bool]]) -> None:
    same, different = parted(pairs)
    expected = [(s < d) + (s == d) / 2 for s in same for d in different]
    assert area_under_curve(counted(pairs)) == pytest.approx(np.mean(expected))


@given(PAIRS)
def test_equal_error_lies_between_the_rates_on_both_sides_of_its_threshold(pairs: list[tuple[float, bool]]) -> None:
    same, different = parted(pairs)
    counts = counted(pairs)
    rate, threshold = equal_error(counts)
    below, above = threshold - counts.width, threshold + counts.width
    assert np.mean(different <= below) - 1e-9 <= rate <= np.mean(different <= above) + 1e-9
    assert np.mean(same > above) - 1e-9 <= rate <= np.mean(same > below) + 1e-9


def test_equal_error_of_known_pairs() -> None:
    pairs = [(0.25, True), (0.5, True), (0.625, True), (1.0, True), (0.375, False), (0.75, False), (1.25, False)]
    rate, threshold = equal_error(counted([*pairs, (1.5, False)]))
    assert rate == pytest.approx(0.25)
    assert 0.625 <= threshold <= 0.75


def test_people_that_a_threshold_parts_have_no_errors() -> None:
    vectors = np.repeat(np.eye(3, dtype=np.float32), 4, axis=0)
    found = roc.roc(count_all_pairs(vectors, np.repeat(np.arange(3), 4)))
    assert (found.same_pairs, found.different_pairs) == (18, 48)
    assert (found.eer, found.auc) == (0, 1)
    assert {point.tar for point in found.points} == {1.0}
    assert found.at(1e-3).far == 1e-3


@pytest.mark.parametrize(("people", "missing"), [([0, 0, 0], "two people"), ([0, 1, 2], "one person")])
def test_pairs_of_one_kind_have_no_roc(people: list[int], missing: str) -> None:
    counts = count_all_pairs(np.eye(3, dtype=np.float32), np.array(people))
    with pytest.raises(ValueError, match=missing):
        roc.roc(counts)


def test_no_faces_have_no_roc() -> None:
    with pytest.raises(ValueError, match="no faces"):
        roc.roc(count_all_pairs(np.empty((0, 128), dtype=np.float32), np.empty(0, dtype=np.int64)))
