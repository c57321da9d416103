"""dlib's CNN detector without dlib's network code finds what dlib finds."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import dlib
import numpy as np
import pytest
from PIL import Image

from faceindex.faces import mmod
from faceindex.faces.mmod import MmodDetector, bands, levels_below, next_level, tile_layout
from faceindex.faces.suppression import ScoredBox
from faceindex.models.dlib_networks import read_detector
from faceindex.models.dlib_stream import DlibStream
from faceindex.models.networks import session
from faceindex.models.onnx_graphs import detector_geometry, detector_model
from faceindex.models.weights import weights
from faceindex.types import Pixels

DETECTOR = "mmod_human_face_detector"
DATA = Path(os.environ.get("FACEINDEX_TEST_DATA", Path(__file__).parents[3] / "shared" / "data"))
PHOTOS = [DATA / "groups" / "photos" / name for name in ("2008_001009.jpg", "2008_001322.jpg", "2008_002506.jpg")]
needs_photos = pytest.mark.skipif(not PHOTOS[0].exists(), reason="no photos to test with")


@pytest.fixture(scope="module")
def detector() -> MmodDetector:
    return MmodDetector(session(detector_model(read_detector(DlibStream.open(weights(DETECTOR))))))


def photo(path: Path) -> Pixels:
    return np.asarray(Image.open(path).convert("RGB"))


def dlib_detections(pixels: Pixels) -> list[ScoredBox]:
    found = dlib.cnn_face_detection_model_v1(str(weights(DETECTOR)))(np.ascontiguousarray(pixels), 0)
    return [ScoredBox(d.rect.left(), d.rect.top(), d.rect.right(), d.rect.bottom(), d.confidence) for d in found]


def assert_same(ours: list[ScoredBox], theirs: list[ScoredBox]) -> None:
    assert [replace(detection, score=0) for detection in ours] == [replace(detection, score=0) for detection in theirs]
    assert [detection.score for detection in ours] == pytest.approx([d.score for d in theirs], abs=1e-4)


@needs_photos
@pytest.mark.parametrize("path", PHOTOS, ids=lambda path: path.stem)
def test_boxes_and_scores_are_those_of_dlib(path: Path, detector: MmodDetector) -> None:
    theirs = dlib_detections(photo(path))
    assert len(theirs) >= 2
    assert_same(detector.detect(photo(path)), theirs)


@needs_photos
def test_faces_at_the_border_are_found_as_by_dlib(detector: MmodDetector) -> None:
    """A face of 80 pixels at (132, 204), cut by each border in turn."""
    pixels = photo(PHOTOS[0])
    found = 0
    for crop in (pixels[:, 150:], pixels[220:], pixels[:, :195], pixels[:265]):
        theirs = dlib_detections(crop)
        assert_same(detector.detect(crop), theirs)
        found += len(theirs)
    assert found >= 4


@needs_photos
def test_bands_change_nothing(detector: MmodDetector, monkeypatch: pytest.MonkeyPatch) -> None:
    pixels = photo(PHOTOS[1])
    whole = detector.detect(pixels)
    monkeypatch.setattr(mmod, "BAND_PIXELS", 60_000)
    assert_same(detector.detect(pixels), whole)


@needs_photos
def test_a_lower_limit_finds_more_best_first(detector: MmodDetector) -> None:
    pixels = photo(PHOTOS[0])
    usual, more = detector.detect(pixels), detector.detect(pixels, adjust=-2.0)
    assert more[: len(usual)] == usual
    assert len(more) > len(usual)
    scores = [detection.score for detection in more]
    assert scores == sorted(scores, reverse=True)
    assert min(scores) > -2


@needs_photos
def test_smaller_faces_than_wanted_are_left_out(detector: MmodDetector) -> None:
    pixels = np.asarray(Image.fromarray(photo(PHOTOS[1])).resize((1000, 750)))
    assert len(detector.detect(pixels, min_face=120)) >= 3
    assert all(d.right - d.left + 1 >= 120 for d in detector.detect(pixels, min_face=120, adjust=-2.0))
    assert detector.detect(pixels, min_face=500) == []


@pytest.mark.parametrize("size", [(0, 0), (0, 5), (1, 1), (7, 7), (1, 300), (300, 1), (11, 12), (80, 80), (30, 400)])
def test_an_image_of_any_size_can_be_searched(size: tuple[int, int], detector: MmodDetector) -> None:
    assert detector.detect(np.zeros((*size, 3), dtype=np.uint8)) == []


def test_the_pyramid_shrinks_by_five_sixths() -> None:
    assert next_level((120, 60)) == (100, 50)
    assert next_level((5, 60)) is None
    assert next_level((60, 1)) is None


def test_levels_are_counted_until_their_boxes_are_large_enough() -> None:
    assert [levels_below(side, 80) for side in (0, 80, 81, 96, 200)] == [0, 0, 1, 2, 6]


@pytest.mark.parametrize("size", [(375, 500), (500, 375), (1000, 1000), (200, 1500), (1500, 200)])
def test_levels_lie_on_the_tile_without_touching(size: tuple[int, int]) -> None:
    places, rows, columns = tile_layout(size)
    covered = np.zeros((rows, columns), dtype=int)
    for place in places:
        covered[place.top : place.top + place.height, place.left : place.left + place.width] += 1
    assert covered.max() == 1
    assert covered.sum() == sum(place.width * place.height for place in places)
    assert (places[0].height, places[0].width) == size


def test_bands_cover_every_row_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mmod, "BAND_PIXELS", 10_000)
    geometry = detector_geometry(read_detector(DlibStream.open(weights(DETECTOR))))
    rows = [row for first, last in bands((1000, 400), geometry) for row in range(first, last)]
    assert rows == list(range((1000 - 29) // 8 + 1))
