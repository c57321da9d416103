"""Quality: what makes a face worse to recognise makes its number smaller."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageFilter

from faceindex.clustering.quality_gate import LOW_QUALITY
from faceindex.faces.align import Landmarks, face_chip, place_landmarks
from faceindex.faces.detect import detect
from faceindex.faces.encode import encoded
from faceindex.faces.quality import (
    ARCFACE_FRAMING,
    DLIB_FRAMING,
    ENOUGH_EYES,
    ENOUGH_LENGTH,
    eye_distance,
    measure,
    qualities,
    quality,
    quality_of,
    with_length,
)
from faceindex.faces.recipe import recipe
from faceindex.types import Pixels

MIRROR = pytest.mark.parametrize("mirror", [None, 0.2])


@pytest.fixture(scope="module")
def landmarks(astronaut: Pixels) -> Landmarks:
    return place_landmarks(astronaut, detect(astronaut)[0].box())


@pytest.fixture(scope="module")
def chip(astronaut: Pixels, landmarks: Landmarks) -> Pixels:
    return face_chip(astronaut, landmarks)


def blurred(chip: Pixels, radius: float) -> Pixels:
    return np.asarray(Image.fromarray(chip).filter(ImageFilter.GaussianBlur(radius)))


def five_point(chip: Pixels) -> Pixels:
    """dlib's chip as SFace sees the face: uint8 [112, 112, 3]."""
    zoom = (DLIB_FRAMING.right - DLIB_FRAMING.left) / (ARCFACE_FRAMING.right - ARCFACE_FRAMING.left)
    left = DLIB_FRAMING.left - zoom * ARCFACE_FRAMING.left
    top = DLIB_FRAMING.y - zoom * ARCFACE_FRAMING.y
    placement = (zoom, 0, left, 0, zoom, top)
    image = Image.fromarray(chip).transform((112, 112), Image.Transform.AFFINE, placement, Image.Resampling.BILINEAR)
    return np.asarray(image)


@MIRROR
def test_a_large_sharp_frontal_face_is_good(chip: Pixels, landmarks: Landmarks, mirror: float | None) -> None:
    assert 0.7 < quality(chip, eye_distance(landmarks), mirror) <= 1


@MIRROR
def test_the_more_blur_the_worse(chip: Pixels, mirror: float | None) -> None:
    values = [quality(blurred(chip, radius), ENOUGH_EYES, mirror) for radius in (0, 1.5, 2.5, 4, 8)]
    assert values[0] >= values[1] > values[2] > values[3] > values[4]
    assert values[0] - values[-1] > 0.2


@MIRROR
def test_the_smaller_the_worse_until_there_are_enough_pixels(chip: Pixels, mirror: float | None) -> None:
    values = [quality(chip, eyes, mirror) for eyes in (5, 8, 11, 15, ENOUGH_EYES, 200)]
    assert values[:5] == sorted(set(values[:5]))
    assert values[4] == values[5]


def test_the_more_the_vectors_of_chip_and_mirror_image_differ_the_worse(chip: Pixels) -> None:
    values = [quality(chip, ENOUGH_EYES, distance) for distance in (0.1, 0.2, 0.3, 0.5)]
    assert values == sorted(values, reverse=True)
    assert values[0] > values[-1]


@MIRROR
def test_a_photo_of_a_small_face_is_worse(astronaut: Pixels, landmarks: Landmarks, mirror: float | None) -> None:
    small = np.asarray(Image.fromarray(astronaut).resize((80, 80)))
    points = landmarks * np.float32(80 / 512)
    whole = quality(face_chip(astronaut, landmarks), eye_distance(landmarks), mirror)
    assert quality(face_chip(small, points), eye_distance(points), mirror) < whole - 0.2


@MIRROR
def test_a_face_that_is_half_hidden_or_looks_aside_is_worse(chip: Pixels, mirror: float | None) -> None:
    hidden = chip.copy()
    hidden[75:] = 128
    turned = np.asarray(
        Image.fromarray(chip).transform((150, 150), Image.Transform.AFFINE, (1, 0.35, -26, 0, 1, 0)),
    )
    whole = quality(chip, ENOUGH_EYES, mirror)
    assert quality(hidden, ENOUGH_EYES, mirror) < whole
    assert quality(turned, ENOUGH_EYES, mirror) < whole


@MIRROR
@pytest.mark.parametrize("eyes", [0.0, 1.0, ENOUGH_EYES, 5000.0])
def test_any_pixels_have_a_quality_between_0_and_1(eyes: float, mirror: float | None) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (150, 150, 3), dtype=np.uint8)
    assert 0 <= quality(noise, eyes, mirror) <= 1
    for grey in (0, 128, 255):
        assert 0 <= quality(np.full((150, 150, 3), grey, dtype=np.uint8), eyes, mirror) < 0.1


def test_noise_does_not_make_a_blank_chip_sharp(chip: Pixels) -> None:
    blank = np.full((150, 150, 3), 128, dtype=np.uint8)
    blank[::7, ::9] += 1
    assert quality(blank, ENOUGH_EYES) < quality(chip, ENOUGH_EYES) - 0.2


def test_frontality_is_the_score_of_dlibs_detector(chip: Pixels) -> None:
    assert measure(chip, ENOUGH_EYES).frontality > 1
    assert measure(chip[::-1], ENOUGH_EYES).frontality < -0.5


def test_another_framing_of_the_same_face_gives_nearly_the_same(chip: Pixels) -> None:
    other = quality(five_point(chip), ENOUGH_EYES, framing=ARCFACE_FRAMING)
    assert other == pytest.approx(quality(chip, ENOUGH_EYES), abs=0.05)


def test_eyes_are_as_far_apart_by_5_landmarks_as_by_68(astronaut: Pixels, landmarks: Landmarks) -> None:
    by_68 = eye_distance(place_landmarks(astronaut, detect(astronaut)[0].box(), 68))
    assert eye_distance(landmarks) == pytest.approx(by_68, rel=0.1)


def test_the_shorter_sfaces_own_vector_the_worse_until_it_is_long_enough(chip: Pixels) -> None:
    measures = measure(chip, ENOUGH_EYES)
    values = [quality_of(with_length(measures, own)) for own in (0.0, 4.0, 7.0, 10.0, ENOUGH_LENGTH, 20.0)]
    assert values[1:5] == sorted(set(values[1:5]))
    assert values[0] < 0.1
    assert values[4] == values[5] > 0.7


@pytest.mark.parametrize("name", ["sface", "sface-dlib"])
def test_what_sface_recognises_little_in_is_low_whatever_the_reason(chip: Pixels, name: str) -> None:
    noise = np.random.default_rng(0).normal(scale=90, size=chip.shape)
    noisy = np.clip(chip + noise, 0, 255).astype(np.uint8)
    dark = (0.02 * chip).astype(np.uint8)
    values = []
    for made in (chip, noisy, dark, 0 * chip):
        seen = encoded([[five_point(made), *[made] * (name == "sface-dlib")]], recipe(name))
        measures = measure(made, ENOUGH_EYES)
        values += qualities([measures], seen, recipe(name))
    assert values[0] > 0.8
    assert max(values[1:]) < LOW_QUALITY
    assert quality(noisy, ENOUGH_EYES) > LOW_QUALITY  # which pixels alone do not tell
