"""People get other names, and what is said of names that nobody has."""

from __future__ import annotations

import sqlite3
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pytest
from made_albums import make_albums
from people_library import drawn_people, store_vectors

import faceindex
from faceindex.errors import UsageError


@pytest.fixture
def library(tmp_path: Path) -> Iterator[faceindex.Library]:
    """Albums 1 and 2, of three faces each, and face 7 alone."""
    store_vectors(tmp_path / "x.faces", drawn_people([0, 0, 0, 1, 1, 1, 2]))
    make_albums(tmp_path / "x.faces", {1: [1, 2, 3], 2: [4, 5, 6]})
    with faceindex.Library(tmp_path / "x.faces", create=False) as opened:
        yield opened


def people(library: faceindex.Library) -> dict[str, int]:
    return {person.person: person.faces for person in library.people}


def test_a_renamed_person_keeps_faces_hiding_and_rejections(library: faceindex.Library) -> None:
    library.people.name("Ann", album=1)
    library.albums.reject([3])
    library.people.hide("Ann")
    done = library.people.rename("Ann", "Anna")
    assert (done.kind, done.person, done.renamed, done.faces) == ("rename", "Ann", "Anna", 2)
    assert [(one.person_before, one.person_after, one.faces) for one in done.changes] == [("Ann", "Anna", 2)]
    assert [(person.person, person.hidden) for person in library.people.list(hidden=True, limit=None)] == [
        ("Anna", True)
    ]
    library.people.name("Ann", face=7)
    assert {person.person for person in library.people.list(hidden=True, limit=None)} == {"Ann", "Anna"}
    library.cluster(rebuild=True, threshold=0.5)
    assert library.faces.get(3).person is None
    assert not library.care.check().damage
    library.history.undo(done.act)
    assert {person.person: person.faces for person in library.people.list(hidden=True, limit=None)} == {"Ann": 3}


def test_two_people_become_one_only_when_that_is_said(library: faceindex.Library) -> None:
    library.people.name("Diana", album=1)
    second = library.people.name("diana", album=2)
    assert second.similar == ("Diana",)
    assert people(library) == {"Diana": 3, "diana": 3}
    with pytest.raises(UsageError, match="--merge"):
        library.people.rename("diana", "Diana")
    assert people(library) == {"Diana": 3, "diana": 3}
    library.people.rename("diana", "Diana", merge=True)
    assert people(library) == {"Diana": 6}
    undone = library.history.undo()
    assert undone.undone is not None
    assert (undone.undone.kind, undone.undone.person, undone.undone.renamed) == ("rename", "diana", "Diana")
    assert people(library) == {"Diana": 3, "diana": 3}


def test_names_are_composed_wherever_they_come_from(library: faceindex.Library) -> None:
    decomposed = unicodedata.normalize("NFD", "Zoë")
    library.people.name(decomposed, album=1)
    library.people.name("Zoë", album=2)
    assert people(library) == {"Zoë": 6}
    library.people.hide(decomposed)
    assert people(library) == {}
    assert library.people.forget(decomposed).faces == 6


def test_a_name_is_one_line_of_text(library: faceindex.Library) -> None:
    for name in ("Ann\nBob", "\x1b[31m", " "):
        with pytest.raises(UsageError, match="a person's name"):
            library.people.name(name, album=1)
        library.people.name("Ann", album=1)
        with pytest.raises(UsageError, match="a person's name"):
            library.people.rename("Ann", name)


@pytest.mark.parametrize(
    "ask",
    [
        lambda library: library.people.hide("Dianna"),
        lambda library: library.people.rename("Dianna", "Di"),
        lambda library: library.people.forget("Dianna"),
        lambda library: library.faces.probes(person="Dianna"),
    ],
)
def test_who_may_have_been_meant_is_said_of_a_name_that_nobody_has(library: faceindex.Library, ask: object) -> None:
    library.people.name("Diana", album=1)
    with pytest.raises(UsageError, match='nobody is called Dianna; did you mean "Diana"'):
        ask(library)  # type: ignore[operator]


def test_somebody_without_a_face_after_a_correction_goes(library: faceindex.Library) -> None:
    library.people.name("Ann", face=7)
    library.people.name("Bob", face=7)
    assert people(library) == {"Bob": 1}
    library.history.undo()
    assert people(library) == {"Ann": 1}
    library.albums.reject([7])
    assert people(library) == {}


def test_history_says_whose_faces_were_before_and_after(library: faceindex.Library) -> None:
    library.people.name("Ann", album=1)
    library.people.name("Bob", face=1)
    library.history.undo()
    first, second, undo = library.history
    assert [(c.person_before, c.person_after, c.faces) for c in first.changes] == [(None, "Ann", 3)]
    assert [(c.person_before, c.person_after, c.face) for c in second.changes] == [("Ann", "Bob", 1)]
    assert [(c.person_before, c.person_after) for c in undo.changes] == [("Bob", "Ann")]
    assert second.photo == library.faces.get(1).photo


def test_a_forgotten_name_is_nowhere_also_under_which_it_was_known_before(library: faceindex.Library) -> None:
    library.people.name("Ann", album=1)
    library.people.name("Bob", album=2)
    library.people.rename("Ann", "Anna")
    library.people.name("Ann", face=7)
    library.albums.move([4], 1)
    library.people.forget("Anna")
    assert people(library) == {"Ann": 1, "Bob": 2}
    with sqlite3.connect(library.path / "catalog.sqlite") as catalog:
        said = catalog.execute("SELECT person, renamed, change FROM acts").fetchall()
    assert "Anna" not in str(said)
    assert not library.care.check().damage
