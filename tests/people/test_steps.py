"""Acts made together are one transaction, and what follows is what follows from them one by one."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from made_albums import make_albums
from people_library import drawn_people, store_vectors

import faceindex
from faceindex.errors import UsageError


@pytest.fixture
def library(tmp_path: Path) -> Iterator[faceindex.Library]:
    store_vectors(tmp_path / "x.faces", drawn_people([0] * 9 + [1, 1]))
    make_albums(tmp_path / "x.faces", {1: [1, 2, 3, 4, 5], 2: [6, 7, 8], 3: [10, 11]})
    with faceindex.Library(tmp_path / "x.faces", create=False) as opened:
        yield opened


def act(library: faceindex.Library) -> None:
    library.people.name("Ada", album=1)
    library.albums.reject([2])
    library.albums.move([9], 1)
    library.albums.merge([2, 3])
    library.history.undo()
    library.albums.hide(3)


def state(library: faceindex.Library) -> object:
    albums = [*library.albums.list(limit=None, hidden=True)]
    faces = [(face.face, face.album, face.person) for face in library.faces]
    people = [replace(person, id="") for person in library.people]  # ids are random
    return albums, faces, people, [(past.kind, past.changes, past.undone) for past in library.history]


def test_acts_together_are_the_acts_one_by_one(library: faceindex.Library, tmp_path: Path) -> None:
    shutil.copytree(tmp_path / "x.faces", tmp_path / "y.faces")
    with library.history.together():
        act(library)
    with faceindex.Library(tmp_path / "y.faces", create=False) as other:
        act(other)
        assert state(library) == state(other)
    assert library.care.check().damage == ()


def test_nobody_sees_half_of_them(library: faceindex.Library) -> None:
    before, version = state(library), library.version
    with library.history.together():
        act(library)
        assert state(library) == before
        assert library.version == version
    assert state(library) != before


def test_one_that_cannot_be_done_takes_all_back(library: faceindex.Library) -> None:
    before = state(library)

    def fail() -> None:
        with library.history.together():
            act(library)
            library.people.name("Bob", album=77)

    with pytest.raises(UsageError, match="no album 77"):
        fail()
    assert state(library) == before
    library.people.name("Bob", album=2)
    assert len(library.history.list()) == 1


def test_they_are_one_transaction(library: faceindex.Library, monkeypatch: pytest.MonkeyPatch) -> None:
    with closing(sqlite3.connect(library.path / "catalog.sqlite")) as watching:
        seen = watching.execute("PRAGMA data_version").fetchone()
        with library.history.together():
            act(library)
            assert watching.execute("PRAGMA data_version").fetchone() == seen
        assert watching.execute("PRAGMA data_version").fetchone() != seen
