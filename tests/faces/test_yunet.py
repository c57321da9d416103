"""YuNet's faces are those of OpenCV's FaceDetectorYN, to a fraction of a pixel."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from faceindex.faces.align import align
from faceindex.faces.detect import detect
from faceindex.faces.recipe import recipe
from faceindex.faces.yunet import YunetDetector
from faceindex.models.graphs import YUNET
from faceindex.models.networks import onnx_session
from faceindex.models.weights import weights
from faceindex.photos.decode import open_photo
from faceindex.types import Pixels


@pytest.fixture(scope="module")
def yunet() -> YunetDetector:
    return YunetDetector(onnx_session(YUNET, "cpu"))


def assert_as_opencv(yunet: YunetDetector, pixels: Pixels, limit: float) -> int:
    """Returns: how many faces both found."""
    height, width = pixels.shape[:2]
    theirs = cv2.FaceDetectorYN.create(str(weights(YUNET)), "", (width, height), limit, 0.3, 5000)
    _, rows = theirs.detect(np.ascontiguousarray(pixels[..., ::-1]))
    expected = np.zeros((0, 15), dtype=np.float32) if rows is None else rows
    ours = yunet.detect(pixels, limit)
    found = np.concatenate([ours.boxes, ours.points.reshape(-1, 10), ours.scores[:, None]], axis=1)
    assert found == pytest.approx(expected, abs=0.01)
    return len(found)


@pytest.mark.parametrize("size", [(512, 512), (320, 200), (333, 517), (33, 40)])
def test_any_size_gives_what_opencv_gives(yunet: YunetDetector, astronaut: Pixels, size: tuple[int, int]) -> None:
    assert_as_opencv(yunet, np.asarray(Image.fromarray(astronaut).resize(size)), 0.3)


@pytest.mark.parametrize("size", [(31, 40), (1, 1)])
def test_a_tiny_picture_has_no_face(yunet: YunetDetector, astronaut: Pixels, size: tuple[int, int]) -> None:
    """OpenCV 5 finds none either. OpenCV 4.14 is no judge: up to 32 pixels wide it answers now so, now so."""
    assert len(yunet.detect(np.asarray(Image.fromarray(astronaut).resize(size)), 0.3).scores) == 0


def test_groups_and_portraits_give_what_opencv_gives(yunet: YunetDetector, shared_data: Path) -> None:
    groups = sorted((shared_data / "groups" / "photos").iterdir())
    portraits = [sorted(folder.iterdir())[0] for folder in sorted((shared_data / "album").iterdir())]
    faces = 0
    for path in groups + portraits:
        image = open_photo(str(path)).image(640)
        image = image.resize((640, max(1, round(640 * image.height / image.width))), Image.Resampling.BILINEAR)
        faces += assert_as_opencv(yunet, np.asarray(image), 0.6)
    assert faces > 90


def test_points_are_eyes_nose_and_mouth_in_their_order(astronaut: Pixels) -> None:
    (face,) = detect(astronaut)
    assert face.points is not None
    right_eye, left_eye, nose, right_mouth, left_mouth = face.points
    assert right_eye[0] < nose[0] < left_eye[0]
    assert right_mouth[0] < left_mouth[0]
    assert max(right_eye[1], left_eye[1]) < nose[1] < min(right_mouth[1], left_mouth[1])


@pytest.mark.parametrize("angle", [-35, -15, 15, 35])
def test_a_tilted_head_gives_nearly_the_chip_of_the_upright_one(astronaut: Pixels, angle: int) -> None:
    """YuNet's own points follow a tilted head only half of the way; dlib's landmarks, placed from them, do."""
    chosen = recipe("dlib")
    head = Image.fromarray(astronaut).crop((80, 0, 368, 288))
    chips = []
    for image in (head, head.rotate(angle, Image.Resampling.BICUBIC)):
        pixels = np.asarray(image)
        found = max(detect(pixels), key=lambda face: face.score)
        chips.append(align(pixels, found, chosen)[1][0].astype(np.float64))
    assert np.corrcoef(chips[0].ravel(), chips[1].ravel())[0, 1] > 0.95


def test_a_face_that_fills_the_photo_is_found(astronaut: Pixels) -> None:
    face = Image.fromarray(astronaut).crop((165, 60, 285, 200)).resize((1800, 2100), Image.Resampling.BICUBIC)
    assert len(detect(np.asarray(face), 0.5)) == 1
