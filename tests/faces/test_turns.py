"""Photos that lie on their side or head are turned first; boxes stay in pixels of the photo as it is shown."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from skimage import data

import faceindex
from faceindex.faces.analyse import Analyser
from faceindex.faces.recipe import recipe
from faceindex.faces.turns import turned, turned_back
from faceindex.photos.pictures import photo_of
from faceindex.types import Box, Face, Pixels

TURNS = [90, 180, 270]


@pytest.mark.parametrize("turn", TURNS)
@pytest.mark.parametrize("name", ["dlib", "sface", "sface-upright"])
def test_a_photo_that_was_turned_has_the_faces_of_the_upright_one(astronaut: Pixels, turn: int, name: str) -> None:
    upright = Image.fromarray(astronaut[:400, 60:380])
    analyser = Analyser(recipe(name), rated=False)
    expected = analyser(photo_of(upright))
    lying = turned(upright, 360 - turn)
    photo = analyser(photo_of(lying))
    assert (expected.turned, photo.turned) == (0, turn)
    assert (photo.width, photo.height) == lying.size
    (before,), (found,) = expected.faces, photo.faces
    assert np.linalg.norm(found.vector - before.vector) < 1e-5
    shown = turned_back(before, turn, *lying.size)
    assert shown.box.overlap(found.box) > 0.97
    assert np.abs(shown.landmarks - found.landmarks).max() < 1.5


@pytest.mark.parametrize("turn", TURNS)
def test_boxes_and_points_are_turned_back(turn: int) -> None:
    pixels = np.zeros((50, 80, 3), dtype=np.uint8)
    pixels[10:16, 30:50] = 100
    pixels[12, 33] = 255
    lying = np.asarray(turned(Image.fromarray(pixels), turn))
    rows, columns = np.nonzero(lying[..., 0])
    box = Box(int(columns.min()), int(rows.min()), int(np.ptp(columns)) + 1, int(np.ptp(rows)) + 1)
    (row,), (column,) = np.nonzero(lying[..., 0] == 255)
    face = Face(box, 1.0, np.array([[column, row]], dtype=np.float32), np.zeros(1, dtype=np.float32), 1.0)
    back = turned_back(face, turn, 80, 50)
    assert back.box == Box(30, 10, 20, 6)
    assert back.landmarks.tolist() == [[33, 12]]


def test_photos_without_faces_are_not_turned() -> None:
    for picture in (data.coffee(), data.chelsea()):
        photo = Analyser(recipe("dlib"))(photo_of(picture))
        assert (photo.turned, photo.faces) == (0, ())


def test_upright_portraits_that_fill_the_photo_are_not_turned(shared_data: Path) -> None:
    for name in ("putin/Putin_6.jpg", "sundar/img24.jpg"):
        assert Analyser(recipe("sface"), rated=False)(photo_of(shared_data / "album" / name)).turned == 0


def test_the_library_keeps_how_a_photo_was_turned(astronaut: Pixels, tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    upright = Image.fromarray(astronaut[:400, 60:380])
    upright.save(photos / "0.png")
    turned(upright, 90).save(photos / "270.png")
    with faceindex.Library(tmp_path / "library", recipe="sface") as library:
        library.ingest([photos])
    import sqlite3

    catalog = sqlite3.connect(tmp_path / "library" / "catalog.sqlite")
    kept = catalog.execute("SELECT path, turned FROM photos JOIN paths ON photo = photos.id ORDER BY path").fetchall()
    catalog.close()
    assert [(Path(path.decode()).name, turn) for path, turn in kept] == [("0.png", 0), ("270.png", 270)]
