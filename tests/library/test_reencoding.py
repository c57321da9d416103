"""A library made anew by another recipe: what was decided holds, by photo and box."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

import faceindex
from faceindex.errors import UsageError
from faceindex.faces.recipe import recipe


@pytest.fixture
def library(labelled_photos: Path, tmp_path: Path) -> Iterator[faceindex.Library]:
    """Six photos of two people, by recipe `dlib`; the first person is named, and a face of the other is forgotten."""
    for person in ("Abdullah_Gul", "Al_Pacino"):
        for number in range(1, 4):
            name = f"{person}_{number:04d}.jpg"
            (tmp_path / "photos").mkdir(exist_ok=True)
            shutil.copy(labelled_photos / person / name, tmp_path / "photos")
    with faceindex.Library(tmp_path / "x.faces", recipe="dlib") as opened:
        opened.ingest([tmp_path / "photos"])
        opened.cluster()
        yield opened


def face_in(library: faceindex.Library, photo: str) -> faceindex.FaceRecord:
    """The largest face of a photo."""
    return max((face for face in library.faces if Path(face.photo).stem == photo), key=lambda face: face.box.area)


def test_names_albums_and_forgetting_come_along(library: faceindex.Library, tmp_path: Path) -> None:
    first, second = (face_in(library, f"Abdullah_Gul_000{number}") for number in (1, 2))
    library.people.name("Abdullah", album=first.album)
    library.people.name("Al", face=face_in(library, "Al_Pacino_0001").face)
    library.photos.forget([tmp_path / "photos" / "Al_Pacino_0003.jpg"])
    before = library.status()
    done = library.reencode(tmp_path / "sface.faces", recipe("sface"))
    assert (done.acts, done.decided, done.found, done.away, done.recipe) == (2, 4, 4, 0, "sface")
    assert library.status() == before
    with faceindex.Library(tmp_path / "sface.faces", create=False) as new:
        assert new.recipe.name == "sface"
        assert face_in(new, "Abdullah_Gul_0002").person == "Abdullah"
        assert face_in(new, "Abdullah_Gul_0002").album == second.album
        assert face_in(new, "Al_Pacino_0001").person == "Al"
        assert not [photo for photo in new.photos if "Al_Pacino_0003" in photo.path]
        new.history.undo(1)
        assert face_in(new, "Abdullah_Gul_0002").person is None
        new.cluster(rebuild=True)
        assert new.care.check(deep=True).damage == ()


def test_decisions_about_photos_that_are_away_wait_for_them(library: faceindex.Library, tmp_path: Path) -> None:
    face = face_in(library, "Abdullah_Gul_0001")
    library.people.name("Abdullah", face=face.face)
    away = tmp_path / "Abdullah_Gul_0001.jpg"
    Path(face.photo).rename(away)
    done = library.reencode(tmp_path / "new.faces", recipe("dlib-raw"))
    assert (done.decided, done.found, done.away) == (1, 0, 1)
    with faceindex.Library(tmp_path / "new.faces", create=False) as new:
        assert [(person.person, person.faces) for person in new.people] == [("Abdullah", 0)]
        assert [person.id for person in new.people] == [person.id for person in library.people]
        new.ingest([away])
        assert face_in(new, "Abdullah_Gul_0001").person == "Abdullah"
        assert face_in(new, "Abdullah_Gul_0001").confirmed


def test_library_with_decisions_of_its_own_is_not_overwritten(library: faceindex.Library, tmp_path: Path) -> None:
    library.people.name("Abdullah", face=1)
    library.reencode(tmp_path / "new.faces", recipe("dlib-raw"))
    with pytest.raises(UsageError, match="holds decisions already"):
        library.reencode(tmp_path / "new.faces", recipe("dlib-raw"))
