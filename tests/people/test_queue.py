"""What is asked next, by the faces that an answer names."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from made_albums import make_albums
from people_library import albums_of, drawn_people, store_vectors

import faceindex
from faceindex.errors import UsageError
from faceindex.people.learnt_odds import STEP, learnt_odds
from faceindex.store.folder import LibraryFolder


@pytest.fixture
def library(tmp_path: Path) -> Iterator[faceindex.Library]:
    """Person 0 in albums 1 and 2, person 1 in album 3; faces 10 and 11, alone, of person 2; face 12 of nobody else."""
    store_vectors(tmp_path / "x.faces", drawn_people([0] * 7 + [1, 1] + [2, 2] + [3], spread=0.15))
    make_albums(tmp_path / "x.faces", {1: [1, 2, 3, 4], 2: [5, 6, 7], 3: [8, 9]})
    with faceindex.Library(tmp_path / "x.faces", create=False) as opened:
        yield opened


def shown(found: list[faceindex.Suggestion | faceindex.NameQuestion]) -> list[tuple[int | None, ...]]:
    return [
        (one.album, one.face)
        if isinstance(one, faceindex.NameQuestion)
        else (one.album or -(one.with_face or 0), one.other, one.face)
        for one in found
    ]


def test_names_are_asked_for_by_the_faces_that_get_one(library: faceindex.Library) -> None:
    found = library.people.review(names=True)
    assert shown(found) == [(1, 2, None), (3, None), (-10, None, 11), (1, None), (2, None)]
    assert shown(library.people.review(names=True, limit=2)) == [(1, 2, None), (3, None)]


def test_what_has_a_name_or_is_left_alone_is_not_asked_about(library: faceindex.Library) -> None:
    library.people.name("Ada", album=1)
    library.albums.leave_alone(3)
    library.faces.leave_alone(10)
    assert shown(library.people.review(names=True)) == [(1, 2, None), (2, None)]
    library.people.name("Ada", album=2)
    assert library.people.review(names=True) == []


def test_two_faces_alone_become_an_album(library: faceindex.Library) -> None:
    (last,) = [one for one in library.people.suggestions() if one.with_face]
    library.people.answer(last, same=True)
    assert {10, 11} in albums_of(library).values()
    assert not library.people.is_open(last)
    library.cluster(rebuild=True, threshold=0.01)
    assert {10, 11} in albums_of(library).values()
    library.history.undo()
    assert library.people.is_open(last)
    library.people.answer(last, same=False)
    assert all(not isinstance(one, faceindex.Suggestion) or one.face != 11 for one in library.people.review(names=True))
    library.cluster(rebuild=True, threshold=2.0)
    assert not any({10, 11} <= faces for faces in albums_of(library).values())


def test_two_faces_alone_can_be_left_unasked(library: faceindex.Library) -> None:
    (alone,) = [one for one in library.people.suggestions() if one.with_face]
    library.people.do_not_ask(alone)
    assert not library.people.is_open(alone)
    assert [one for one in library.people.suggestions() if one.with_face] == []


def test_faces_with_two_names_are_no_question(library: faceindex.Library) -> None:
    (alone,) = [one for one in library.people.suggestions() if one.with_face]
    library.people.name("Ada", face=10)
    (named,) = [one for one in library.people.suggestions() if one.with_face]
    assert (named.with_face, named.face, named.person) == (10, 11, "Ada")
    library.people.name("Bob", face=11)
    assert not library.people.is_open(alone)
    with pytest.raises(UsageError, match="settled already"):
        library.people.answer(alone, same=True)


def test_one_persons_queue_asks_about_this_person_only(library: faceindex.Library) -> None:
    library.people.name("Ada", album=2)
    library.people.name("Cleo", face=10)
    assert shown(library.people.review(person="Ada")) == [(2, 1, None)]
    assert shown(library.people.review(person="Cleo")) == [(-10, None, 11)]
    with pytest.raises(UsageError, match="nobody is called Bob"):
        library.people.review(person="Bob")
    with pytest.raises(UsageError, match="one of person and names"):
        library.people.review(person="Ada", names=True)


def test_answers_teach_how_much_is_left_apart(library: faceindex.Library) -> None:
    first, *_ = library.people.suggestions()

    def learnt() -> float:
        folder = LibraryFolder(library.path)
        try:
            return learnt_odds(folder)
        finally:
            folder.close()

    assert learnt() == 0
    library.people.answer(first, same=False, dry_run=True)
    assert learnt() == 0
    library.people.answer(first, same=False)
    assert learnt() == pytest.approx(-STEP * first.probability, abs=1e-3)
    (alone,) = [one for one in library.people.suggestions() if one.with_face]
    library.people.answer(replace(alone, probability=0.4), same=True)
    assert learnt() == pytest.approx(-STEP * (first.probability - 0.6), abs=1e-3)
