"""Frontality: the score of dlib's frontal template, with the features that the HOG detector computes."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from faceindex.faces import fhog
from faceindex.faces.align import face_chip, place_landmarks
from faceindex.faces.detect import detect
from faceindex.faces.fhog import BEFORE
from faceindex.faces.frontality import CELLS_ALONG, FACE, features, frontal_template, frontality
from faceindex.faces.pyramid import colour_planes
from faceindex.models.hog_templates import CELLS, PLANES, hog_templates
from faceindex.types import Pixels


def drawn(kind: str, astronaut: Pixels) -> Pixels:
    random = np.random.default_rng(3)
    if kind == "face":
        chip = face_chip(astronaut, place_landmarks(astronaut, detect(astronaut)[0].box()))
        return np.asarray(Image.fromarray(chip).resize((FACE, FACE), Image.Resampling.BILINEAR))
    if kind == "noise":
        return random.integers(0, 256, (FACE, FACE, 3), dtype=np.uint8)
    if kind == "extremes":
        return (255 * random.integers(0, 2, (FACE, FACE, 3))).astype(np.uint8)
    return np.full((FACE, FACE, 3), 128, dtype=np.uint8)


@pytest.mark.parametrize("kind", ["face", "noise", "extremes", "blank"])
def test_features_are_those_of_the_hog_detector(astronaut: Pixels, kind: str) -> None:
    face = drawn(kind, astronaut)
    first = BEFORE - 1
    cells = fhog.features(colour_planes(face))[:PLANES, first : first + CELLS_ALONG, first : first + CELLS_ALONG]
    np.testing.assert_allclose(features(face), cells, atol=2e-6)


def test_the_score_is_that_of_the_best_place_of_the_frontal_template(astronaut: Pixels) -> None:
    face, (template, threshold) = drawn("face", astronaut), frontal_template()
    cells, places = features(face), range(CELLS_ALONG - CELLS + 1)
    scores = [np.sum(cells[:, y : y + CELLS, x : x + CELLS] * template) for y in places for x in places]
    assert frontality(face) == pytest.approx(max(scores) - threshold, abs=1e-4)
    assert frontality(face) > 1 > -1 > frontality(drawn("noise", astronaut))


def test_the_template_is_the_installed_dlibs() -> None:
    template, threshold = frontal_template()
    np.testing.assert_array_equal(template, hog_templates().weights[0])
    assert threshold == pytest.approx(hog_templates().thresholds[0])
