"""Lists by pages: every item once, in the order of the whole list, whatever changes meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from made_albums import make_albums
from made_library import MadeLibrary
from people_library import drawn_people, store_vectors

import faceindex
from faceindex.errors import UsageError
from faceindex.store.selection import Selection
from faceindex.types import Box

Listing = Callable[..., faceindex.Page[Any]]


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> faceindex.Library:
    path = tmp_path_factory.mktemp("pages") / "x.faces"
    store_vectors(path, drawn_people([number // 4 for number in range(120)]))
    make_albums(path, {n + 1: list(range(4 * n + 1, 4 * n + 3 + n % 3)) for n in range(28)})
    opened = faceindex.Library(path, create=False)
    for number in range(9):
        opened.people.name(f"Person {number % 7}", album=number + 1)
    opened.people.name("Alone", face=119)
    opened.albums.hide(12)
    opened.people.hide("Person 3")
    opened.faces.hide(1)
    return opened


def pages(listing: Listing, limit: int, **more: Any) -> list[Any]:
    found: list[Any] = []
    cursor = None
    while True:
        page = listing(limit=limit, cursor=cursor, **more)
        assert len(page) <= limit
        found += page
        if page.next is None:
            return found
        assert len(page) == limit
        cursor = page.next


def first(library: faceindex.Library) -> int:
    """The album of a face that is hidden."""
    return library.faces.get(1).album or 0


LISTS: dict[str, Callable[[faceindex.Library], Listing]] = {
    "albums": lambda library: library.albums.list,
    "hidden albums": lambda library: lambda **page: library.albums.list(hidden=True, **page),
    "an album": lambda library: lambda **page: library.albums.faces(first(library), **page),
    "an album with hidden": lambda library: lambda **page: library.albums.faces(first(library), hidden=True, **page),
    "people": lambda library: library.people.list,
    "hidden people": lambda library: lambda **page: library.people.list(hidden=True, **page),
    "faces": lambda library: library.faces.list,
    "photos": lambda library: library.photos.list,
    "photos of": lambda library: lambda **page: library.photos.list(among=Selection(shows=("Person 1",)), **page),
    "history": lambda library: library.history.list,
    "newest history": lambda library: lambda **page: library.history.list(newest_first=True, **page),
}


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize("limit", [1, 3, 7])
def test_pages_are_the_whole_list(library: faceindex.Library, name: str, limit: int) -> None:
    listing = LISTS[name](library)
    found = pages(listing, limit)
    whole = [*listing(limit=None)]
    assert repr(found) == repr(whole)
    assert len(whole) > 1


def test_lists_are_what_iterating_gives(library: faceindex.Library) -> None:
    assert [*library.albums] == [*library.albums.list(limit=None)]
    assert [album.faces for album in library.albums] == sorted((album.faces for album in library.albums), reverse=True)
    assert [*library.people] == [*library.people.list(limit=None)]
    assert [photo.path for photo in library.photos] == sorted(photo.path for photo in library.photos)
    assert [past.act for past in library.history.list(newest_first=True, limit=None)] == [
        past.act for past in reversed([*library.history])
    ]


def test_what_comes_and_goes_moves_nothing_else(made: MadeLibrary) -> None:
    for number in range(6):
        made.store(f"{number}", [Box(10, 10, 50, 50)], path=f"/{number}.jpg")
    made.folder.close()
    with faceindex.Library(made.folder.path, create=False) as library:
        first = library.photos.list(limit=2)
        library.photos.remove(["/0.jpg"])
        made.store("00", [Box(10, 10, 50, 50)], path="/00.jpg")
        assert [photo.path for photo in library.photos.list(limit=2, cursor=first.next)] == ["/2.jpg", "/3.jpg"]


def test_photos_under_a_path_by_pages(made: MadeLibrary) -> None:
    for path in ("/a", "/a-b.jpg", "/a/1.jpg", "/a/2.jpg", "/a0.jpg", "/\udcff/x.jpg"):
        made.store(path.encode("utf-8", "surrogateescape").hex(), [Box(10, 10, 50, 50)], path=path)
    made.folder.close()
    with faceindex.Library(made.folder.path, create=False) as library:
        found = pages(lambda **page: library.photos.list(among=Selection(under="/a"), **page), 1)
        assert [photo.path for photo in found] == ["/a", "/a/1.jpg", "/a/2.jpg"]
        assert len(pages(library.photos.list, 1)) == 6


@pytest.mark.parametrize("wrong", ["", "7", "WyJhIl0=", "not base64", "é", "W10=", "bnVsbA=="])
def test_what_is_no_cursor_is_refused(library: faceindex.Library, wrong: str) -> None:
    with pytest.raises(UsageError, match="not a cursor"):
        library.albums.list(cursor=wrong)


def test_a_cursor_of_another_list_is_refused(library: faceindex.Library) -> None:
    cursor = library.albums.list(limit=1).next
    for listing in (library.people.list, library.history.list, library.faces.list):
        with pytest.raises(UsageError, match="not a cursor of this list"):
            listing(cursor=cursor)
    with pytest.raises(UsageError, match="at least one item"):
        library.albums.list(limit=0)


def test_an_open_page_does_not_keep_what_is_forgotten_on_the_disk(tmp_path: Path) -> None:
    path = tmp_path / "x.faces"
    store_vectors(path, drawn_people([number // 4 for number in range(3000)]))
    with faceindex.Library(path, create=False) as library:
        library.people.name("Ada", face=2999)
        found = library.photos.find(Selection(only=True, shows=("Ada",)))
        open_lists = [iter(library.faces), iter(library.photos), found]
        for one in open_lists:
            next(one)
        library.people.forget("Ada")
        assert sum(1 for _ in open_lists[0]) == 2998
