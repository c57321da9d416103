"""Areas turn as EXIF orientations turn pictures, and boxes come back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageOps

from faceindex.photos.metadata.areas import Area, area_of, box_of, is_upright, stored, stored_size, upright
from faceindex.types import Box

parts = st.floats(0, 1)
ORIENTATIONS = range(1, 9)


@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_an_area_turns_as_pillow_turns_the_picture(orientation: int) -> None:
    pixels = np.zeros((40, 60), np.uint8)
    pixels[4:10, 30:50] = 255
    image = Image.fromarray(pixels)
    exif = Image.Exif()
    exif[0x0112] = orientation
    image.info["exif"] = exif.tobytes()
    turned = ImageOps.exif_transpose(image)
    rows, columns = np.nonzero(np.asarray(turned))
    expected = Box(*map(int, (columns.min(), rows.min(), np.ptp(columns) + 1, np.ptp(rows) + 1)))
    assert stored_size(turned.size, orientation) == image.size
    assert box_of(upright(area_of(Box(30, 4, 20, 6), image.size), orientation), turned.size) == expected


@given(parts, parts, parts, parts, st.sampled_from(ORIENTATIONS))
def test_stored_undoes_upright(x: float, y: float, width: float, height: float, orientation: int) -> None:
    area = Area(x, y, width, height)
    back = stored(upright(area, orientation), orientation)
    np.testing.assert_allclose([back.x, back.y], [x, y], atol=1e-12)
    assert (back.width, back.height) == (width, height)


@given(st.integers(0, 900), st.integers(0, 600), st.integers(1, 100), st.integers(1, 100))
def test_a_box_in_the_picture_comes_back(x: int, y: int, width: int, height: int) -> None:
    box = Box(x, y, width, height)
    assert box_of(area_of(box, (1000, 700)), (1000, 700)) == box


def test_a_box_over_the_edge_is_cut_there() -> None:
    assert box_of(area_of(Box(-10, 690, 40, 40), (1000, 700)), (1000, 700)) == Box(0, 690, 30, 10)


@pytest.mark.parametrize(
    ("applied", "answer"),
    [((600.0, 800.0), True), ((800.0, 600.0), False), ((300.0, 400.0), True), (None, False), ((5.0, 5.0), False)],
)
def test_sides_tell_whether_areas_are_of_the_upright_picture(applied: tuple[float, float] | None, answer: bool) -> None:
    assert is_upright(applied, (600, 800)) == answer
