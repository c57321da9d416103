"""The journal is counted and read in parts: by pages, and by what counts."""

from __future__ import annotations

import pytest
from made_library import MadeLibrary

from faceindex.journal.acts import NAME, UNDO
from faceindex.store.journal.acts import act_ids, count_acts, last_act, newest_step
from faceindex.store.journal.names import decide
from faceindex.types import Box


@pytest.fixture
def journal(made: MadeLibrary) -> MadeLibrary:
    """Four acts, of which the last undoes the third."""
    made.store("a", [Box(100, 100, 100, 100)])
    with made.folder.decisions() as catalog, catalog.transaction() as transaction:
        for person in ("Ada", "Grace", "Mary"):
            decide(transaction, NAME, [1], person)
        decide(transaction, UNDO, [], undoes=3)
    return made


def test_a_journal_without_acts_has_neither_a_last_nor_a_newest_one(made: MadeLibrary) -> None:
    made.store("a", [])
    connection = made.folder.catalog.connection
    assert (last_act(connection), count_acts(connection), newest_step(connection)) == (0, 0, None)
    assert act_ids(connection, None, 9) == []


def test_acts_are_counted_with_undos_and_the_newest_step_is_none_of_these(journal: MadeLibrary) -> None:
    connection = journal.folder.catalog.connection
    assert (last_act(connection), count_acts(connection), newest_step(connection)) == (4, 4, 2)


@pytest.mark.parametrize(
    ("beyond", "newest_first", "expected"),
    [(None, False, [1, 2]), (2, False, [3, 4]), (4, False, []), (None, True, [4, 3]), (2, True, [1])],
)
def test_ids_of_acts_begin_beyond_an_act(
    journal: MadeLibrary, beyond: int | None, newest_first: bool, expected: list[int]
) -> None:
    found = act_ids(journal.folder.catalog.connection, beyond, 2, newest_first=newest_first)
    assert found == expected
