"""Which faces of the same pixels the library had before, by their boxes. After an edit see `match_by_vector`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from faceindex.types import Box

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


SAME_FACE = 0.5
"""Intersection over union from which two boxes of one photo are the same face."""

_SAME_SHAPE = 0.01  # part by which width / height may differ in a photo that was only resized


@dataclass(frozen=True, slots=True)
class FormerFace:
    """A face that the library knows, or knew, of the photo's earlier state.

    vector: float32 [d]; None when it is lost, or not needed. landmarks: float32 [5 or 68, 2], pixels.
    """

    face: int
    box: Box
    vector: npt.NDArray[np.float32] | None = None
    landmarks: npt.NDArray[np.float32] | None = None


def match_by_box(boxes: Sequence[Box], former: Sequence[FormerFace], zoom: float = 1.0) -> list[int | None]:
    """For each of `boxes` the id of the former face it is; None for a new face. The best overlaps come first.

    zoom: pixels of the photo now in one of the photo then, see `resized`.
    """
    then = [(known.face, scaled(known.box, zoom)) for known in former]
    overlaps = sorted(
        ((box.overlap(old), -place, face) for place, box in enumerate(boxes) for face, old in then), reverse=True
    )
    found: list[int | None] = [None] * len(boxes)
    taken: set[int] = set()
    for overlap, place, face in overlaps:
        if overlap >= SAME_FACE and found[-place] is None and face not in taken:
            found[-place] = face
            taken.add(face)
    return found


def resized(then: tuple[int, int], now: tuple[int, int]) -> float:
    """The factor by which a photo of (width, height) was resized; 1 when its shape is another: cropped or turned."""
    return now[0] / then[0] if same_shape(then, now) else 1.0


def same_shape(then: tuple[int, int], now: tuple[int, int]) -> bool:
    """Whether one (width, height) is the other, resized."""
    (width, height), (new_width, new_height) = then, now
    if not width or not height:
        return False
    return abs(width * new_height - new_width * height) <= _SAME_SHAPE * width * new_height


def scaled(box: Box, zoom: float) -> Box:
    """The box in a photo `zoom` times as large."""
    return Box(*(round(value * zoom) for value in box.as_list()))
