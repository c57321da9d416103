"""Rectangles as fractions of a photo's sides, and how EXIF orientation turns them.

Other programs store face regions like this, in the picture as stored; our boxes are in pixels of the upright photo.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from faceindex.types import Box

SIDES_SWAPPED = frozenset((5, 6, 7, 8))
"""EXIF orientations (EXIF 2.32, tag 274) that swap width and height."""

_INVERSE = {6: 8, 8: 6}  # every other orientation is its own inverse


@dataclass(frozen=True, slots=True)
class Area:
    """x, y: the centre; width, height. All are fractions of the picture's width and height, 0 to 1 inside the
    picture."""

    x: float
    y: float
    width: float
    height: float


def upright(area: Area, orientation: int) -> Area:
    """An area of the stored picture, in the upright picture."""
    x, y = {
        1: (area.x, area.y),
        2: (1 - area.x, area.y),
        3: (1 - area.x, 1 - area.y),
        4: (area.x, 1 - area.y),
        5: (area.y, area.x),
        6: (1 - area.y, area.x),
        7: (1 - area.y, 1 - area.x),
        8: (area.y, 1 - area.x),
    }[orientation]
    if orientation in SIDES_SWAPPED:
        return Area(x, y, area.height, area.width)
    return Area(x, y, area.width, area.height)


def stored(area: Area, orientation: int) -> Area:
    """An area of the upright picture, in the stored picture."""
    return upright(area, _INVERSE.get(orientation, orientation))


def stored_size(size: tuple[int, int], orientation: int) -> tuple[int, int]:
    """Width and height of the stored picture, from those of the upright one."""
    return size[::-1] if orientation in SIDES_SWAPPED else size


def box_of(area: Area, size: tuple[int, int]) -> Box:
    """The area's box in a picture of `size`: width and height in pixels."""
    width, height = size
    left, top = (area.x - area.width / 2) * width, (area.y - area.height / 2) * height
    return Box(round(left), round(top), max(1, round(area.width * width)), max(1, round(area.height * height)))


def area_of(box: Box, size: tuple[int, int]) -> Area:
    """The part of a box that is inside a picture of `size`; boxes of faces may extend beyond it."""
    width, height = size
    left, right = _within(box.x, box.width, width)
    top, bottom = _within(box.y, box.height, height)
    return Area((left + right) / 2, (top + bottom) / 2, right - left, bottom - top)


def is_upright(applied: tuple[float, float] | None, size: tuple[int, int]) -> bool:
    """Whether the stated sides have the aspect ratio of the upright picture, not of the rotated one.

    applied: width and height that a program wrote with its areas. size: of the upright picture.
    """
    if applied is None:
        return False
    shape, true = math.log(applied[0] / applied[1]), math.log(size[0] / size[1])
    return abs(shape - true) < abs(shape + true)


def _within(start: int, length: int, side: int) -> tuple[float, float]:
    first, last = max(0, start), min(side, start + length)
    return (first / side, last / side) if first < last else (start / side, (start + length) / side)
