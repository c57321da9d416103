"""Chips of named faces are cut from the photos of libraries and of folders; wrong input is one line."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from named_people import store_named
from PIL import Image, ImageEnhance

import faceindex
from faceindex.errors import FaceindexError, RecipeMismatch, UsageError
from faceindex.faces.analyse import Analyser
from faceindex.faces.encode import encode
from faceindex.faces.recipe import recipe
from faceindex.photos.pictures import photo_of
from faceindex.running.meter import Meter
from faceindex.store.folder import LibraryFolder
from faceindex.training.encoder.chips_file import decoded
from faceindex.training.encoder.collect import NamedFace, collect, named_faces_of, named_in, taught_of
from faceindex.training.encoder.prepare import check_recipe, prepare
from faceindex.types import Box, Pixels


def drawn_library(path: Path, people: int, faces: int, name: str = "dlib") -> Path:
    """Of people whose photos do not exist."""
    who = np.repeat(np.arange(people), faces)
    vectors = np.random.default_rng(0).normal(size=(len(who), recipe(name).dimension)).astype(np.float32)
    folder = LibraryFolder(path, wanted=recipe(name))
    store_named(folder, vectors, who, [f"Somebody {number}" for number in range(people)])
    folder.close()
    return path


@pytest.fixture
def photos(astronaut: Pixels, tmp_path: Path) -> list[Path]:
    """Upright, and of a camera that was held on its side."""
    whole = Image.fromarray(astronaut)
    darker = [ImageEnhance.Brightness(whole).enhance(share) for share in (0.8, 0.9)]
    made = [whole, darker[0], darker[1].transpose(Image.Transpose.ROTATE_90)]
    paths = [tmp_path / f"{number}.png" for number in range(len(made))]
    for picture, path in zip(made, paths, strict=True):
        picture.save(path)
    return paths


def test_a_librarys_named_faces_are_found_again_and_give_the_vectors_of_its_ingest(
    photos: list[Path], tmp_path: Path
) -> None:
    place = tmp_path / "x.faces"
    with faceindex.Library(place, recipe="dlib") as library:
        library.ingest(photos)
        ids, vectors = library.faces.vectors()
        for face in ids.tolist():
            library.people.name(f"Ann {face}", face=face)
    with closing(LibraryFolder(place, create=False)) as folder:
        faces = list(named_faces_of(folder, place))
    photos[1].write_bytes(photos[0].read_bytes())  # another photo now: its face is not that of the library
    found = collect(faces, recipe("dlib"), None, Meter())
    assert (len(ids), len(found.images), found.missing) == (3, 2, 1)
    places = [int(found.names[person].split()[1]) for person in found.people]
    made = encode([[decoded(image) for image in images] for images in found.images], recipe("dlib"))
    np.testing.assert_allclose(made, vectors[np.searchsorted(ids, places)], atol=1e-5)


def test_a_folder_is_a_person_and_the_central_face_counts(photos: list[Path]) -> None:
    faces = [NamedFace("Ann", str(path)) for path in photos]
    missing = NamedFace("Ann", str(photos[0].with_name("gone.jpg")))
    found = collect([*faces, missing], recipe("dlib"), None, Meter())
    assert (found.names, found.people, found.missing) == (("Ann",), [0, 0, 0], 1)
    aligned = Analyser(recipe("dlib"), rated=False).align(photo_of(photos[2]))
    assert len(found.images[2]) == 2  # margins
    for image, chip in zip(found.images[2], aligned.faces[0].chips, strict=True):
        np.testing.assert_array_equal(decoded(image), chip)


def test_one_face_with_two_names_is_one_line(photos: list[Path]) -> None:
    faces = [NamedFace("Ann", str(photos[0])), NamedFace("Ann", str(photos[1])), NamedFace("Bob", str(photos[0]))]
    with pytest.raises(UsageError, match="one face is called both Ann and Bob; correct one of the names"):
        collect(faces, recipe("dlib"), None, Meter())
    copied = photos[0].with_name("copy.png")
    copied.write_bytes(photos[0].read_bytes())
    twice = collect([faces[0], NamedFace("Ann", str(copied))], recipe("dlib"), None, Meter())
    assert (len(twice.images), twice.missing) == (1, 0)


def test_a_box_that_shows_no_face_any_more_is_left_out(photos: list[Path]) -> None:
    face = NamedFace("Ann", str(photos[0]), None, Box(0, 400, 60, 60))
    found = collect([face], recipe("dlib"), None, Meter())
    assert (found.images, found.missing) == ([], 1)


def test_the_teacher_says_of_the_same_face_what_its_recipe_says(photos: list[Path]) -> None:
    sface = recipe("sface")
    found = collect([NamedFace("Ann", str(photos[0]))], recipe("dlib"), sface, Meter())
    (face,) = Analyser(sface, rated=False)(photo_of(photos[0])).faces
    np.testing.assert_array_equal(found.taught, [face.vector])
    bad = replace(face, vector=np.full(128, np.nan, dtype=np.float32))
    with pytest.raises(UsageError, match="a vector of the teacher sface contains NaN or infinity"):
        taught_of([bad], face.box, sface)
    assert taught_of([replace(face, box=Box(0, 0, 9, 9))], face.box, sface) is None


@pytest.mark.parametrize(
    ("people", "faces", "few", "reason"),
    [
        (1, 4, True, "an encoder is learnt from many people, and there is 1 person"),
        (30, 1, True, "30 people with one face each: an encoder needs two"),
        (30, 3, False, "only 30 people with two faces or more: .* --few"),
        (0, 0, True, "no named faces in"),
    ],
)
def test_too_few_people_are_one_line_before_a_photo_is_opened(
    tmp_path: Path, people: int, faces: int, few: bool, reason: str
) -> None:
    library = drawn_library(tmp_path / "x.faces", people, faces)
    with pytest.raises(UsageError, match=reason) as error:
        named_in([library], None, few=few)
    assert "\n" not in str(error.value)


def test_libraries_of_two_recipes_need_one_that_is_asked_for(tmp_path: Path) -> None:
    places = [drawn_library(tmp_path / f"{name}.faces", 12, 2, name) for name in ("dlib", "sface")]
    with pytest.raises(RecipeMismatch, match="of the recipes dlib and sface; say for which one chips are cut"):
        named_in(places, None, few=True)
    found, chosen = named_in(places, recipe("dlib"), few=True)
    assert (len(found), chosen) == (48, recipe("dlib"))
    assert named_in(places[1:], None, few=True)[1] == recipe("sface")


@pytest.mark.parametrize(
    ("name", "teacher", "scratch", "reason"),
    [
        ("sface-dlib", None, False, "is not one of dlib's network alone; choose --recipe dlib"),
        ("sface", None, False, "is not one of dlib's network alone"),
        ("sface-dlib", None, True, "is not one of dlib's network alone"),
        ("dlib", "facenet", False, "the teacher facenet gives vectors of 512 numbers, the network to learn 128"),
        ("sface", "facenet", True, "the teacher facenet gives vectors of 512 numbers, the network to learn 128"),
    ],
)
def test_recipes_that_no_network_is_learnt_for_are_one_line(
    name: str, teacher: str | None, scratch: bool, reason: str
) -> None:
    with pytest.raises(UsageError, match=reason) as error:
        check_recipe(recipe(name), recipe(teacher) if teacher else None, scratch=scratch)
    assert "\n" not in str(error.value)
    for allowed in ("dlib", "dlib-raw"):
        check_recipe(recipe(allowed), recipe("sface"), scratch=scratch)


def test_photos_that_are_gone_leave_too_few_people(tmp_path: Path) -> None:
    faces, chosen = named_in([drawn_library(tmp_path / "x.faces", 12, 2)], None, few=True)
    assert chosen is not None
    with pytest.raises(FaceindexError, match="an encoder is learnt from many people, and there are 0 people"):
        prepare(tmp_path / "run", faces, chosen, None, Meter(), few=True)
    assert not (tmp_path / "run").exists()
