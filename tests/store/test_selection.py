"""Photos by who is shown, when and where."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from made_library import MadeLibrary

from faceindex.errors import UsageError
from faceindex.journal.acts import NAME
from faceindex.store.journal.names import decide
from faceindex.store.selection import Selection, selected_faces, selected_photos
from faceindex.types import Box

LEFT, MIDDLE, RIGHT = Box(0, 0, 50, 50), Box(300, 0, 50, 50), Box(600, 0, 50, 50)


@pytest.fixture
def named(made: MadeLibrary) -> MadeLibrary:
    """Who is in a photo is in its name; x is a face without a name. Taken in 2001, 2002, ..., the last one never."""
    for year, who in enumerate(["a", "b", "ab", "abc", "abx", "x", "ac"], start=2001):
        made.store(who, [LEFT, MIDDLE, RIGHT][: len(who)], path=f"/photos/{'even' if year % 2 == 0 else 'odd'}/{who}")
        with made.folder.writer() as writer, writer.catalog.transaction() as transaction:
            ids = [row[0] for row in transaction.execute("SELECT id FROM faces ORDER BY id DESC LIMIT ?", (len(who),))]
            for letter, face in zip(who, reversed(ids), strict=True):
                if letter != "x":
                    decide(transaction, NAME, [face], letter.upper())
            day = None if who == "ac" else f"{year}-06-15T23:59:59+02:00"
            transaction.execute("UPDATE photos SET taken = ? WHERE content = ?", (day, who.encode()))
    return made


def chosen(library: MadeLibrary, selection: Selection) -> set[str]:
    return {Path(photo.path).name for photo in selected_photos(library.folder.catalog, selection)}


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        (Selection(), {"a", "b", "ab", "abc", "abx", "x", "ac"}),
        (Selection(shows=("A",)), {"a", "ab", "abc", "abx", "ac"}),
        (Selection(shows=("A", "B")), {"ab", "abc", "abx"}),
        (Selection(shows=("A", "B"), only=True), {"ab"}),
        (Selection(shows=("A",), without=("C",)), {"a", "ab", "abx"}),
        (Selection(shows=("A",), without=("C", "B")), {"a"}),
        (Selection(without=("A",)), {"b", "x"}),
        (Selection(first="2002", last="2004"), {"b", "ab", "abc"}),
        (Selection(first="2003-06-15", last="2003-06-15"), {"ab"}),
        (Selection(first="2003-06-16", last="2004-05"), set()),
        (Selection(last="2001-06"), {"a"}),
        (Selection(under="/photos/even"), {"b", "abc", "x"}),
        (Selection(under="/photos/eve"), set()),
        (Selection(under="/photos/even/b"), {"b"}),
        (Selection(shows=("B",), first="2003", under="/photos/odd"), {"ab", "abx"}),
    ],
)
def test_photos_for_which_all_that_is_said_is_true(
    named: MadeLibrary, selection: Selection, expected: set[str]
) -> None:
    assert chosen(named, selection) == expected


def test_faces_of_such_photos_and_those_without_a_name(named: MadeLibrary) -> None:
    faces = np.array(sorted(named.faces()))
    photos = {face: Path(record.photo).name for face, record in named.faces().items()}
    shown = faces[selected_faces(named.folder.catalog, faces, Selection(shows=("B",), last="2003"))]
    assert [photos[face] for face in shown.tolist()] == ["b", "ab", "ab"]
    nobody = faces[selected_faces(named.folder.catalog, faces, Selection(), unnamed=True)]
    assert [photos[face] for face in nobody.tolist()] == ["abx", "x"]
    under = faces[selected_faces(named.folder.catalog, faces, Selection(under="/photos/even"), unnamed=True)]
    assert [photos[face] for face in under.tolist()] == ["x"]


def test_a_photo_with_two_paths_is_found_under_each(named: MadeLibrary) -> None:
    with named.folder.writer() as writer, writer.catalog.transaction() as transaction:
        transaction.execute("INSERT INTO paths SELECT CAST('/copies/ab' AS BLOB), photo, 1, 1, 1 FROM paths LIMIT 1")
    assert chosen(named, Selection(under="/copies")) == {"ab"}
    assert len(list(selected_photos(named.folder.catalog, Selection()))) == 8


def test_every_condition_is_answered_by_an_index(named: MadeLibrary) -> None:
    catalog = named.folder.open_catalog()
    statements: list[str] = []
    catalog.connection.set_trace_callback(statements.append)
    wanted = Selection(shows=("A", "B"), without=("C",), only=True, first="2001", last="2009")
    assert list(selected_photos(catalog, wanted))
    catalog.connection.set_trace_callback(None)
    plan = [row[3] for row in catalog.connection.execute(f"EXPLAIN QUERY PLAN {statements[-1]}")]
    catalog.close()
    assert not [step for step in plan if step.startswith("SCAN") and "json_each" not in step], plan


def test_wrong_wishes_are_usage_errors(named: MadeLibrary) -> None:
    with pytest.raises(UsageError, match="nobody is called Zoe"):
        chosen(named, Selection(shows=("Zoe",)))
    with pytest.raises(UsageError, match="nobody is called Zoe"):
        chosen(named, Selection(without=("Zoe",)))
    for day in ("yesterday", "2019-13", "2019-02-30", "19", "2019-7-1"):
        with pytest.raises(UsageError, match="is not a date; write 2019, 2019-07 or 2019-07-20"):
            Selection(first=day)
    with pytest.raises(UsageError, match="--only needs"):
        Selection(only=True)
