"""What was prepared, and followed what changed, suggests what looking at all faces suggests."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from made_albums import make_albums
from people_library import date_photos, drawn_people, store_vectors

import faceindex
from faceindex.errors import MachineError, StaleError, UsageError
from faceindex.judgement.company import FEWEST_PEOPLE
from faceindex.people import crowded_groups, prepared, review
from faceindex.store import group_file
from faceindex.store.folder import LibraryFolder
from faceindex.store.group_file import FILE, reading
from faceindex.store.people.reviewed import cannot_be_one, never_suggested

NAMES = ["Ada", "Bob", "Cleo"]


@pytest.fixture(autouse=True)
def every_library_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    """And has albums enough to tell how crowded it is around each."""
    monkeypatch.setattr(review, "SMALL", 0)
    monkeypatch.setattr(crowded_groups, "SMALLEST", FEWEST_PEOPLE)


def by_all_faces(path: Path) -> list[faceindex.Suggestion]:
    """As if nothing were kept, but within the distance that was prepared with."""
    folder = LibraryFolder(path)
    try:
        with reading(folder.index) as file:
            assert file is not None
            square = prepared.About.of(file).square
        return review._of_all_faces(folder, square)
    finally:
        folder.close()


def same(one: list[faceindex.Suggestion], other: list[faceindex.Suggestion]) -> None:
    key = [(s.album, s.other, s.face, s.settles, s.person) for s in one]
    assert key == [(s.album, s.other, s.face, s.settles, s.person) for s in other]
    assert [s.probability for s in one] == pytest.approx([s.probability for s in other], rel=1e-9)
    assert [s.distance for s in one] == pytest.approx([s.distance for s in other], rel=1e-9)


def drawn(path: Path, chance: random.Random, people: int, faces: int) -> None:
    """Everybody's faces in several albums and alone."""
    who = [number % people for number in range(faces)]
    store_vectors(path, drawn_people(who, seed=chance.randrange(99), spread=chance.choice([0.25, 0.4])))
    parts: dict[tuple[int, int], list[int]] = {}
    for face, person in enumerate(who, start=1):
        parts.setdefault((person, chance.randrange(5)), []).append(face)
    albums = [part for part in parts.values() if len(part) > 1 and chance.random() < 0.9]
    make_albums(path, dict(enumerate(albums, start=1)))
    dated = [face for face in range(1, faces + 1) if chance.random() < 0.8]
    date_photos(path, {face: f"{chance.choice([1980, 1984, 2003])}-0{face % 9 + 1}" for face in dated})


def act(library: faceindex.Library, chance: random.Random, faces: list[int], asked: list[faceindex.Suggestion]) -> None:
    albums = [album.album for album in library.albums.list(hidden=True, limit=None)]
    album = chance.choice(albums)
    members = [face.face for face in library.albums.faces(album, hidden=True, limit=None)]
    match chance.randrange(12):
        case 0 | 1 | 2 if asked:
            library.people.answer(chance.choice(asked[:6]), same=chance.random() < 0.6)
        case 3:
            library.people.name(chance.choice(NAMES), album=album)
        case 4:
            library.people.name(chance.choice(NAMES), face=chance.choice(faces))
        case 5:
            library.albums.reject(members[:1])
        case 6:
            library.albums.split(album, members[:2])
        case 7:
            chance.choice([library.faces.hide, library.faces.unhide])(chance.choice(faces))
        case 8:
            chance.choice([library.albums.hide, library.albums.unhide])(album)
        case 9:
            chance.choice([library.people.hide, library.people.unhide])(chance.choice(NAMES))
        case 10:
            library.people.rename(chance.choice(NAMES), chance.choice(NAMES), merge=True)
        case _:
            library.history.undo()


