"""What dlib's two detectors share after scoring: their results, and which of several overlapping ones stays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Boxes = npt.NDArray[np.int64]
"""int64 [n, 4]: left, top, right, bottom, in pixels of the image, all of them inside."""


@dataclass(frozen=True, slots=True)
class ScoredBox:
    """Pixels of the image; right and bottom are the last ones inside, as in dlib. score: the detector's."""

    left: int
    top: int
    right: int
    bottom: int
    score: float


def suppressed(boxes: Boxes, scores: npt.NDArray[np.floating], *, overlap: float, covered: float) -> list[ScoredBox]:
    """The boxes without those that overlap a better one too much, best score first.

    overlap: largest shared area over the area of the box around both; covered: over the area of either.
    """
    kept: list[int] = []
    for number in np.argsort(-scores, kind="stable"):
        if not _overlaps(boxes[kept], boxes[number], overlap, covered).any():
            kept.append(int(number))
    return [_scored(boxes[number], float(scores[number])) for number in kept]


def _scored(box: Boxes, score: float) -> ScoredBox:
    left, top, right, bottom = map(int, box)
    return ScoredBox(left, top, right, bottom, score)


def rounded(values: npt.NDArray[np.float64]) -> Boxes:
    """To the nearest whole number, halves away from zero as C does."""
    return (np.sign(values) * np.floor(np.abs(values) + 0.5)).astype(np.int64)


def _overlaps(boxes: Boxes, box: Boxes, overlap: float, covered: float) -> npt.NDArray[np.bool_]:
    """Which of `boxes` overlap `box` by more than the detector was trained to allow (dlib test_box_overlap)."""
    shared = _area(np.maximum(boxes[:, :2], box[:2]), np.minimum(boxes[:, 2:], box[2:]))
    around = _area(np.minimum(boxes[:, :2], box[:2]), np.maximum(boxes[:, 2:], box[2:]))
    smaller = np.minimum(_area(boxes[:, :2], boxes[:, 2:]), _area(box[:2], box[2:]))
    return (shared > overlap * around) | (shared > covered * smaller)


def _area(low: Boxes, high: Boxes) -> npt.NDArray[np.int64]:
    """Square pixels between two corners, both inside; 0 when they are on the wrong sides of each other."""
    sides = np.maximum(high - low + 1, 0)
    area: npt.NDArray[np.int64] = sides[..., 0] * sides[..., 1]
    return area
