"""YuNet in two steps sees what one scan of the whole photo at full scale sees."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from faceindex.faces import windows
from faceindex.faces.detect import detect
from faceindex.faces.engine import DEFAULT_ENGINE, Engine
from faceindex.faces.windows import scan_in_steps
from faceindex.faces.yunet import Floats, YunetFaces, overlaps
from faceindex.photos.decode import open_photo
from faceindex.types import Pixels

SIZE = (1000, 750)
"""Of the full scan; the photos here are twice as large."""

LIMIT = 0.8


@pytest.fixture(scope="module")
def portrait(astronaut: Pixels) -> Image.Image:
    return Image.fromarray(astronaut[:300, 80:380])


def photo_with(portrait: Image.Image, sides: list[int], *, corner: bool = False) -> Image.Image:
    """Portraits of these sides, in pixels of the full scan, in a row on a drawn background."""
    photo = Image.linear_gradient("L").resize((2 * SIZE[0], 2 * SIZE[1])).convert("RGB")
    left, top = (0, 0) if corner else (80, 120)
    for side in sides:
        photo.paste(portrait.resize((2 * side, 2 * side)), (left, top))
        left += 2 * side + (0 if corner else 30)
    return photo


def full_scan(photo: Image.Image) -> YunetFaces:
    pixels = np.asarray(photo.resize(SIZE, Image.Resampling.BILINEAR, reducing_gap=1.0))
    return DEFAULT_ENGINE.yunet_detections(pixels, LIMIT)


def partners(found: YunetFaces, expected: YunetFaces) -> list[int]:
    """For each expected face the one found that overlaps it most. Fails if it has none of its own."""
    best = [overlaps(found.boxes, box) for box in expected.boxes]
    assert all(shares.max(initial=0) > 0.6 for shares in best)
    places = [int(shares.argmax()) for shares in best]
    assert len(set(places)) == len(places)
    return places


@pytest.mark.parametrize("sides", [[70], [90, 120, 160], [60, 240, 400], [700]])
@pytest.mark.parametrize("corner", [False, True])
def test_faces_of_every_size_are_those_of_one_scan(portrait: Image.Image, sides: list[int], corner: bool) -> None:
    photo = photo_with(portrait, sides, corner=corner)
    expected, found = full_scan(photo), scan_in_steps(photo, SIZE, LIMIT, DEFAULT_ENGINE)
    assert len(found.boxes) == len(expected.boxes) == len(sides)
    for one, other in zip(partners(found, expected), range(len(sides)), strict=True):
        side = expected.boxes[other, 2:].max()
        assert np.linalg.norm(found.points[one] - expected.points[other], axis=1).mean() < 0.06 * side
        assert found.scores[one] == pytest.approx(expected.scores[other], abs=0.06)


def test_the_network_sees_less_than_half_of_the_pixels(portrait: Image.Image, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = 0
    detections = Engine.yunet_detections

    def counted(engine: Engine, pixels: Pixels, limit: float) -> YunetFaces:
        nonlocal seen
        seen += pixels.shape[0] * pixels.shape[1]
        return detections(engine, pixels, limit)

    monkeypatch.setattr(Engine, "yunet_detections", counted)
    scan_in_steps(photo_with(portrait, [70, 120, 240]), SIZE, LIMIT, DEFAULT_ENGINE)
    assert 0 < seen < 0.5 * SIZE[0] * SIZE[1]


def test_a_crowd_is_scanned_as_a_whole(portrait: Image.Image) -> None:
    photo = Image.new("RGB", (2 * SIZE[0], 2 * SIZE[1]))
    small = portrait.resize((180, 180))
    for place in range(70):
        photo.paste(small, (200 * (place % 10), 200 * (place // 10)))
    found, expected = scan_in_steps(photo, SIZE, LIMIT, DEFAULT_ENGINE), full_scan(photo)
    assert len(found.boxes) > 60
    assert np.array_equal(found.boxes, expected.boxes)
    assert np.array_equal(found.points, expected.points)


def test_a_photo_without_faces_has_none() -> None:
    assert not len(scan_in_steps(Image.new("RGB", (2000, 1500)), SIZE, LIMIT, DEFAULT_ENGINE).boxes)


def test_windows_show_every_box_with_its_margin() -> None:
    random = np.random.default_rng(0)
    sides = random.uniform(5, 200, 40)
    corners = random.uniform(-10, 1, (40, 2)) % 1 * (np.array(SIZE) - sides[:, None])
    boxes: Floats = np.column_stack([corners, sides, sides]).astype(np.float32)
    for box in boxes:
        for found in (windows._windows(boxes, SIZE), windows._windows(box[None], SIZE)):
            assert any(shows(window, box) for window in found)
            assert all(window[0] % windows.STEP == window[1] % windows.STEP == 0 for window in found)


def shows(window: windows.Window, box: Floats) -> bool:
    left, top, right, bottom = window
    x, y, width, height = box
    across = left <= max(x - windows.MARGIN, 0) and right >= min(x + width + windows.MARGIN, SIZE[0])
    return bool(across and top <= max(y - windows.MARGIN, 0) and bottom >= min(y + height + windows.MARGIN, SIZE[1]))


def test_real_groups_have_the_faces_of_one_scan(shared_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    surely = faces = 0
    for path in sorted((shared_data / "groups" / "photos").iterdir()):
        photo = open_photo(str(path)).image(2000)
        factor = 2000 / max(photo.size)
        image = photo.resize((round(factor * photo.width), round(factor * photo.height)))
        found = detect(image, 0.5)
        with monkeypatch.context() as patched:
            patched.setattr("faceindex.faces.detect.STEPS_FROM", 0.0)
            expected = [face for face in detect(image, 0.5) if face.score > 0.83]
        overlap = [max((one.box().overlap(face.box()) for one in found), default=0) for face in expected]
        surely += sum(share > 0.5 for share in overlap)
        faces += len(expected)
    assert surely == faces > 80
