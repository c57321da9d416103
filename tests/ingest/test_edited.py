"""A name belongs to a face: photos that are edited, or replaced by others, and what is listed and asked then."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from edited_library import EditedLibrary, composed_photos, drawn_photos
from PIL import Image

import faceindex
from faceindex.faces.recipe import recipe


@pytest.fixture(params=["dlib", "sface"])
def library(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[faceindex.Library]:
    with faceindex.Library(tmp_path / "x.faces", recipe=recipe(request.param)) as opened:
        yield opened


def people_in(library: faceindex.Library) -> dict[str, int]:
    return {person.person: person.faces for person in library.people}


def test_another_picture_under_an_old_path_does_not_take_the_name(
    library: faceindex.Library, shared_data: Path, tmp_path: Path
) -> None:
    case, photo = shared_data / "cases" / "replaced", tmp_path / "photos" / "IMG_0001.jpg"
    photo.parent.mkdir()
    shutil.copy(case / "before.jpg", photo)
    library.ingest([photo])
    (face,) = library.faces
    library.people.name("Ada", face=face.face)
    shutil.copy(case / "after.jpg", photo)
    report = library.ingest([photo])
    assert [(lost.person, lost.face, lost.photo) for lost in report.lost] == [("Ada", face.face, str(photo))]
    assert list(library.people.lost(limit=None)) == list(report.lost)
    assert people_in(library) == {"Ada": 0}
    assert {record.person for record in library.faces} == {None}
    shutil.copy(case / "before.jpg", photo.with_name("before.jpg"))
    assert library.ingest([photo.parent]).lost == ()
    assert {Path(record.photo).name: record.person for record in library.faces} == {
        "IMG_0001.jpg": None,
        "before.jpg": "Ada",
    }
    assert library.faces.get(face.face).person == "Ada"
    assert list(library.people.lost(limit=None)) == []
    assert {one.person for one in library.identify(case / "probe.jpg")} == {None}


def test_cropped_photo_keeps_every_name_at_its_own_face(
    library: faceindex.Library, shared_data: Path, tmp_path: Path
) -> None:
    photo = tmp_path / "p.jpg"
    shutil.copy(shared_data / "cases" / "crop" / "p.jpg", photo)
    library.ingest([photo])
    before = {record.face: record.box for record in library.faces}
    for face in before:
        library.people.name(f"Person {face}", face=face)
    left, top = 204, 91
    with Image.open(photo) as image:
        image.crop((left, top, 819, 546)).save(photo, quality=92)
    report = library.ingest([photo])
    now = {record.face: record for record in library.faces}
    kept = {face: record for face, record in now.items() if record.person}
    for face, record in kept.items():
        x, y, width, _ = before[face].as_list()
        assert abs(record.box.x + left - x) < width / 3
        assert abs(record.box.y + top - y) < width / 3
        assert record.person == f"Person {face}"
    assert set(kept) == {2, 3, 4, 5}
    (lost,) = report.lost  # half of this face was cropped off: what is left is asked about
    (asked,) = library.people.suggestions()
    assert (lost.face, lost.person, lost.candidate) == (1, "Person 1", 6)
    assert (asked.face, asked.person, asked.lost) == (6, "Person 1", 1)
    library.people.answer(asked, same=True)
    assert library.faces.get(6).person == "Person 1"
    assert list(library.people.lost(limit=None)) == []
    assert list(library.people.suggestions()) == []
    library.history.undo()
    assert list(library.people.suggestions()) == [asked]
    library.people.answer(asked, same=False)
    assert list(library.people.suggestions()) == []
    assert [lost.candidate for lost in library.people.lost(limit=None)] == [None]


def test_ways_of_editing_leave_no_name_wrong(shared_data: Path, tmp_path: Path) -> None:
    photos = composed_photos(shared_data, tmp_path / "photos", 3)
    made = EditedLibrary(tmp_path, "sface", shared_data, photos, 3)
    ways = ["replaced", "cropped at the left", "straightened by 8", "mirrored", "resized", "a face painted over"]
    counts = {way: made.edited(way) for way in ways}
    assert [found["wrong"] for found in counts.values()] == [0] * len(ways)
    for found in counts.values():
        assert found["lost"] == 0
        assert found["listed"] == found["gone"] + found["asked"]
    assert counts["replaced"]["gone"] == counts["replaced"]["faces"] == len([f for p in made.named for f in p.faces])
    assert counts["mirrored"]["kept"] >= counts["mirrored"]["faces"] - 1
    assert counts["a face painted over"]["gone"] == 3


@pytest.mark.long
@pytest.mark.parametrize("name", ["dlib", "sface"])
def test_no_way_of_editing_gives_a_wrong_name_or_loses_one_unheard(
    name: str, sized: Callable[[int], int], shared_data: Path, tmp_path: Path
) -> None:
    """Of the photos of `album` and `groups`, and composed ones. What is lost is listed by `people lost`."""
    number = sized(60)
    made = EditedLibrary(tmp_path, name, shared_data, drawn_photos(shared_data, tmp_path / "photos", number), number)
    for way in made.ways():
        found = made.edited(way)
        assert found["wrong"] == 0, (way, found)
        assert found["listed"] == found["lost"] + found["gone"] + found["asked"], (way, found)
