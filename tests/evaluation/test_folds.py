"""People parted by their names, and pairs so that no threshold is tested on what it was chosen on."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from faceindex.evaluation.folds import HALVES, half_of, other_folds, other_people, person_fold


def test_a_person_is_in_the_same_half_on_every_machine() -> None:
    names = ["Abdullah_Gul", "Abdullatif_Sener", "Adel_Al-Jubeir", "Al_Pacino", "Zach_Parise", "\udce9tienne"]
    assert [half_of(name) for name in names] == ["a", "a", "b", "a", "b", "b"]


def test_halves_and_folds_are_of_about_one_size_and_independent() -> None:
    names = [f"Person_{number}" for number in range(4000)]
    in_a = [name for name in names if half_of(name) == HALVES[0]]
    assert 1850 < len(in_a) < 2150
    sizes = np.bincount([person_fold(name, 10) for name in in_a], minlength=10)
    assert sizes.min() > 140


def test_folds_of_the_protocol_are_tested_on_and_tuned_off_in_turn() -> None:
    splits = list(other_folds(np.array([0, 0, 1, 2]), 3))
    assert [split.test.tolist() for split in splits] == [
        [True, True, False, False],
        [False, False, True, False],
        [False, False, False, True],
    ]
    assert all((split.train == ~split.test).all() for split in splits)


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=30))
def test_every_pair_is_tested_once_by_a_threshold_that_never_saw_its_people(pairs: list[tuple[int, int]]) -> None:
    people = np.array(pairs)
    splits = list(other_people(people, people[:, 0] % 3, 3))
    assert np.array_equal(sum(split.test.astype(int) for split in splits), np.ones(len(pairs)))
    for split in splits:
        assert not set(people[split.train].ravel()) & set(people[split.test].ravel())
        assert not (split.train & split.test).any()
