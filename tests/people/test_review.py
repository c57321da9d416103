"""Suggestions of a library are answered once, and the answers are acts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from made_albums import make_albums
from people_library import albums_of, drawn_people, store_vectors

import faceindex
from faceindex.errors import UsageError


@pytest.fixture
def library(tmp_path: Path) -> Iterator[faceindex.Library]:
    """Person 0 in two albums and alone, 9; person 1 in album 3: what a strict clustering would make."""
    store_vectors(tmp_path / "x.faces", drawn_people([0] * 9 + [1, 1]))
    make_albums(tmp_path / "x.faces", {1: [1, 2, 3, 4, 5], 2: [6, 7, 8], 3: [10, 11]})
    with faceindex.Library(tmp_path / "x.faces", create=False) as opened:
        yield opened


def test_yes_merges_albums_and_moves_faces(library: faceindex.Library) -> None:
    first, second, *others = library.people.suggestions()
    assert (first.album, first.other, second.face) == (1, 2, 9)
    library.people.answer(first, same=True)
    assert library.people.is_open(second)
    library.people.answer(second, same=True)
    assert albums_of(library) == {1: set(range(1, 10)), 3: {10, 11}}
    assert not any(library.people.is_open(one) for one in others)
    assert [past.kind for past in library.history] == ["merge", "move"]
    assert list(library.people.suggestions()) == []


def test_no_is_never_asked_again_until_it_is_undone(library: faceindex.Library) -> None:
    first, *_ = library.people.suggestions()
    library.people.name("Ada", album=1)
    library.people.answer(first, same=False)
    assert [one for one in library.people.suggestions() if one.other == 2] == []
    library.cluster(rebuild=True, threshold=2.0)
    album = {face.face: face.album for face in library.faces}
    assert not {album[face] for face in (1, 2, 3, 4, 5)} & {album[face] for face in (6, 7, 8)}
    assert {library.faces.get(face).person for face in (6, 7, 8)} == {None}
    library.history.undo()
    assert list(library.history)[1].undone


def test_hidden_albums_are_not_asked_about(library: faceindex.Library) -> None:
    library.albums.hide(2)
    assert [(one.album, one.other, one.face) for one in library.people.suggestions()] == [(1, None, 9)]
    library.faces.hide(9)
    assert list(library.people.suggestions()) == []


def test_what_is_settled_is_not_answered_again(library: faceindex.Library) -> None:
    first, *_ = library.people.suggestions()
    library.people.answer(first, same=True)
    with pytest.raises(UsageError):
        library.people.answer(first, same=True)
    with pytest.raises(UsageError, match="settled already"):
        library.people.answer(first, same=False)
