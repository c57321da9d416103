"""Vectors, beside dlib's own Python calls on the same chip."""

from __future__ import annotations

import dlib
import numpy as np
import pytest
from PIL import Image

from faceindex.faces.align import Landmarks, align, face_chip, place_landmarks
from faceindex.faces.detect import detect
from faceindex.faces.encode import encode, encoded, jittered
from faceindex.faces.recipe import recipe
from faceindex.models.graphs import ENCODER
from faceindex.models.networks import landmark_model
from faceindex.models.weights import weights
from faceindex.types import Pixels


@pytest.fixture(scope="module")
def landmarks(astronaut: Pixels) -> Landmarks:
    (detection,) = detect(astronaut, detector="hog")
    return place_landmarks(astronaut, detection.box())


@pytest.fixture(scope="module")
def chip(astronaut: Pixels, landmarks: Landmarks) -> Pixels:
    return face_chip(astronaut, landmarks)


@pytest.fixture(scope="module")
def chips(astronaut: Pixels) -> list[Pixels]:
    (detection,) = detect(astronaut, detector="hog")
    return align(astronaut, detection, recipe("dlib", detector="hog"))[1]


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
    (vector,) = encode([[chip]], recipe("dlib-raw"))
    assert vector.dtype == np.float32
    assert np.abs(vector - expected).max() <= 1e-5


def test_dlib_is_the_mean_over_two_paddings_and_their_mirror_images_at_fixed_length(chips: list[Pixels]) -> None:
    mirrors = [np.ascontiguousarray(chip[:, ::-1]) for chip in chips]
    mean = encode([[view] for view in chips + mirrors], recipe("dlib-raw")).astype(np.float64).mean(axis=0)
    (vector,) = encode([chips], recipe("dlib"))
    assert np.abs(vector - mean * 1.48 / np.linalg.norm(mean)).max() <= 1e-5
    (mirrored,) = encode([mirrors], recipe("dlib"))
    assert np.abs(vector - mirrored).max() <= 1e-5


def test_faces_encoded_together_and_alone_have_the_same_vectors(chips: list[Pixels]) -> None:
    darker = [chip // 2 for chip in chips]
    together = encode([chips, darker], recipe("dlib"))
    alone = [encode([face], recipe("dlib"))[0] for face in (chips, darker)]
    assert np.abs(together - alone).max() <= 1e-5
    assert np.linalg.norm(together[0] - together[1]) > 0.01


def test_chips_of_dlib_show_the_face_closer_and_from_further_away_than_dlibs_own(
    astronaut: Pixels, landmarks: Landmarks, chip: Pixels, chips: list[Pixels]
) -> None:
    (detection,) = detect(astronaut, detector="hog")
    placed, (raw,) = align(astronaut, detection, recipe("dlib-raw"))
    assert np.array_equal(placed, landmarks)
    assert np.array_equal(raw, chip)
    close, far = chips
    # Chips of padding 0.15 and 0.30 are 1.3 and 1.6 faces wide.
    inner = round(150 * 1.3 / 1.6)
    edge = (150 - inner) // 2
    middle = Image.fromarray(far).crop((edge, edge, edge + inner, edge + inner)).resize((150, 150))
    assert np.corrcoef(np.asarray(middle).ravel(), close.ravel())[0, 1] > 0.95


def test_no_chips_give_no_vectors() -> None:
    assert encode([], recipe()).shape == (0, 128)


def test_jitter_changes_a_vector_a_little_and_always_alike(chip: Pixels) -> None:
    plain, once, twice = (encode([[chip]], recipe("dlib-raw", jitter=n))[0] for n in (0, 3, 3))
    assert np.array_equal(once, twice)
    assert 0.001 < np.linalg.norm(plain - once) < 0.3


def test_jittered_chips_remain_the_same_face_and_size(chip: Pixels) -> None:
    views = jittered(chip, 6)
    assert {view.shape for view in views} == {chip.shape}
    for number, view in enumerate(views):
        upright = view[:, ::-1] if number % 2 else view
        assert np.corrcoef(upright.ravel(), chip.ravel())[0, 1] > 0.8
        assert not np.array_equal(upright, chip)


@pytest.mark.parametrize("jitter", [0, 2])
def test_mirror_distances_are_those_of_the_networks_own_vectors_of_views_and_mirror_images(
    chips: list[Pixels], jitter: int
) -> None:
    darker = [chip // 2 for chip in chips]
    found = encoded([chips, darker], recipe("dlib", jitter=jitter))
    assert np.array_equal(found.vectors, encode([chips, darker], recipe("dlib", jitter=jitter)))
    assert found.mirror_distances is not None
    for face, distance in zip([chips, darker], found.mirror_distances, strict=True):
        views = [view for chip in face for view in (jittered(chip, jitter) if jitter else [chip])]
        seen = encode([[view] for view in views], recipe("dlib-raw"))
        mirrored = encode([[np.ascontiguousarray(view[:, ::-1])] for view in views], recipe("dlib-raw"))
        assert distance == pytest.approx(np.linalg.norm(seen - mirrored, axis=1).mean(), abs=1e-5)
        assert 0.01 < distance < 0.5


def test_a_recipe_without_mirror_images_has_no_mirror_distances(chip: Pixels) -> None:
    assert encoded([[chip]], recipe("dlib-raw")).mirror_distances is None
    assert encoded([], recipe("dlib-raw")).mirror_distances is None
    nothing = encoded([], recipe("dlib")).mirror_distances
    assert nothing is not None
    assert len(nothing) == 0