@pytest.mark.parametrize("seed", range(4))
def test_what_followed_changes_is_what_all_faces_say(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    path, faces = tmp_path / "x.faces", [*range(1, 121)]
    drawn(path, chance, 12, len(faces))
    done = asked_of = 0
    with faceindex.Library(path, create=False) as library:
        for step in range(36):
            found = [*library.people.suggestions(limit=None)]
            same(found, by_all_faces(path))
            asked_of += len(found)
            if step == 16:
                library.photos.remove([photo.path for photo in library.photos][:9])
                faces = [face.face for face in library.faces]
                continue
            if step == 21:
                date_photos(path, dict.fromkeys(faces[::3], "1960"))
                continue
            if step == 26:
                store_vectors(path, drawn_people([number % 12 for number in range(15)], seed=seed), "later")
                faces = [face.face for face in library.faces]
                continue
            try:
                act(library, chance, faces, found)
                done += 1
            except UsageError:
                continue
    assert done > 15
    assert asked_of > 40


@pytest.fixture
def library(tmp_path: Path) -> Iterator[faceindex.Library]:
    drawn(tmp_path / "x.faces", random.Random(3), 12, 120)
    with faceindex.Library(tmp_path / "x.faces", create=False) as opened:
        yield opened


def test_pages_are_the_whole_list(library: faceindex.Library) -> None:
    whole = [*library.people.suggestions(limit=None)]
    assert len(whole) > 5
    found: list[faceindex.Suggestion] = []
    cursor = None
    while True:
        page = library.people.suggestions(limit=2, cursor=cursor)
        found += page
        cursor = page.next
        if cursor is None:
            break
    assert found == whole


def test_who_does_not_wait_is_told_what_is_missing(library: faceindex.Library) -> None:
    stale = library.people.stale()
    assert stale is not None
    assert stale.what == "suggestions"
    with pytest.raises(StaleError, match="not prepared"):
        library.people.suggestions(wait=False)
    assert not (library.path / "index" / FILE).exists()
    with (
        faceindex.Library(library.path, create=False, wait=False) as impatient,
        pytest.raises(StaleError, match="not prepared"),
    ):
        impatient.people.review(names=True)
    library.people.prepare()
    assert library.people.stale() is None
    assert [*library.people.suggestions(wait=False)]


def test_nothing_is_left_of_who_is_forgotten(library: faceindex.Library) -> None:
    library.people.name("Ada", album=1)
    library.people.prepare()
    assert (library.path / "index" / FILE).exists()
    library.people.forget("Ada")
    assert not (library.path / "index" / FILE).exists()
    assert library.people.stale() is not None
    same([*library.people.suggestions(limit=None)], by_all_faces(library.path))


@pytest.mark.parametrize("content", [b"", b"no database", None])
def test_a_damaged_file_is_made_anew(library: faceindex.Library, content: bytes | None) -> None:
    whole = [*library.people.suggestions(limit=None)]
    file = library.path / "index" / FILE
    file.write_bytes(file.read_bytes()[:5000] if content is None else content)
    assert [*library.people.suggestions(limit=None)] == whole


def test_a_file_of_another_state_is_not_used(library: faceindex.Library) -> None:
    library.people.prepare()
    older = (library.path / "index" / FILE).read_bytes()
    first, *_ = library.people.suggestions()
    library.people.answer(first, same=True)
    library.people.suggestions()
    (library.path / "index" / FILE).write_bytes(older)
    assert library.people.stale() is not None
    same([*library.people.suggestions(limit=None)], by_all_faces(library.path))


def test_acts_about_a_group_are_looked_for_by_its_faces_and_not_by_their_kind(library: faceindex.Library) -> None:
    with closing(sqlite3.connect(library.path / "catalog.sqlite")) as connection:
        asked: list[str] = []
        connection.set_trace_callback(asked.append)
        for one, other in ((1, 2), (1, -3)):
            cannot_be_one(connection, one, other)
            never_suggested(connection, one, other)
        connection.set_trace_callback(None)
        plans = [str(connection.execute(f"EXPLAIN QUERY PLAN {said}").fetchall()) for said in asked]
    assert any("decisions_by_face" in plan for plan in plans)
    assert not any("acts_by_kind" in plan for plan in plans)


def test_a_file_that_others_use_for_too_long_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x.faces"
    drawn(path, random.Random(1), 12, 120)
    with faceindex.Library(path, create=False) as library:
        asked = library.people.suggestions(limit=None)
        assert asked
        file = path / "index" / FILE
        made = file.stat().st_ino
        monkeypatch.setattr(group_file, "_BUSY_SECONDS", 0.05)
        with closing(sqlite3.connect(file, isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            with pytest.raises(MachineError, match="try again"):
                library.people.suggestions()
            with pytest.raises(MachineError, match="try again"):
                library.people.review()
        assert file.stat().st_ino == made
        same([*library.people.suggestions(limit=None)], [*asked])
