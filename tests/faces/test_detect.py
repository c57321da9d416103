"""The HOG detector and the scale it runs at."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from skimage import data

from faceindex.errors import UsageError
from faceindex.evaluation.detection import DetectionScore, score_boxes, score_points
from faceindex.faces.detect import (
    MAX_SCANNED_PIXELS,
    SCANS,
    check_min_face,
    detect,
    detection_scale,
)
from faceindex.photos.decode import open_photo
from faceindex.types import Box, Pixels


def test_smallest_face_wanted_becomes_as_large_as_the_detector_window() -> None:
    for name, scan in SCANS.items():
        assert detection_scale(4000, 3000, min_face=50, detector=name) * 4000 * 0.050 == pytest.approx(scan.side)


def test_small_photo_is_enlarged_and_only_so_much() -> None:
    assert 1 < detection_scale(1000, 750, detector="hog") <= SCANS["hog"].enlargement
    assert detection_scale(500, 375, detector="hog") == SCANS["hog"].enlargement
    assert detection_scale(250, 250, detector="hog") == SCANS["hog"].small_enlargement
    assert detection_scale(250, 250, detector="yunet") == 1


@pytest.mark.parametrize(("width", "height"), [(7360, 4912), (20000, 14000), (30000, 500), (4000, 4000)])
@pytest.mark.parametrize("min_face", [1, 10, 50])
def test_work_is_bounded_whatever_is_asked(width: int, height: int, min_face: int) -> None:
    for name in SCANS:
        scale = detection_scale(width, height, min_face, name)
        assert width * height * scale**2 <= MAX_SCANNED_PIXELS * 1.001


def test_panorama_is_judged_by_twice_its_shorter_side() -> None:
    assert detection_scale(6000, 1000) == detection_scale(2000, 1000)


@pytest.mark.parametrize("min_face", [0, -5, 1001])
def test_min_face_out_of_range_is_a_usage_error(min_face: int) -> None:
    with pytest.raises(UsageError, match="1 to 1000"):
        check_min_face(min_face)


def test_box_is_in_pixels_of_the_image_given_whatever_the_scale(astronaut: Pixels) -> None:
    plain, enlarged = (max(detect(astronaut, scale), key=lambda d: d.score) for scale in (1.0, 2.0))
    assert np.allclose(
        [plain.left, plain.top, plain.right, plain.bottom],
        [enlarged.left, enlarged.top, enlarged.right, enlarged.bottom],
        atol=20,
    )
    assert plain.left < 224 < plain.right  # the astronaut's nose
    assert plain.top < 120 < plain.bottom


def test_photos_without_people_show_no_face() -> None:
    for name in ("coffee", "chelsea", "rocket", "coins", "page", "brick", "gravel", "text", "moon"):
        pixels = getattr(data, name)()
        if pixels.ndim == 2:
            pixels = np.repeat(pixels[:, :, None], 3, axis=2)
        assert detect(np.ascontiguousarray(pixels), detection_scale(*pixels.shape[1::-1])) == [], name


def test_group_photos_show_nearly_every_face_and_hardly_a_false_one(shared_data: Path) -> None:
    truth = json.loads((shared_data / "groups" / "truth.json").read_text())
    boxes, noses, others = DetectionScore(), DetectionScore(), DetectionScore()
    for path in sorted((shared_data / "groups" / "photos").iterdir()):
        photo = open_photo(str(path))
        scale = detection_scale(photo.width, photo.height)
        pixels = photo.pixels(round(max(photo.width, photo.height) * min(scale, 1.0)))
        zoom = max(photo.width, photo.height) / max(pixels.shape[:2])
        found = [detection.scaled(zoom).box() for detection in detect(pixels, scale * zoom)]
        if path.name in truth["boxes_xywh"]:
            boxes += score_boxes(found, [Box(*box) for box in truth["boxes_xywh"][path.name]])
        elif path.name in truth["noses_xy"]:
            noses += score_points(found, [(x, y) for x, y in truth["noses_xy"][path.name]])
        else:
            others += DetectionScore(0, 0, len(found))
    assert (boxes.true, noses.true) == (43, 46)
    assert boxes.found >= 41
    assert noses.found >= 40
    assert boxes.false + noses.false <= 3
    assert others.false == 0  # dogs.jpg
