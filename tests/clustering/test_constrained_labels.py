"""Whatever clustering says, what people decided holds, and nothing else changes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from faceindex.clustering.constrained_labels import obey
from faceindex.clustering.constraints import Constraints


def constraints(
    count: int,
    *,
    person: dict[int, int] | None = None,
    must_link: list[tuple[int, int]] | None = None,
    cannot_link: list[tuple[int, int]] | None = None,
) -> Constraints:
    people = np.full(count, -1, dtype=np.int64)
    for row, who in (person or {}).items():
        people[row] = who
    must, never = (np.array(chosen or [], dtype=np.int64).reshape(-1, 2) for chosen in (must_link, cannot_link))
    return Constraints(people, must, never, np.full(count, -1, dtype=np.int64))


def obeyed(labels: list[int], **said: object) -> list[int]:
    found: list[int] = obey(np.array(labels, dtype=np.int64), constraints(len(labels), **said)).tolist()  # type: ignore[arg-type]
    return found


def test_labels_that_contradict_nothing_stay() -> None:
    assert obeyed([0, 0, 1, 1, -1], person={0: 7, 2: 8}, must_link=[(2, 3)], cannot_link=[(0, 4)]) == [0, 0, 1, 1, -1]


def test_rows_of_one_person_go_where_most_of_them_are() -> None:
    assert obeyed([0, 0, 1, 1, 1, -1], person={0: 7, 1: 7, 2: 7, 5: 7}) == [0, 0, 0, 1, 1, 0]


def test_a_cluster_goes_along_with_the_half_of_it_that_goes() -> None:
    assert obeyed([0, 0, 0, 1, 1, 2, 2, 2], must_link=[(0, 1), (1, 2), (2, 3), (2, 5)]) == [0, 0, 0, 0, 0, 0, 2, 2]


def test_rows_without_a_cluster_that_belong_together_get_one() -> None:
    assert obeyed([0, 0, -1, -1], must_link=[(2, 3)]) == [0, 0, 1, 1]


def test_who_is_taken_out_leaves_and_the_rest_stays_together() -> None:
    apart_from_all = [(2, row) for row in (0, 1, 3, 4)]
    assert obeyed([0] * 5, cannot_link=apart_from_all) == [0, 0, -1, 0, 0]
    three = [(one, other) for one in (0, 1, 2) for other in (3, 4)]
    assert obeyed([0] * 5, must_link=[(0, 1), (1, 2)], cannot_link=three) == [0, 0, 0, 1, 1]


def test_different_people_are_apart_and_others_stay_with_the_most() -> None:
    assert obeyed([0] * 6, person={0: 1, 1: 2, 2: 2}) == [-1, 0, 0, 0, 0, 0]


def test_apart_holds_for_all_that_is_bound() -> None:
    assert obeyed([0, 0, 0, 0], must_link=[(0, 1), (2, 3)], cannot_link=[(1, 2)]) in ([0, 0, 1, 1], [1, 1, 0, 0])


def test_together_wins_over_apart() -> None:
    assert obeyed([0, 1], must_link=[(0, 1)], cannot_link=[(0, 1)]) == [0, 0]


def test_no_rows_are_no_problem() -> None:
    assert obeyed([]) == []


@pytest.mark.parametrize("count", [12])
@given(data=st.data())
def test_any_labels_obey(count: int, data: st.DataObject) -> None:
    """Of constraints that are drawn free of contradictions: rows have a true person, some of which is told."""
    truth = data.draw(st.lists(st.integers(0, 3), min_size=count, max_size=count))
    labels = data.draw(st.lists(st.integers(-1, 4), min_size=count, max_size=count))
    pairs = data.draw(st.lists(st.tuples(st.integers(0, count - 1), st.integers(0, count - 1)), max_size=15))
    told = data.draw(st.sets(st.integers(0, count - 1)))
    must_link = [(a, b) for a, b in pairs if truth[a] == truth[b]]
    cannot_link = [(a, b) for a, b in pairs if truth[a] != truth[b]]
    found = obeyed(labels, person={row: truth[row] for row in told}, must_link=must_link, cannot_link=cannot_link)
    for a, b in must_link:
        assert a == b or found[a] == found[b] >= 0
    for a, b in cannot_link:
        assert found[a] != found[b] or found[a] < 0
    for a in told:
        for b in told - {a}:
            assert (found[a] == found[b] >= 0) == (truth[a] == truth[b])
