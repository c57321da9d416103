"""What users decided stays, what is damaged changes nothing, and photos are found where they are now."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from foreign_exports import DIGIKAM
from made_library import MadeLibrary

import faceindex
from faceindex.errors import FaceindexError, UsageError
from faceindex.exchange.programs.takeout import json_names
from faceindex.types import Box, NamesImported

BOXES = [Box(100 + 200 * place, 100, 100, 100) for place in range(4)]


@pytest.fixture
def photos(made: MadeLibrary) -> Iterator[faceindex.Library]:
    """Ten photos /p/N.jpg of persons 0 to 3, from left to right, without names."""
    made.scale = 0.05
    for number in range(10):
        made.store(f"content {number}", BOXES, f"/p/{number}.jpg", people=range(4))
    made.folder.close()
    with faceindex.Library(made.folder.path) as library:
        yield library


def markers(path: Path, *files: tuple[str, dict[str, int]], **more: object) -> Path:
    """PhotoPrism's JSON: for each photo, names and the places of their boxes."""
    answers = []
    for name, people in files:
        listed = [
            {"Type": "face", "Name": person, "X": BOXES[place].x / 1000, "Y": 0.1, "W": 0.1, "H": 0.1}
            for person, place in people.items()
        ]
        answers.append({"Files": [{"Name": name, "Markers": listed} | more]})
    path.write_text(json.dumps(answers))
    return path


def everybody(folder: Path, names: str = "ABCD") -> Path:
    """The same four names for all ten photos."""
    said = {name: place for place, name in enumerate(names)}
    return markers(folder / "all.json", *((f"/p/{number}.jpg", said) for number in range(10)))


def take(library: faceindex.Library, path: Path, **more: Any) -> NamesImported:
    return library.people.import_names("photoprism", path, **more)


def people(library: faceindex.Library) -> dict[int, str | None]:
    return {face.face: face.person if face.confirmed else None for face in library.faces}


