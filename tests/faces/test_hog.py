"""The HOG detector finds what dlib's own does: the same boxes, and scores that are equal but for rounding."""

from __future__ import annotations

from pathlib import Path

import dlib
import numpy as np
import pytest
from PIL import Image

from faceindex.errors import ModelError
from faceindex.faces.hog import HogDetector
from faceindex.faces.pyramid import colour_planes, shrunk, shrunk_size
from faceindex.faces.suppression import ScoredBox
from faceindex.files.user_folders import CACHE_ENVIRONMENT
from faceindex.models.dlib_stream import DlibStream
from faceindex.models.hog_templates import hog_templates, read_templates
from faceindex.types import Pixels

SCORE_TOLERANCE = 0.02


@pytest.fixture(scope="module")
def detector() -> HogDetector:
    return HogDetector(hog_templates())


def resized(pixels: Pixels, width: int, height: int) -> Pixels:
    return np.asarray(Image.fromarray(pixels).resize((width, height), Image.Resampling.BILINEAR))


def by_dlib(pixels: Pixels, limit: float) -> list[ScoredBox]:
    boxes, scores, _ = dlib.get_frontal_face_detector().run(pixels, 0, limit)
    return [
        ScoredBox(box.left(), box.top(), box.right(), box.bottom(), score)
        for box, score in zip(boxes, scores, strict=True)
    ]


def assert_same(found: list[ScoredBox], expected: list[ScoredBox]) -> None:
    def ordered(detections: list[ScoredBox]) -> list[ScoredBox]:
        return sorted(detections, key=lambda d: (d.left, d.top, d.right, d.bottom))

    boxes = [[(d.left, d.top, d.right, d.bottom) for d in ordered(side)] for side in (found, expected)]
    assert boxes[0] == boxes[1]
    scores = [[d.score for d in ordered(side)] for side in (found, expected)]
    assert scores[0] == pytest.approx(scores[1], abs=SCORE_TOLERANCE)


@pytest.mark.parametrize("size", [(512, 512), (1024, 1024), (700, 333), (401, 777), (91, 90), (64, 64)])
def test_it_finds_what_dlib_finds_in_a_photo_of_any_size(
    detector: HogDetector, astronaut: Pixels, size: tuple[int, int]
) -> None:
    pixels = resized(astronaut, *size)
    assert_same(detector.detect(pixels), by_dlib(pixels, 0.0))


def test_it_finds_the_face_at_all(detector: HogDetector, astronaut: Pixels) -> None:
    assert len(detector.detect(astronaut)) == 1


@pytest.mark.parametrize("limit", [-0.5, 0.5])
def test_the_limit_is_dlibs_adjustment(detector: HogDetector, astronaut: Pixels, limit: float) -> None:
    assert_same(detector.detect(astronaut, limit), by_dlib(astronaut, limit))


def test_the_best_detection_comes_first(detector: HogDetector, astronaut: Pixels) -> None:
    scores = [detection.score for detection in detector.detect(astronaut, -1.0)]
    assert len(scores) > 1
    assert scores == sorted(scores, reverse=True)


def test_boxes_under_the_smallest_side_are_not_searched(detector: HogDetector, astronaut: Pixels) -> None:
    (face,) = detector.detect(astronaut)
    side = face.right - face.left + 1
    assert detector.detect(astronaut, min_side=side - 1) == [face]
    assert face not in detector.detect(astronaut, min_side=side + 5)


@pytest.mark.parametrize("size", [(1, 1), (8, 300), (300, 8), (20, 19)])
def test_an_image_smaller_than_a_face_has_none(detector: HogDetector, size: tuple[int, int]) -> None:
    assert detector.detect(np.zeros((*size, 3), dtype=np.uint8)) == []


@pytest.mark.parametrize("size", [(512, 512), (77, 401), (333, 64), (6, 7)])
def test_a_pyramid_level_has_dlibs_pixels(astronaut: Pixels, size: tuple[int, int]) -> None:
    pixels = np.ascontiguousarray(astronaut[: size[0], : size[1]])
    level = shrunk(colour_planes(pixels)).transpose(1, 2, 0)
    np.testing.assert_array_equal(level, dlib.resize_image(pixels, *shrunk_size(*size)))


def test_real_photos_give_dlibs_faces(detector: HogDetector, shared_data: Path) -> None:
    photos = sorted((shared_data / "lfw-dev" / "images").rglob("*.jpg"))[::400]
    photos += sorted((shared_data / "groups" / "photos").glob("*.jpg"))[::8]
    assert len(photos) > 8
    for path in photos:
        with Image.open(path) as image:
            image.thumbnail((800, 800))
            pixels = np.array(image.convert("RGB"))
        assert_same(detector.detect(pixels), by_dlib(pixels, 0.0))


def test_templates_from_the_cache_are_the_installed_dlibs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CACHE_ENVIRONMENT, str(tmp_path))
    dlib.get_frontal_face_detector().save(str(tmp_path / "saved"))
    expected = read_templates(DlibStream.open(tmp_path / "saved"))
    for _ in ("made", "read"):
        hog_templates.cache_clear()
        found = hog_templates()
        np.testing.assert_array_equal(found.weights, expected.weights)
        np.testing.assert_array_equal(found.thresholds, expected.thresholds)
        assert (found.overlap, found.covered) == (expected.overlap, expected.covered)
    assert len(list(tmp_path.glob("graphs/hog-*"))) == 1


def test_a_damaged_template_is_a_model_error(tmp_path: Path) -> None:
    path = tmp_path / "saved"
    dlib.get_frontal_face_detector().save(str(path))
    whole = path.read_bytes()
    for data in (whole[:-1], whole + b"\0", whole[1:], b""):
        with pytest.raises(ModelError):
            read_templates(DlibStream(data, "saved"))
