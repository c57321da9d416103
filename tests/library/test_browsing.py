"""What somebody needs who looks around in a large library: jumps into lists, names, folders, photos around a photo."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from people_library import date_photos, drawn_people, store_vectors

import faceindex
from faceindex import NotInLibrary, Page, PageStarts, UsageError


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[faceindex.Library]:
    """Albums of 9, 8, ... 2 faces and five faces alone; the two largest are Ann and José, and one face is hidden. Half
    of the photos have dates."""
    path = tmp_path_factory.mktemp("libraries") / "browsed.faces"
    people = [person for person, faces in enumerate(range(9, 1, -1)) for _ in range(faces)]
    store_vectors(path, drawn_people([*people, *range(20, 25)]), prefix="trips/2019/photo")
    with faceindex.Library(path) as opened:
        opened.cluster(threshold=0.6)
        opened.people.name("Ann", album=1)
        opened.people.name("José Ann Müller", album=2)
        opened.faces.hide(3)
        date_photos(path, {photo: f"2020-01-{1 + photo % 9:02d}T08:{photo % 60:02d}:00" for photo in range(2, 40, 2)})
        yield opened


Lists = dict[str, tuple[Callable[[int], PageStarts], Callable[..., Page[object]]]]


def lists(library: faceindex.Library) -> Lists:
    found: object = {
        "albums": (library.browsing.starts_of_albums, library.albums.list),
        "unnamed": (
            lambda size: library.browsing.starts_of_albums(size, unnamed=True),
            lambda **given: library.albums.list(unnamed=True, **given),
        ),
        "people": (library.browsing.starts_of_people, library.people.list),
        "album": (
            lambda size: library.browsing.starts_of_album(3, size),
            lambda **given: library.albums.faces(3, **given),
        ),
        "person": (
            lambda size: library.browsing.starts_of_person("Ann", size),
            lambda **given: library.people.faces("Ann", **given),
        ),
        "photos": (library.browsing.starts_of_photos, library.photos.list),
        "Ann's photos": (
            lambda size: library.browsing.starts_of_photos(size, among=faceindex.Selection(("Ann",))),
            lambda **given: library.photos.list(among=faceindex.Selection(("Ann",)), **given),
        ),
        "alone": (library.browsing.starts_of_faces_alone, library.browsing.faces_alone),
    }
    return found  # type: ignore[return-value]


@pytest.mark.parametrize("name", ["albums", "unnamed", "people", "album", "person", "photos", "Ann's photos", "alone"])
@pytest.mark.parametrize("size", [1, 3, 4, 100])
def test_every_page_of_a_list_can_be_jumped_to(library: faceindex.Library, name: str, size: int) -> None:
    starts_of, list_of = lists(library)[name]
    starts, everything = starts_of(size), list_of(limit=None).items
    assert starts.items == len(everything) > 0
    pages: Sequence[object] = [
        item for cursor in (None, *starts.cursors) for item in list_of(limit=size, cursor=cursor)
    ]
    assert list(map(repr, pages)) == list(map(repr, everything))
    assert len(starts.cursors) == (len(everything) - 1) // size


def test_hidden_faces_and_those_in_albums_are_not_alone(library: faceindex.Library) -> None:
    alone = [face.face for face in library.browsing.faces_alone(limit=None)]
    assert alone == [45, 46, 47, 48, 49]
    library.faces.leave_alone(46)
    library.people.name("Single", face=47)
    assert [face.face for face in library.browsing.faces_alone(limit=None)] == [45, 48, 49]
    library.history.undo()
    library.history.undo()
    assert library.browsing.starts_of_faces_alone(2).items == 5


def test_what_does_not_exist_is_said(library: faceindex.Library) -> None:
    for ask in (
        lambda: library.browsing.starts_of_album(99, 10),
        lambda: library.browsing.starts_of_person("Nobody", 10),
        lambda: library.browsing.photos_around(999),
    ):
        with pytest.raises(NotInLibrary):
            ask()
    with pytest.raises(UsageError):
        library.browsing.starts_of_albums(0)


def test_names_are_found_by_how_their_words_begin_without_accents(library: faceindex.Library) -> None:
    like = library.browsing.names_like
    assert like("a") == ["Ann", "José Ann Müller"]
    assert like("JOSE") == like("mu") == ["José Ann Müller"]
    assert like("") == ["Ann", "José Ann Müller"]
    assert like("nn") == []
    assert like("ann", limit=1) == ["Ann"]
    library.people.hide("Ann")
    assert like("ann") == ["José Ann Müller"]
    library.history.undo()


def test_photos_of_a_moment_come_by_time_and_others_by_folder(library: faceindex.Library) -> None:
    dated = library.browsing.photos_around(20)  # taken on 2020-01-03 at 8:20
    assert dated.by_date
    assert [photo.taken for photo in dated.others] == ["2020-01-03T08:02:00", "2020-01-03T08:38:00"]
    undated = library.browsing.photos_around(21, limit=4)
    assert not undated.by_date
    assert [photo.photo for photo in undated.others] == [19, 20, 22, 23]
    first, last = library.browsing.photos_around(1), library.browsing.photos_around(49)
    assert first.before is None
    assert first.after is not None
    assert first.after.photo == 2
    assert last.after is None


def test_folders_are_told_with_the_photos_below_them(tmp_path: Path) -> None:
    path = tmp_path / "folders.faces"
    for prefix, photos in (("home/a/2019/x", 2), ("home/a/2020/x", 3), ("home/b/x", 1)):
        store_vectors(path, drawn_people(list(range(photos)), seed=photos), prefix=prefix)
    with faceindex.Library(path) as library:
        assert [(one.path, one.photos) for one in library.browsing.folders()] == [
            ("/home", 6),
            ("/home/a", 5),
            ("/home/a/2019", 2),
            ("/home/a/2020", 3),
            ("/home/b", 1),
        ]
