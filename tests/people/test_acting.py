"""What people decide holds at once, in albums and names, and can be taken back."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from people_library import albums_of, drawn_people, store_vectors

import faceindex
from faceindex.errors import UsageError
from faceindex.store.folder import LibraryFolder

# Faces 1-4, 5-7 and 8-9 are of a person each, 10 is alone.
PEOPLE = [0, 0, 0, 0, 1, 1, 1, 2, 2, 3]


@pytest.fixture
def library(tmp_path: Path) -> Iterator[faceindex.Library]:
    store_vectors(tmp_path / "x.faces", drawn_people(PEOPLE))
    with faceindex.Library(tmp_path / "x.faces", create=False) as opened:
        opened.cluster()
        assert albums_of(opened) == {1: {1, 2, 3, 4}, 2: {5, 6, 7}, 3: {8, 9}}
        yield opened


def people(library: faceindex.Library) -> dict[str, set[int]]:
    """The faces that are somebody's, confirmed or not."""
    found: dict[str, set[int]] = {}
    for face in library.faces:
        if face.person:
            found.setdefault(face.person, set()).add(face.face)
    return found


def test_two_albums_are_merged_and_the_larger_one_gives_the_number(library: faceindex.Library) -> None:
    decided = library.albums.merge([2, 1])
    assert albums_of(library) == {1: {1, 2, 3, 4, 5, 6, 7}, 3: {8, 9}}
    assert decided.albums == (1,)
    library.history.undo()
    assert albums_of(library) == {1: {1, 2, 3, 4}, 2: {5, 6, 7}, 3: {8, 9}}


def test_faces_split_out_are_an_album_and_the_rest_keeps_number_and_name(library: faceindex.Library) -> None:
    library.people.name("Ada", album=1)
    library.albums.split(1, [2, 3])
    assert albums_of(library) == {1: {1, 4}, 2: {5, 6, 7}, 3: {8, 9}, 4: {2, 3}}
    assert people(library) == {"Ada": {1, 4}}
    library.history.undo()
    assert albums_of(library)[1] == {1, 2, 3, 4}
    assert people(library) == {"Ada": {1, 2, 3, 4}}
    library.history.undo(list(library.history)[-1].act)
    assert albums_of(library) == {1: {1, 4}, 2: {5, 6, 7}, 3: {8, 9}, 4: {2, 3}}


def test_rejected_face_leaves_album_and_person(library: faceindex.Library) -> None:
    library.people.name("Ada", album=2)
    library.albums.reject([6])
    assert albums_of(library)[2] == {5, 7}
    assert people(library) == {"Ada": {5, 7}}
    assert library.faces.get(6).album is None


def test_moved_face_is_of_the_person_of_its_new_album(library: faceindex.Library) -> None:
    library.people.name("Ada", album=1)
    library.people.name("Grace", album=2)
    library.albums.move([4], 2)
    assert albums_of(library) == {1: {1, 2, 3}, 2: {4, 5, 6, 7}, 3: {8, 9}}
    assert people(library) == {"Ada": {1, 2, 3}, "Grace": {4, 5, 6, 7}}
    library.albums.move([10], 3)
    assert albums_of(library)[3] == {8, 9, 10}


def test_albums_of_one_name_become_one(library: faceindex.Library) -> None:
    library.people.name("Ada", album=1)
    library.people.name("Ada", face=5)
    assert albums_of(library) == {1: {1, 2, 3, 4, 5}, 2: {6, 7}, 3: {8, 9}}
    library.people.name("Ada", album=3)
    assert albums_of(library) == {1: {1, 2, 3, 4, 5, 8, 9}, 2: {6, 7}}
    library.history.undo(1)
    assert people(library) == {"Ada": {5, 8, 9}}
    assert albums_of(library) == {1: {1, 2, 3, 4}, 2: {6, 7}, 3: {5, 8, 9}}


def test_only_what_was_said_of_a_face_is_confirmed(library: faceindex.Library) -> None:
    library.people.name("Ada", face=1)
    assert [library.faces.get(face).person for face in (1, 2, 5)] == ["Ada", "Ada", None]
    assert [library.faces.get(face).confirmed for face in (1, 2, 5)] == [True, False, False]
    (ada,) = library.people
    assert (ada.faces, ada.confirmed) == (4, 1)


def test_hidden_is_not_listed_until_it_is_unhidden(library: faceindex.Library) -> None:
    library.people.name("Ada", album=2)
    library.albums.hide(1)
    library.faces.hide(5)
    library.people.hide("Ada")
    assert [(album.album, album.faces) for album in library.albums] == [(2, 2), (3, 2)]
    assert [face.face for face in library.albums.faces(2, limit=None)] == [6, 7]
    assert list(library.people) == []
    assert [person.person for person in library.people.list(hidden=True, limit=None)] == ["Ada"]
    assert {album.album: album.hidden for album in library.albums.list(hidden=True, limit=None)} == {
        1: True,
        2: False,
        3: False,
    }
    library.albums.unhide(1)
    library.history.undo(3)
    assert [(album.album, album.faces) for album in library.albums] == [(1, 4), (2, 3), (3, 2)]


