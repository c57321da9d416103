"""Vectors, beside dlib's own Python calls on the same chip."""

from __future__ import annotations

import dlib
import numpy as np
import pytest

from faceindex.faces.align import face_chip, place_landmarks
from faceindex.faces.detect import detect
from faceindex.faces.encode import encode, jittered
from faceindex.faces.recipe import recipe
from faceindex.models.graphs import ENCODER
from faceindex.models.networks import landmark_model
from faceindex.models.weights import weights
from faceindex.types import Pixels


@pytest.fixture(scope="module")
def chip(astronaut: Pixels) -> Pixels:
    (detection,) = detect(astronaut, detector="hog")
    return face_chip(astronaut, place_landmarks(astronaut, detection.box()))


def test_landmarks_and_chip_are_those_of_dlib(astronaut: Pixels, chip: Pixels) -> None:
    (rectangle,) = dlib.get_frontal_face_detector()(astronaut, 0)
    shape = dlib.shape_predictor(str(weights(landmark_model(5))))(astronaut, rectangle)
    assert np.array_equal(chip, dlib.get_face_chip(astronaut, shape, size=150, padding=0.25))


@pytest.mark.parametrize("points", [5, 68])
def test_landmarks_lie_on_the_face(astronaut: Pixels, points: int) -> None:
    box = detect(astronaut, detector="hog")[0].box()
    landmarks = place_landmarks(astronaut, box, points)
    assert landmarks.shape == (points, 2)
    assert landmarks.dtype == np.float32
    middle = landmarks.mean(axis=0)
    assert box.x < middle[0] < box.x + box.width
    assert box.y < middle[1] < box.y + box.height


def test_dlib_raw_gives_dlibs_vector(chip: Pixels) -> None:
    network = dlib.face_recognition_model_v1(str(weights(ENCODER)))
    expected = np.array(network.compute_face_descriptor(chip))
    (vector,) = encode([chip], recipe("dlib-raw"))
    assert vector.dtype == np.float32
    assert np.abs(vector - expected).max() <= 1e-5


def test_dlib_is_the_mean_with_the_mirror_image_at_fixed_length(chip: Pixels) -> None:
    mirror = np.ascontiguousarray(chip[:, ::-1])
    length = recipe("dlib").card.length or 0
    mean = encode([chip, mirror], recipe("dlib-raw")).astype(np.float64).mean(axis=0)
    (vector,) = encode([chip], recipe("dlib"))
    assert np.abs(vector - mean * length / np.linalg.norm(mean)).max() <= 1e-5
    (mirrored,) = encode([mirror], recipe("dlib"))
    assert np.abs(vector - mirrored).max() <= 1e-5


def test_no_chips_give_no_vectors() -> None:
    assert encode([], recipe()).shape == (0, 128)


def test_jitter_changes_a_vector_a_little_and_always_alike(chip: Pixels) -> None:
    plain, once, twice = (encode([chip], recipe("dlib-raw", jitter=n))[0] for n in (0, 3, 3))
    assert np.array_equal(once, twice)
    assert 0.001 < np.linalg.norm(plain - once) < 0.3


def test_jittered_chips_remain_the_same_face_and_size(chip: Pixels) -> None:
    views = jittered(chip, 6)
    assert {view.shape for view in views} == {chip.shape}
    for number, view in enumerate(views):
        upright = view[:, ::-1] if number % 2 else view
        assert np.corrcoef(upright.ravel(), chip.ravel())[0, 1] > 0.8
        assert not np.array_equal(upright, chip)
