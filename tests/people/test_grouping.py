"""Clustering a library: at first, when new faces came, and anew."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from people_library import albums_of, drawn_people, store_vectors

import faceindex

PEOPLE = [0, 0, 0, 0, 1, 1, 1, 2, 2, 3]
LATER = [0, 3, 4, 4, 4]  # faces 11 to 15


@pytest.fixture
def library(tmp_path: Path) -> Iterator[faceindex.Library]:
    store_vectors(tmp_path / "x.faces", drawn_people(PEOPLE + LATER)[: len(PEOPLE)])
    with faceindex.Library(tmp_path / "x.faces", create=False) as opened:
        opened.cluster()
        yield opened


def add_later_faces(library: faceindex.Library) -> None:
    store_vectors(library.path, drawn_people(PEOPLE + LATER)[len(PEOPLE) :], "later")


def test_new_faces_join_albums_or_begin_new_ones_and_no_other_moves(library: faceindex.Library) -> None:
    library.people.name("Ada", album=1)
    library.albums.split(2, [5])
    before = albums_of(library)
    add_later_faces(library)
    report = library.cluster()
    after = albums_of(library)
    assert after == before | {1: before[1] | {11}, 4: {10, 12}, 5: {13, 14, 15}}
    assert (report.change.kept, report.change.new, report.change.gone, report.change.moved) == (3, 2, 0, 0)
    assert report.change.joined == 6
    assert (library.faces.get(11).person, library.faces.get(11).confirmed) == ("Ada", False)
    assert library.cluster().change.joined == 0


def test_dry_run_says_what_would_change_and_changes_nothing(library: faceindex.Library) -> None:
    library.people.name("Ada", face=1)
    before = albums_of(library)
    asked = library.cluster(rebuild=True, threshold=0.01, dry_run=True)
    assert asked.dry_run
    assert (asked.change.kept, asked.change.gone, asked.change.moved) == (0, 3, 9)
    assert [(p.person, p.faces, p.lost) for p in asked.change.people] == [("Ada", 1, 3)]
    assert albums_of(library) == before
    done = library.cluster(rebuild=True, threshold=0.01)
    assert done.change == asked.change
    assert albums_of(library) == {}
    assert [person.person for person in library.people] == ["Ada"]


def test_rebuilt_albums_keep_their_numbers(library: faceindex.Library) -> None:
    add_later_faces(library)
    library.cluster(rebuild=True)
    albums = albums_of(library)
    assert (albums[1], albums[2], albums[3]) == ({1, 2, 3, 4, 11}, {5, 6, 7}, {8, 9})
    assert sorted(albums)[3:] == [4, 5]


def test_numbers_of_albums_that_are_gone_are_not_given_again(library: faceindex.Library) -> None:
    library.cluster(rebuild=True, threshold=0.0)
    assert albums_of(library) == {}
    library.cluster(rebuild=True)
    assert min(albums_of(library)) > 3


@pytest.mark.parametrize("method", ["whispers", "dbscan"])
@pytest.mark.parametrize("threshold", [0.1, 2.0])
def test_decisions_hold_after_a_rebuild_and_are_undone_after_it(
    library: faceindex.Library, method: str, threshold: float
) -> None:
    library.albums.merge([1, 3])
    library.albums.reject([6])
    library.people.name("Ada", album=2)
    library.cluster(rebuild=True, method=method, threshold=threshold)
    album = {face.face: face.album for face in library.faces}
    assert len({album[face] for face in (1, 2, 3, 4, 8, 9)}) == 1
    assert album[6] is None or album[6] not in (album[5], album[7])
    assert album[5] == album[7] is not None
    assert library.faces.get(5).person == library.faces.get(7).person == "Ada"
    library.history.undo(2)
    assert library.faces.get(6).album == library.faces.get(5).album


def test_photo_that_comes_back_is_in_the_album_that_was_decided(library: faceindex.Library, tmp_path: Path) -> None:
    vectors = drawn_people(PEOPLE + LATER)
    library.albums.move([10], 2)
    library.photos.remove(["/photo-00009.jpg"])
    assert albums_of(library)[2] == {5, 6, 7}
    (tmp_path / "empty").mkdir()
    store_vectors(library.path, vectors[: len(PEOPLE)])
    library.cluster()
    assert albums_of(library)[2] == {5, 6, 7, 10}
