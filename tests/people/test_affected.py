"""After every act all is as if everything had been derived anew from the whole journal."""

from __future__ import annotations

import random
import sqlite3
from pathlib import Path

import pytest
from people_library import drawn_people, store_vectors

import faceindex
from faceindex.errors import UsageError
from faceindex.people.albums import derive_albums
from faceindex.store.derived import wrong_figures
from faceindex.store.folder import LibraryFolder

NAMES = ["Ada", "Bob", "Cleo 😀", 'D"D', "Eve"]
_TABLES = (
    "SELECT name, hidden FROM people ORDER BY name",
    "SELECT face, name FROM person_faces JOIN people ON id = person ORDER BY face",
    "SELECT face FROM hidden_faces ORDER BY face",
    "SELECT face, album FROM album_faces ORDER BY face",
    "SELECT albums.id, name, albums.hidden FROM albums LEFT JOIN people ON people.id = person ORDER BY albums.id",
    "SELECT face, name FROM absent_names ORDER BY face",
    "SELECT face, bond FROM bonds ORDER BY face",
    "SELECT name FROM settings WHERE name = 'albums_due'",
)


class _OnlyLooking(Exception):
    pass


def tables(connection: sqlite3.Connection) -> list[list[tuple[object, ...]]]:
    return [connection.execute(statement).fetchall() for statement in _TABLES]


def as_derived_anew(path: Path) -> list[list[tuple[object, ...]]]:
    folder = LibraryFolder(path)
    found: list[list[tuple[object, ...]]] = []
    try:
        with folder.decisions() as catalog, catalog.transaction() as transaction:
            derive_albums(transaction)
            found = tables(transaction)
            raise _OnlyLooking
    except _OnlyLooking:
        return found
    finally:
        folder.close()


def act(library: faceindex.Library, chance: random.Random) -> None:
    """Any step of a user. Raises: UsageError when it cannot be done."""
    faces = [face.face for face in library.faces]
    albums = [album.album for album in library.albums.list(hidden=True, limit=None)]
    album = chance.choice(albums or [1])
    members = [face.face for face in library.albums.faces(album, hidden=True, limit=None)]
    some = chance.sample(members, chance.randint(1, min(3, len(members))))
    match chance.randrange(12):
        case 0 | 1:
            library.people.name(chance.choice(NAMES), face=chance.choice(faces))
        case 2:
            library.people.name(chance.choice(NAMES), album=album)
        case 3:
            library.albums.merge(chance.sample(albums, min(2, len(albums))))
        case 4:
            library.albums.split(album, some)
        case 5:
            library.albums.reject(some)
        case 6:
            library.albums.move([chance.choice(faces)], album)
        case 7:
            library.albums.hide(album)
        case 8:
            chance.choice([library.faces.hide, library.faces.unhide])(chance.choice(faces))
        case 9:
            chance.choice([library.people.hide, library.people.unhide])(chance.choice(NAMES))
        case _:
            acts = list(library.history)
            library.history.undo(chance.choice(acts).act if acts and chance.random() < 0.8 else None)


@pytest.mark.parametrize("seed", range(8))
def test_what_an_act_changes_is_what_replaying_all_changes(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    people = [chance.randrange(6) for _ in range(chance.randint(12, 45))]
    vectors = drawn_people(people * 2, spread=chance.choice([0.2, 0.35, 0.5]))
    path = tmp_path / "x.faces"
    store_vectors(path, vectors[: len(people)])
    done = 0
    with faceindex.Library(path, create=False) as library:
        library.cluster()
        for step in range(70):
            if step == 30:
                store_vectors(path, vectors[len(people) :], "later")
                library.cluster()
            if step == 50:
                library.cluster(rebuild=True, threshold=chance.choice([0.35, 0.5, 0.7]))
            if step == 60:
                gone = [photo.path for photo in library.photos][: len(people) // 3]
                library.photos.remove(gone)
                library.cluster()  # albums that nobody decided about follow, too
            try:
                act(library, chance)
            except UsageError:
                continue
            done += 1
            folder = LibraryFolder(path)
            now = tables(folder.catalog.connection)
            assert wrong_figures(folder.catalog.connection) == (0, 0), step
            folder.close()
            assert now == as_derived_anew(path), step
    assert done > 30
