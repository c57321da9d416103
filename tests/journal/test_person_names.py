"""One spelling for each name, and which names look alike."""

from __future__ import annotations

import pytest

from faceindex.journal.acts import MERGE, NAME, RENAME, UNDO, Act
from faceindex.journal.person_names import checked_name, likely_meant, look_alikes, same_but_for_case, spelled
from faceindex.journal.state import state_after


def test_composed_and_decomposed_letters_are_one_name() -> None:
    assert spelled("Zoe\u0308") == spelled("Zo\u00eb") == "Zo\u00eb"
    assert spelled("  Ada   Lovelace ") == "Ada Lovelace"
    assert checked_name("\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645")  # a joiner that Persian needs


@pytest.mark.parametrize(
    "name", ["", "   ", "Ada\nBob", "Ada\tBob", "a\x1b[31mb", "a\x00", "\udce9", "a\u2028b", "\u202ea"]
)
def test_what_is_no_line_of_text_is_no_name(name: str) -> None:
    with pytest.raises(ValueError, match="a person's name"):
        checked_name(name)


def test_names_that_look_alike() -> None:
    known = ["Diana", "DIANA", "Di\u00e1na", "Dina", "Zoe"]
    assert same_but_for_case("diana", known) == ["DIANA", "Diana", "Di\u00e1na"]
    assert same_but_for_case("Diana", ["Diana"]) == []
    assert look_alikes(["diana", "Zoe", "Diana"]) == [("Diana", "diana")]
    assert likely_meant("dianna", ["Diana", "Zoe"]) == ["Diana"]
    assert likely_meant("ada", ["Ada Lovelace", "Zoe"]) == ["Ada Lovelace"]
    assert likely_meant("Nobody", known) == []


def test_a_renamed_person_has_all_that_was_said_before_and_nothing_said_later_under_the_old_name() -> None:
    acts = [
        Act(1, NAME, ((1, 2),), "Ann"),
        Act(2, NAME, ((3,),), "Bob"),
        Act(3, RENAME, (), "Ann", renamed="Anna"),
        Act(4, NAME, ((4,),), "Ann"),
        Act(5, MERGE, ((2,), (5,))),
    ]
    assert state_after(acts).person == {1: "Anna", 2: "Anna", 3: "Bob", 4: "Ann", 5: "Anna"}
    assert state_after([*acts, Act(6, RENAME, (), "Anna", renamed="Bob")]).person[1] == "Bob"
    assert state_after([*acts, Act(6, UNDO, undoes=3)]).person[1] == "Ann"
    there_and_back = [*acts[:3], Act(4, RENAME, (), "Anna", renamed="Ann")]
    assert state_after(there_and_back).names == {"Ann", "Bob"}
