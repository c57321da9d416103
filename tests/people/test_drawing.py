"""A face that the detector missed is drawn by hand: found in its box, and kept whatever happens to its photo."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import faceindex
from faceindex.errors import UsageError
from faceindex.store.folder import LibraryFolder
from faceindex.types import BY_BOX, DRAWN, Box, Pixels

LARGE, SMALL = Box(226, 97, 79, 95), Box(1340, 733, 33, 42)
"""The astronaut in the photo; and the half as large one, which is not detected when small faces are not asked for."""

NOWHERE = Box(700, 500, 120, 150)


@pytest.fixture
def photo(astronaut: Pixels, tmp_path: Path) -> Path:
    """Two faces on a green wall: the astronaut, and the same one mirrored, darker and smaller."""
    wall, face = Image.new("RGB", (1600, 1000), (90, 120, 90)), Image.fromarray(astronaut)
    wall.paste(face, (40, 30))
    smaller = face.resize((256, 256), Image.Resampling.LANCZOS).transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    wall.paste(smaller.point(lambda value: round(0.8 * value)), (1220, 690))
    (tmp_path / "photos").mkdir()
    wall.save(tmp_path / "photos" / "wall.jpg", quality=92)
    return tmp_path / "photos" / "wall.jpg"


@pytest.fixture
def library(photo: Path, tmp_path: Path) -> Iterator[faceindex.Library]:
    with faceindex.Library(tmp_path / "x.faces") as opened:
        opened.ingest([photo], min_face=100, workers=0)
        assert [face.origin for face in opened.faces] == [None]
        yield opened
        assert opened.care.check(deep=True).damage == ()


def drawn(library: faceindex.Library) -> faceindex.FaceRecord:
    (face,) = [face for face in library.faces if face.origin is not None]
    return face


def near(face: faceindex.FaceRecord, box: Box) -> bool:
    return face.box.overlap(box) > 0.4


def vector(library: faceindex.Library, face: int) -> np.ndarray:
    found: np.ndarray = library.faces.vectors([face])[1][0]
    return found


def test_it_is_what_the_detector_would_have_found(library: faceindex.Library, photo: Path) -> None:
    added = library.photos.add_face(photo, SMALL, name="Eileen")
    assert (added.origin, added.box, added.decided.kind) == (DRAWN, SMALL, "draw")
    record = drawn(library)
    assert (record.face, record.person, record.confirmed) == (added.face, "Eileen", True)
    assert all(SMALL.x - 9 < x < SMALL.x + 42 and SMALL.y - 9 < y < SMALL.y + 51 for x, y in record.landmarks)
    detected = [face for face in faceindex.analyse(photo, recipe=library.recipe) if face.box.x > 1000]
    assert len(detected) == 1
    assert np.linalg.norm(vector(library, added.face) - detected[0].vector) < 0.6 * library.recipe.match_threshold
    assert library.photos.get(photo).faces == 2
    assert [match.face for match in library.search(photo, k=None, threshold=9.0)[0].matches] != []


def test_where_no_landmarks_are_found_it_is_aligned_by_the_box(library: faceindex.Library, photo: Path) -> None:
    added = library.photos.add_face(photo, NOWHERE)
    assert (added.origin, added.score) == (BY_BOX, 0.0)
    assert np.isfinite(vector(library, added.face)).all()


@pytest.mark.parametrize(
    ("box", "why"),
    [
        (Box(5000, 10, 40, 40), "outside the photo, which has 1600 x 1000 pixels"),
        (Box(1580, 10, 60, 60), "outside the photo"),
        (Box(10, 10, 9, 40), "too small"),
        (LARGE, "face 1 lies in this box of wall.jpg already"),
    ],
)
def test_a_wrong_box_is_refused(library: faceindex.Library, photo: Path, box: Box, why: str) -> None:
    with pytest.raises(UsageError, match=why):
        library.photos.add_face(photo, box)
    assert len(list(library.faces)) == 1
    assert list(library.history) == []


def test_a_dry_run_stores_nothing_and_a_known_name_is_asked_about(library: faceindex.Library, photo: Path) -> None:
    library.people.name("Eileen", face=1)
    would = library.photos.add_face(photo, SMALL, name="Eileen", dry_run=True)
    assert would.face == 0
    assert would.decided.price is not None
    assert (would.decided.price.faces, would.decided.price.people) == (2, 1)  # both are in an album then
    with pytest.raises(faceindex.NameInUse):
        library.photos.add_face(photo, SMALL, name="Eileen", merge=False)
    assert len(list(library.faces)) == 1
    photo.write_bytes(photo.read_bytes() + b"changed")
    with pytest.raises(UsageError, match="`faceindex ingest` reads it again"):
        library.photos.add_face(photo, SMALL)


def test_it_is_undone_and_redone(library: faceindex.Library, photo: Path) -> None:
    added = library.photos.add_face(photo, SMALL, name="Eileen")
    before = vector(library, added.face)
    undo = library.history.undo().act
    assert [face.face for face in library.faces] == [1]
    assert list(library.people) == []
    library.care.compact()
    library.ingest([photo], force=True, workers=0)
    assert [face.face for face in library.faces] == [1]
    library.history.undo(undo)
    assert (drawn(library).face, drawn(library).person) == (added.face, "Eileen")
    assert np.array_equal(vector(library, added.face), before)
    library.faces.not_face([added.face])
    with pytest.raises(UsageError, match="said to be no face"):
        library.photos.add_face(photo, SMALL)


def test_it_stays_when_its_photo_is_analysed_again_or_comes_again(library: faceindex.Library, photo: Path) -> None:
    added = library.photos.add_face(photo, SMALL, name="Eileen")
    library.ingest([photo], force=True, workers=0)
    assert (drawn(library).face, drawn(library).box) == (added.face, SMALL)
    library.cluster(rebuild=True)
    library.photos.remove(photo)
    assert list(library.faces) == []
    library.ingest([photo], workers=0)
    assert (drawn(library).face, drawn(library).box, drawn(library).person) == (added.face, SMALL, "Eileen")


@pytest.mark.parametrize("edit", ["cropped", "resized", "mirrored"])
def test_it_moves_with_an_edit_of_its_photo(
    library: faceindex.Library, photo: Path, shared_data: Path, edit: str
) -> None:
    image: Image.Image = Image.open(photo)
    other = Image.open(shared_data / "lfw-dev" / "images" / "Al_Pacino" / "Al_Pacino_0001.jpg")
    image.paste(other.resize((128, 128), Image.Resampling.LANCZOS), (1300, 700))
    image.save(photo, quality=92)
    library.ingest([photo], workers=0)
    box = Box(1342, 734, 43, 58)
    added = library.photos.add_face(photo, box, name="Al")
    assert added.origin == DRAWN
    image = Image.open(photo)
    if edit == "cropped":
        image, place = image.crop((30, 20, 1600, 1000)), Box(box.x - 30, box.y - 20, box.width, box.height)
    elif edit == "resized":
        image, place = image.resize((1200, 750)), Box(*(round(0.75 * value) for value in box.as_list()))
    else:
        image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        place = Box(1600 - box.x - box.width, box.y, box.width, box.height)
    image.save(photo, quality=92)
    assert library.ingest([photo], workers=0).lost == ()
    moved = library.faces.get(added.face)
    assert (moved.person, moved.origin) == ("Al", DRAWN)
    assert near(moved, place)
    library.ingest([photo], force=True, workers=0)
    assert library.faces.get(added.face).box == moved.box


def test_another_picture_in_its_place_has_no_such_face(library: faceindex.Library, photo: Path) -> None:
    library.photos.add_face(photo, SMALL, name="Eileen")
    Image.effect_noise((1600, 1000), 60).convert("RGB").save(photo)
    library.ingest([photo], workers=0)
    assert [face.origin for face in library.faces] == []
    assert [lost.person for lost in library.people.lost()] == ["Eileen"]


def test_it_comes_along_into_other_libraries(library: faceindex.Library, photo: Path, tmp_path: Path) -> None:
    added = library.photos.add_face(photo, SMALL, name="Eileen")
    library.faces.not_face([1])
    done = library.reencode(tmp_path / "sface.faces", recipe="sface", workers=0)
    assert (done.decided, done.found) == (2, 2)
    with faceindex.Library(tmp_path / "sface.faces", create=False) as other:
        assert (drawn(other).origin, drawn(other).person) == (DRAWN, "Eileen")
        assert near(drawn(other), SMALL)
        assert len(list(other.faces)) == 1
        other.history.undo()
        assert len(list(other.faces)) == 2
        assert other.care.check().damage == ()
    library.export(tmp_path / "x.h5", form="hdf5")
    other_photo = tmp_path / "other.jpg"
    Image.open(photo).crop((40, 30, 552, 542)).save(other_photo)
    for place, first in (("copy.faces", []), ("joined.faces", [other_photo])):
        with faceindex.Library(tmp_path / place, recipe=library.recipe) as other:
            if first:
                other.ingest(first, workers=0)
            other.import_(tmp_path / "x.h5")
            assert (drawn(other).box, drawn(other).person) == (SMALL, "Eileen")
            assert np.array_equal(vector(other, drawn(other).face), vector(library, added.face))
            assert len(list(other.faces)) == 1 + len(first)
            other.history.undo()  # what is no face
            assert len(list(other.faces)) == 2 + len(first)
            assert len(other.faces.vectors()[0]) == 2 + len(first)
            assert other.care.check(deep=True).damage == ()


def test_faces_are_drawn_and_named_in_one_transaction(library: faceindex.Library, photo: Path) -> None:
    with library.history.together():
        library.people.name("Eileen", face=1)
        first = library.photos.add_face(photo, SMALL)
        assert library.photos.add_face(photo, NOWHERE, dry_run=True).face == 0
        second = library.photos.add_face(photo, NOWHERE, name="Nobody")
        library.people.name("Eileen", face=first.face)
        assert len(list(library.faces)) == 1
    assert [(face.face, face.person) for face in library.faces] == [
        (1, "Eileen"),
        (first.face, "Eileen"),
        (second.face, "Nobody"),
    ]
    assert len(library.faces.vectors()[0]) == 3
    library.ingest([photo], force=True, workers=0)  # the lock is free again


def test_a_face_that_is_drawn_in_a_transaction_that_fails_was_never_drawn(
    library: faceindex.Library, photo: Path
) -> None:
    def fail() -> None:
        with library.history.together():
            library.photos.add_face(photo, SMALL)
            library.people.name("Bob", album=77)

    with pytest.raises(UsageError, match="no album 77"):
        fail()
    assert [face.face for face in library.faces] == [1]
    assert list(library.history) == []
    with library.history.together():
        added = library.photos.add_face(photo, SMALL, name="Eileen")
    assert np.isfinite(vector(library, added.face)).all()


def test_what_cannot_be_done_within_a_transaction_is_refused_at_once(library: faceindex.Library, photo: Path) -> None:
    writes: list[Callable[[], object]] = [
        lambda: library.photos.remove(photo),
        lambda: library.ingest([photo], workers=0),
        lambda: library.cluster(),
        lambda: library.index.build("flat"),
        library.care.compact,
    ]
    with library.history.together():
        library.people.name("Eileen", face=1)
        for write in writes:
            with pytest.raises(faceindex.LibraryLocked, match="do this before it or after it"):
                write()
        assert library.search(photo, k=1)[0].matches
        assert library.people.audit().findings == ()
    assert library.faces.get(1).person == "Eileen"
    locked = pytest.raises(faceindex.LibraryLocked, match="being written by process")
    with LibraryFolder(library.path).writer(), locked, library.history.together():
        library.photos.add_face(photo, SMALL)


_DIE = """
import os, signal, sys
import faceindex
from faceindex.people import steps
from faceindex.types import Box

def die(*_): os.kill(os.getpid(), signal.SIGKILL)
steps.derive_affected = die
library = faceindex.Library(sys.argv[1], create=False)
library.photos.add_face(sys.argv[2], Box(1340, 733, 33, 42), name="Eileen")
"""


def test_killed_before_it_is_acknowledged_it_was_never_drawn(library: faceindex.Library, photo: Path) -> None:
    done = subprocess.run([sys.executable, "-c", _DIE, library.path, photo], check=False, env=dict(os.environ))
    assert done.returncode == -signal.SIGKILL
    assert len(list(library.faces)) == 1
    assert list(library.history) == []
    assert library.photos.add_face(photo, SMALL).face == 2
    shutil.rmtree(library.path / "index", ignore_errors=True)