def test_what_users_decided_stays(photos: faceindex.Library, tmp_path: Path) -> None:
    faces = {(face.photo, face.box.x // 200): face.face for face in photos.faces}
    named, hidden, left_alone, nobody, rejected = (faces[f"/p/{number}.jpg", 0] for number in range(5))
    photos.people.name("Somebody", face=named)
    photos.faces.hide(hidden)
    photos.faces.leave_alone(left_alone)
    photos.faces.not_face([nobody])
    photos.people.name("A", face=rejected)
    photos.albums.reject([rejected])
    before = list(photos.history)
    done = take(photos, everybody(tmp_path))
    assert people(photos)[named] == "Somebody"
    assert [people(photos).get(face) for face in (hidden, left_alone, nobody, rejected)] == [None] * 4
    assert (done.named, done.decided, done.without_face + done.unsure) == (35, 4, 1)
    assert list(photos.history)[: len(before)] == before


def test_faces_that_were_put_together_get_one_name_or_none(photos: faceindex.Library, tmp_path: Path) -> None:
    photos.cluster()
    album = {face.face: face.album for face in photos.faces}
    first, second, third, _ = (album[face.face] for face in list(photos.faces)[:4])
    assert first
    assert second
    assert third
    photos.albums.merge([first, second])
    done = take(photos, everybody(tmp_path))
    assert (done.named, done.decided) == (20, 20)  # the merged faces would be two people
    photos.history.undo(done.act)
    assert take(photos, everybody(tmp_path, "AACD"), dry_run=True).decided == 0


def test_an_import_is_undone_as_one_act_and_can_be_made_again(photos: faceindex.Library, tmp_path: Path) -> None:
    path = everybody(tmp_path)
    would = take(photos, path, dry_run=True)
    assert list(photos.history) == []
    done = take(photos, path)
    assert (would.named, would.people, would.act) == (done.named, done.people, None) == (40, 4, None)
    acts = list(photos.history)
    assert {act.origin for act in acts} == {f"photoprism {path}"}
    assert {act.imported for act in acts} == {done.act}
    again = take(photos, path)
    assert (again.named, again.known, len(list(photos.history))) == (0, 40, 4)
    photos.history.undo()
    assert set(people(photos).values()) == {None}
    assert take(photos, path).named == 40


def test_names_of_merged_people_are_their_present_names(photos: faceindex.Library, tmp_path: Path) -> None:
    faces = [face.face for face in photos.faces]
    for name, face in (("A", faces[0]), ("B", faces[1]), ("Ann", faces[4])):
        photos.people.name(name, face=face)
    photos.people.rename("A", "Ann", merge=True)
    photos.people.rename("B", "Bob")
    done = take(photos, everybody(tmp_path))
    assert {person.person: person.confirmed for person in photos.people} == {"Ann": 10, "Bob": 10, "C": 10, "D": 10}
    assert done.known == 3


def test_swapped_names_and_boxes_beside_faces(photos: faceindex.Library, tmp_path: Path) -> None:
    right = {"A": 0, "B": 1, "C": 2, "D": 3}
    said = [(f"/p/{number}.jpg", right) for number in range(7)]
    said += [("/p/7.jpg", {"A": 1, "B": 0}), ("/p/8.jpg", {"A": 1, "B": 2, "C": 3}), ("/p/9.jpg", {"A": 3})]
    done = take(photos, markers(tmp_path / "x.json", *said))
    given = {(face.photo, face.box.x // 200): face.person for face in photos.faces if face.confirmed}
    assert {place: name for place, name in given.items() if place[0] > "/p/6.jpg"} == {
        **{("/p/7.jpg", 0): "A", ("/p/7.jpg", 1): "B"},
        **{("/p/8.jpg", 0): "A", ("/p/8.jpg", 1): "B", ("/p/8.jpg", 2): "C", ("/p/9.jpg", 0): "A"},
    }
    assert (done.named, done.moved) == (34, 6)


def test_a_name_of_which_nothing_else_is_known_stays_in_its_box(photos: faceindex.Library, tmp_path: Path) -> None:
    done = take(photos, markers(tmp_path / "x.json", ("/p/1.jpg", {"Once": 2})))
    assert (done.named, done.moved) == (1, 0)
    assert [face.box for face in photos.faces if face.person] == [BOXES[2]]


def test_photos_are_found_under_other_roots_and_never_guessed(photos: faceindex.Library, tmp_path: Path) -> None:
    one = {"A": 0}
    elsewhere = markers(tmp_path / "1.json", ("C:\\Users\\Ann\\p\\1.jpg", one), ("C:\\Users\\Ann\\p\\99.jpg", one))
    done = take(photos, elsewhere, dry_run=True)
    assert (done.found, done.missing, done.missing_photos) == (1, 1, ("C:\\Users\\Ann\\p\\99.jpg",))
    only_name = markers(tmp_path / "2.json", ("/other/1.jpg", one))
    assert take(photos, only_name, dry_run=True).missing == 1
    assert take(photos, only_name, roots={"/other": "/p"}, dry_run=True).found == 1
    assert take(photos, markers(tmp_path / "3.json", ("/other/1.jpg", one), Size=1), dry_run=True).found == 1
    assert take(photos, markers(tmp_path / "4.json", ("/x/p/1.jpg", one), Size=2), dry_run=True).missing == 1
    wrong = take(photos, markers(tmp_path / "5.json", ("/p/1.jpg", one)), roots={"/p": "/q"}, dry_run=True)
    assert wrong.missing == 1


def digikam(path: Path, statements: str = "") -> Path:
    with closing(sqlite3.connect(path)) as database:
        database.executescript(DIGIKAM.read_text() + statements)
    return path


DAMAGED: dict[str, tuple[str, Any]] = {
    "no database": ("digikam", b"not a database"),
    "an empty file": ("digikam", b""),
    "another database": ("digikam", "CREATE TABLE x (y);"),
    "a cut database": ("digikam", 5000),
    "a table without a column": ("digikam", "DROP TABLE Tags; CREATE TABLE Tags (id);"),
    "a huge value": ("digikam", "UPDATE Tags SET name = hex(zeroblob(3000000)) WHERE id = 6;"),
    "no dump": ("nextcloud", b"INSERT INTO oc_facerecog_faces VALUES (1, 2"),
    "a dump without files": ("nextcloud", b"CREATE TABLE `oc_facerecog_faces` (\n`id` int\n);\n"),
    "no export": ("faceindex", b"{}"),
}


@pytest.mark.parametrize("case", DAMAGED)
def test_damage_is_one_line_and_changes_nothing(photos: faceindex.Library, tmp_path: Path, case: str) -> None:
    program, content = DAMAGED[case]
    path = tmp_path / "file"
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        digikam(path, content if isinstance(content, str) else "")
    if content == "CREATE TABLE x (y);":
        path.unlink()
        with closing(sqlite3.connect(path)) as database:
            database.executescript(content)
    if isinstance(content, int):
        os.truncate(path, content)
    with pytest.raises(FaceindexError) as error:
        photos.people.import_names(program, path)
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)
    assert list(photos.history) == []


def test_wrong_parts_are_counted_and_the_others_imported(photos: faceindex.Library, tmp_path: Path) -> None:
    path = markers(tmp_path / "x.json", ("/p/1.jpg", {"A": 0, "B": 1}))
    answers = json.loads(path.read_text())
    listed = answers[0]["Files"][0]["Markers"]
    for change in ({"X": "x"}, {"W": 1e400}, {"H": -1}, {"Name": "a\u0007b"}, {"Name": 7}, {"Name": "Unknown"}):
        listed.append({**listed[0], "Name": "Bad"} | change)
    answers += [{"Files": "none"}, {"Files": [{"Name": 3, "Markers": listed}]}, 5]
    path.write_text(json.dumps(answers) + '{"Files": [')
    done = take(photos, path)
    assert sorted(name for name in people(photos).values() if name) == ["A", "B"]
    assert done.bad >= 6
    assert all("\n" not in problem.error for problem in done.problems)
    with pytest.raises(UsageError, match="there are digikam, immich"):
        photos.people.import_names("gimp", path)


def test_a_database_that_digikam_has_open_is_read_and_stays_as_it_is(photos: faceindex.Library, tmp_path: Path) -> None:
    path = digikam(tmp_path / "digikam4.db", "UPDATE Images SET name = '1.jpg' WHERE id = 1;")
    before = path.read_bytes()
    with closing(sqlite3.connect(path, isolation_level=None)) as digikams:
        digikams.execute("BEGIN IMMEDIATE")
        done = photos.people.import_names("digikam", tmp_path, roots={"/home/ann/Pictures": "/p"})
        assert (done.photos, done.found) == (32, 1)
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("photo", "text"),
    [
        ("IMG_1.jpg", "IMG_1.jpg.json"),
        ("IMG_1.jpg", "IMG_1.jpg.supplemental-metadata.json"),
        ("IMG_1(2).jpg", "IMG_1.jpg(2).json"),
        ("IMG_1(2).jpg", "IMG_1.jpg.supplemental-metadata(2).json"),
        ("IMG_1(2).jpg", "IMG_1(2).jpg.json"),
        ("IMG_1-edited.jpg", "IMG_1.jpg.supplemental-metadata.json"),
        ("IMG_1-bearbeitet(1).jpg", "IMG_1.jpg.supplemental-metadata(1).json"),
        ("123456789123456789123456789123456789_DSCN0091.JPG", "123456789123456789123456789123456789_DSCN0091..json"),
        ("123456789123456789123456789123456789_D91.JPG", "123456789123456789123456789123456789_D91.JPG.s.json"),
        ("123456789123456789123456789123456_D91(1).JPG", "123456789123456789123456789123456_D91.JPG.supp(1).json"),
        ("PXL_20230101_120000000.MP.jpg", "PXL_20230101_120000000.MP.jpg.supplemental-met.json"),
    ],
)
def test_the_json_of_a_photo_in_takeout(photo: str, text: str) -> None:
    assert text in list(json_names(photo))