def test_acts_are_undone_in_any_order(library: faceindex.Library) -> None:
    first = albums_of(library)
    library.albums.merge([1, 2])
    library.albums.split(1, [5, 6])
    library.people.name("Ada", album=1)
    acts = [1, 2, 3]
    for act in acts:
        library.history.undo(act)
    assert albums_of(library) == first
    assert people(library) == {}
    assert [(past.kind, past.undoes, past.undone) for past in library.history] == [
        ("merge", None, True),
        ("split", None, True),
        ("name", None, True),
        *(("undo", act, False) for act in acts),
    ]


def test_names_come_from_the_journal_alone(library: faceindex.Library) -> None:
    library.people.name("Adda", album=1)
    library.history.undo()
    assert list(library.people) == []


Act = Callable[[faceindex.Library], object]


@pytest.mark.parametrize(
    ("act", "reason"),
    [
        (lambda library: library.albums.merge([1]), "two albums or more"),
        (lambda library: library.albums.merge([1, 9]), "no album 9"),
        (lambda library: library.albums.split(1, [5]), "face 5 is not in album 1"),
        (lambda library: library.albums.split(1, [1, 2, 3, 4]), "leave at least one"),
        (lambda library: library.albums.reject([10]), "nothing to reject it from"),
        (lambda library: library.albums.reject([1, 5]), "in different albums"),
        (lambda library: library.albums.reject([99]), "no face 99"),
        (lambda library: library.albums.move([1], 1), "face 1 is in album 1 already"),
        (lambda library: library.history.undo(), "nothing to undo"),
        (lambda library: library.history.undo(7), "no act 7"),
        (lambda library: library.people.hide("Nobody"), "nobody is called Nobody"),
    ],
)
def test_what_cannot_be_decided_is_refused_and_leaves_no_act(library: faceindex.Library, act: Act, reason: str) -> None:
    with pytest.raises(UsageError, match=reason):
        act(library)
    assert list(library.history) == []


def test_albums_of_different_people_are_not_merged(library: faceindex.Library) -> None:
    library.people.name("Ada", album=1)
    library.people.name("Grace", album=2)
    with pytest.raises(
        UsageError, match=r"album 1 is Ada's and album 2 is Grace's; `faceindex people merge Ada Grace`"
    ):
        library.albums.merge([1, 2])
    library.history.undo(2)
    with pytest.raises(UsageError, match="act 2 is undone already; `faceindex people undo 3`"):
        library.history.undo(2)


def test_forgetting_a_person_erases_their_acts_and_others_hold(library: faceindex.Library) -> None:
    library.people.name("Ada", album=1)
    library.albums.split(2, [5])
    library.albums.reject([4])
    library.history.undo()
    library.people.forget("Ada")
    assert {past.kind for past in library.history} == {"split"}
    assert albums_of(library) == {2: {6, 7}, 3: {8, 9}}
    assert library.care.check().damage == ()
    assert not any(b"Ada" in file.read_bytes() for file in library.path.rglob("*") if file.is_file())


def test_acts_need_not_wait_for_an_ingest(library: faceindex.Library) -> None:
    folder = LibraryFolder(library.path)
    with folder.writer():
        library.albums.merge([1, 2])
    folder.close()
    assert albums_of(library)[1] == {1, 2, 3, 4, 5, 6, 7}


def test_an_import_that_is_undone_after_a_rebuild_leaves_no_mark(library: faceindex.Library, tmp_path: Path) -> None:
    library.people.name("Ada", face=1)
    library.people.name("Bob", face=8)
    rows = tmp_path / "names.jsonl"
    said = [(library.faces.get(face), person) for face, person in ((5, "Ada"), (6, "Ada"), (4, "Bob"))]
    rows.write_text(
        "".join(json.dumps({"photo": f.photo, "box": f.box.as_list(), "person": who}) + "\n" for f, who in said)
    )
    before = people(library)
    library.import_([rows])
    store_vectors(library.path, drawn_people(PEOPLE)[:1])
    library.cluster()
    together = [albums for albums in albums_of(library).values() if {1, 5, 6} <= albums or {8, 4} <= albums]
    assert len(together) == 2
    library.history.undo()
    albums = albums_of(library).values()
    assert people(library) == before
    assert not any((1 in album and 5 in album) or (8 in album and 4 in album) for album in albums)
    assert any({5, 6} <= album for album in albums)


def test_albums_follow_when_decided_faces_are_removed(library: faceindex.Library) -> None:
    library.people.name("Ada", album=1)
    photos = [library.faces.get(face).photo for face in (1, 2, 3)]
    library.photos.remove(photos)
    assert albums_of(library) == {2: {5, 6, 7}, 3: {8, 9}}
    assert people(library) == {"Ada": {4}}
    store_vectors(library.path, drawn_people(PEOPLE)[:3])
    library.cluster()
    assert albums_of(library)[1] == {1, 2, 3, 4}
    assert people(library) == {"Ada": {1, 2, 3, 4}}


_DIE = """
import os, signal, sys
import faceindex
from faceindex.people import steps

def die(*_): os.kill(os.getpid(), signal.SIGKILL)
steps.derive_affected = die
faceindex.Library(sys.argv[1], create=False).albums.merge([1, 2])
"""


def test_act_that_is_killed_before_its_albums_follow_was_never_made(library: faceindex.Library) -> None:
    before = albums_of(library)
    done = subprocess.run([sys.executable, "-c", _DIE, library.path], check=False)
    assert done.returncode == -signal.SIGKILL
    assert list(library.history) == []
    assert albums_of(library) == before
