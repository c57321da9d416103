"""Regions that other programs drew find the faces they mean."""

from __future__ import annotations

import pytest

from faceindex.exchange.xmp.region_faces import faces_of_regions
from faceindex.types import Box

FACE = Box(100, 100, 60, 80)


@pytest.mark.parametrize("zoom", [0.6, 0.8, 1.0, 1.5, 2.0])
def test_a_larger_or_smaller_region_around_the_same_middle_is_the_face(zoom: float) -> None:
    width, height = round(60 * zoom), round(80 * zoom)
    assert faces_of_regions([Box(130 - width // 2, 140 - height // 2, width, height)], [FACE]) == {0: 0}


@pytest.mark.parametrize("region", [Box(200, 100, 60, 80), Box(0, 0, 1000, 1000), Box(125, 135, 6, 8)])
def test_a_region_beside_the_face_or_of_another_scale_does_not_match(region: Box) -> None:
    assert faces_of_regions([region], [FACE]) == {}


def test_every_region_gets_one_face_and_the_best_come_first() -> None:
    beside = Box(140, 100, 60, 80)
    assert faces_of_regions([FACE, beside], [beside, FACE]) == {0: 1, 1: 0}
    assert faces_of_regions([FACE, Box(104, 100, 60, 80)], [FACE]) == {0: 0}
    assert faces_of_regions([Box(90, 90, 80, 100)], [beside, FACE]) == {0: 1}


def test_without_faces_or_regions_there_is_nothing() -> None:
    assert faces_of_regions([], [FACE]) == faces_of_regions([FACE], []) == {}
