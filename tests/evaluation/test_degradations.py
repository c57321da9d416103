"""Degradations do what they say to a picture, and leave the face in its middle."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from faceindex.evaluation.degradations import AROUND, DEGRADATIONS, LARGEST_FACE, Portrait, portrait
from faceindex.types import Box, Pixels

BOX = Box(175, 60, 100, 120)


@pytest.fixture(scope="module")
def subject(astronaut: Pixels) -> Portrait:
    return portrait(Image.fromarray(astronaut), BOX)


def test_the_face_is_in_the_middle_and_around_it_what_the_photo_shows(subject: Portrait, astronaut: Pixels) -> None:
    assert subject.face == 120
    assert subject.image.size == (round(AROUND * 120),) * 2
    x, y, half = 225, 120, 60
    middle = np.asarray(subject.image)[120:240, 120:240].astype(int)
    apart = [
        np.abs(middle - astronaut[y + down - half : y + down + half, x + right - half : x + right + half]).mean()
        for down in (-1, 0, 1)
        for right in (-1, 0, 1)
    ]
    assert min(apart) < 1


def test_a_large_face_is_made_smaller(astronaut: Pixels) -> None:
    large = Image.fromarray(astronaut).resize((2048, 2048))
    subject = portrait(large, Box(700, 240, 400, 480))
    assert subject.face == LARGEST_FACE
    assert subject.image.width == round(AROUND * LARGEST_FACE)


def test_beyond_the_photo_it_is_black(astronaut: Pixels) -> None:
    subject = portrait(Image.fromarray(astronaut), Box(0, 0, 100, 100))
    assert subject.image.getpixel((5, 5)) == (0, 0, 0)


def test_a_tilt_turns_about_the_middle(subject: Portrait) -> None:
    right, left = DEGRADATIONS["tilt"].made(subject, 30)
    assert right.size == left.size == subject.image.size
    size = subject.image.width
    for tilted in (right, left):
        assert tilted.getpixel((size // 2, size // 2)) == pytest.approx(
            subject.image.getpixel((size // 2, size // 2)), abs=12
        )
    above = np.asarray(subject.image)[size // 2 - 60, size // 2].astype(int)  # goes to the right when turned clockwise
    turned = np.asarray(right)[size // 2 - 52, size // 2 + 30].astype(int)
    assert np.abs(above - turned).max() < 40


def test_levels_are_what_they_say(subject: Portrait) -> None:
    (small,) = DEGRADATIONS["small"].made(subject, 24)
    assert small.width == round(AROUND * 24)
    assert DEGRADATIONS["small"].made(subject, 120) == []
    (dark,) = DEGRADATIONS["dark"].made(subject, 1)
    level = int(np.asarray(subject.image).max())
    assert np.asarray(dark).max() == pytest.approx(188 * level / 255, abs=3)  # half of the light of 255 is level 188
    (noisy,) = DEGRADATIONS["noise"].made(subject, 20)
    grey = np.asarray(subject.image).astype(int)
    inner = (grey > 80) & (grey < 170)
    assert (np.asarray(noisy).astype(int) - grey)[inner].std() == pytest.approx(20, rel=0.03)
    (turned,) = DEGRADATIONS["turn"].made(subject, 180)
    assert np.array_equal(np.asarray(turned), np.asarray(subject.image)[::-1, ::-1])
    (jpeg,) = DEGRADATIONS["jpeg"].made(subject, 5)
    assert 3 < np.abs(np.asarray(jpeg).astype(int) - grey).mean() < 30


@pytest.mark.parametrize("kind", ["blur", "dark", "jpeg", "noise"])
def test_each_level_is_further_from_the_picture_than_the_one_before(subject: Portrait, kind: str) -> None:
    before = np.asarray(subject.image).astype(int)
    degradation = DEGRADATIONS[kind]
    away = [
        np.abs(np.asarray(degradation.made(subject, level)[0]).astype(int) - before).mean()
        for level in degradation.levels
    ]
    assert away == sorted(away)
    assert away[0] > 0
