"""Heads that lie tilted are found, and their points follow them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import faceindex
from faceindex.faces.detect import Detection, detect
from faceindex.faces.engine import DEFAULT_ENGINE
from faceindex.faces.tilt import correct_tilt
from faceindex.types import Pixels, Vectors


def turned(pixels: Pixels, degrees: float) -> Pixels:
    """Clockwise, about the middle."""
    return np.asarray(Image.fromarray(pixels).rotate(-degrees, Image.Resampling.BICUBIC))


def eye_line(points: np.ndarray) -> float:
    across = points[1] - points[0]
    return float(np.degrees(np.arctan2(across[1], across[0])))


def vector(pixels: Pixels, name: str) -> Vectors | None:
    """Of the largest face."""
    faces = faceindex.analyse(pixels, recipe=name)
    return max(faces, key=lambda face: face.box.area).vector if faces else None


@pytest.fixture(scope="module")
def face(astronaut: Pixels) -> Pixels:
    return np.ascontiguousarray(astronaut[:260, 90:350])


@pytest.mark.parametrize("degrees", [-40, -25, 25, 40])
def test_points_turn_with_the_head(face: Pixels, degrees: float) -> None:
    upright = faceindex.analyse(face, recipe="sface-upright")[0].landmarks
    (tilted,) = faceindex.analyse(turned(face, degrees), recipe="sface-upright")
    assert eye_line(tilted.landmarks) - eye_line(upright) == pytest.approx(degrees, abs=5)
    (before,) = detect(turned(face, degrees), doubtful=0.6)
    assert before.points is not None
    assert abs(eye_line(before.points) - eye_line(upright)) < 0.75 * abs(degrees)


def test_an_upright_face_is_left_as_it_is(face: Pixels) -> None:
    upright, before = vector(face, "sface-upright"), vector(face, "sface")
    assert upright is not None
    assert before is not None
    assert np.array_equal(upright, before)


@pytest.mark.parametrize(("name", "most"), [("sface-upright", 1), ("sface-dlib", 1)])
def test_faces_turned_by_40_degrees_are_recognised(shared_data: Path, name: str, most: int) -> None:
    photos = sorted((shared_data / "lfw-dev" / "images").glob("A*/*_0001.jpg"))[:12]
    threshold = faceindex.recipe(name).match_threshold
    missed = 0
    for photo in photos:
        pixels = np.asarray(Image.open(photo))
        upright, tilted = vector(pixels, name), vector(turned(pixels, 40), name)
        assert upright is not None
        missed += tilted is None or float(np.linalg.norm(upright - tilted)) > threshold
    assert missed <= most


def test_a_face_of_a_low_score_that_no_tilt_explains_is_none(face: Pixels) -> None:
    (found,) = detect(face)
    doubtful = Detection(found.left, found.top, found.right, found.bottom, 0.7, found.points)
    assert correct_tilt(face, doubtful, 6.0, DEFAULT_ENGINE) is None
    (found,) = detect(turned(face, 30), doubtful=0.6)
    doubtful = Detection(found.left, found.top, found.right, found.bottom, 0.7, found.points)
    kept = correct_tilt(turned(face, 30), doubtful, 6.0, DEFAULT_ENGINE)
    assert kept is not None
    assert kept.score > 0.8
