"""What follows from acts: the newest counts, and an older one as far as newer ones allow."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

from faceindex.journal.acts import APART, HIDE, MERGE, MOVE, NAME, REJECT, SPLIT, UNDO, UNHIDE, UNNAME, Act, live
from faceindex.journal.state import State, state_after


def journal(*acts: tuple[str, list[list[int]]] | tuple[str, list[list[int]], str | int]) -> list[Act]:
    """Acts 1, 2, ...: (kind, sides), and a person, or for an undo the act."""
    made = []
    for number, (kind, sides, *more) in enumerate(acts, start=1):
        what = more[0] if more else None
        person, undoes = (None, what) if isinstance(what, int) else (what, None)
        made.append(Act(number, kind, tuple(map(tuple, sides)), person, undoes))
    return made


def groups(state: State) -> set[frozenset[int]]:
    """Faces that are bound together."""
    found: dict[int, set[int]] = {}
    for face, group in state.group.items():
        found.setdefault(group, set()).add(face)
    return {frozenset(faces) for faces in found.values() if len(faces) > 1}


def apart(state: State) -> set[tuple[int, int]]:
    """Pairs of faces that are apart, smaller first."""
    pairs = set()
    for one, other in combinations(sorted(state.group), 2):
        first, second = state.group[one], state.group[other]
        if first != second and any(
            (first in a and second in b) or (first in b and second in a) for a, b in state.cannot_link
        ):
            pairs.add((one, other))
    return pairs


def test_the_newest_name_counts() -> None:
    state = state_after(journal((NAME, [[1, 2]], "Ada"), (NAME, [[2]], "Grace")))
    assert state.person == {1: "Ada", 2: "Grace"}
    assert state.names == {"Ada", "Grace"}
    assert state_after(journal((NAME, [[1]], "Ada"), (UNNAME, [[1]]))).person == {}


def test_a_name_that_was_replaced_does_not_come_back_with_a_reject() -> None:
    named = [(NAME, [[1, 2]], "Adda"), (NAME, [[1, 2]], "Ada")]
    assert state_after(journal(*named, (REJECT, [[2], [1]], "Ada"))).person == {1: "Ada"}
    assert state_after(journal(*named, (UNDO, [], 2))).person == {1: "Adda", 2: "Adda"}


def test_merged_albums_have_the_name_that_one_of_them_gets() -> None:
    state = state_after(journal((MERGE, [[1, 2], [3, 4]]), (NAME, [[3]], "Ada")))
    assert groups(state) == {frozenset({1, 2, 3, 4})}
    assert set(state.person) == {1, 2, 3, 4}


def test_faces_split_out_are_together_and_apart_from_the_rest_and_from_its_person() -> None:
    state = state_after(journal((NAME, [[1, 2, 3, 4]], "Ada"), (SPLIT, [[3, 4], [1, 2]], "Ada")))
    assert state.person == {1: "Ada", 2: "Ada"}
    assert groups(state) == {frozenset({1, 2}), frozenset({3, 4})}
    assert apart(state) == {(1, 3), (1, 4), (2, 3), (2, 4)}


def test_rejected_faces_are_not_bound_to_each_other() -> None:
    state = state_after(journal((REJECT, [[3, 4], [1, 2]])))
    assert groups(state) == set()
    assert apart(state) == {(1, 3), (2, 3), (1, 4), (2, 4)}


def test_moved_face_takes_the_person_of_its_new_album() -> None:
    state = state_after(
        journal((NAME, [[1, 2, 3]], "Ada"), (NAME, [[8, 9]], "Grace"), (MOVE, [[3], [8, 9], [1, 2]], "Ada"))
    )
    assert state.person == {1: "Ada", 2: "Ada", 3: "Grace", 8: "Grace", 9: "Grace"}


def test_one_face_split_out_later_does_not_dissolve_what_was_merged() -> None:
    state = state_after(journal((MERGE, [[1, 2], [3, 4, 5]]), (SPLIT, [[4], [1, 2, 3, 5]])))
    assert groups(state) == {frozenset({1, 2, 3, 5})}


def test_what_is_said_to_be_apart_is_so_until_it_is_merged() -> None:
    said = (APART, [[1, 2], [3, 4]])
    assert groups(state_after(journal((MERGE, [[1], [3]]), said))) == set()
    assert groups(state_after(journal(said, (MERGE, [[1], [3]])))) == {frozenset({1, 3})}
    assert apart(state_after(journal(said, (MERGE, [[1], [3]])))) >= {(1, 4), (2, 3), (2, 4)}


def test_undone_acts_do_not_count_and_undoing_an_undo_does_them_again() -> None:
    acts = journal((NAME, [[1]], "Ada"), (MERGE, [[1], [2]]), (UNDO, [], 1), (UNDO, [], 3), (UNDO, [], 2))
    assert [act.act for act in live(acts[:3])] == [2]
    assert state_after(acts[:3]).names == frozenset()
    assert state_after(acts[:4]).person == {1: "Ada", 2: "Ada"}
    assert [act.act for act in live(acts)] == [1]


def test_hidden_is_who_was_hidden_last() -> None:
    hidden = journal((HIDE, [[1, 2]]), (HIDE, [[], [5, 6]]), (HIDE, [], "Ada"))
    acts = [*hidden, *(replace(act, act=act.act + 3) for act in journal((UNHIDE, [[2], [6]]), (NAME, [[1]], "Ada")))]
    state = state_after(acts)
    assert state.listed == {1: True, 2: True}
    assert state.hidden_faces == {5}
    assert state.hidden_people == {"Ada"}
    assert state_after(hidden).listed == {1: False, 2: False}
