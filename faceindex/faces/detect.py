"""dlib's HOG and CNN face detectors, run at the scale that the smallest face wanted asks for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PIL import Image

from faceindex.errors import UsageError
from faceindex.faces.engine import DEFAULT_ENGINE, Engine
from faceindex.types import Box, Pixels

DETECTOR_SIDE = 80
"""Side in pixels of the smallest face that either detector sees: its window."""

DEFAULT_MIN_FACE = 50
"""Thousandths of the longer side. Chosen on 27 group photos: README, measured figures."""

MAX_ENLARGEMENT = 2.0
"""Photos are enlarged no further: a face of under 40 pixels has too little detail for its vector."""

SMALL_SIDE, SMALL_ENLARGEMENT = 320, 1.5
"""A photo with a shorter longer side is a thumbnail or a crop, and enlarged less: in lfw-dev (250 pixels) this
finds as many faces as twice the size, in 0.6 of the time."""

MAX_SCANNED_PIXELS = 4_000_000
"""Upper bound of work: no photo is scanned at more pixels than this, whatever --min-face asks."""

SCORE_LIMIT = 0.0
"""Score from which a detection counts: dlib's own. Nearly all of what scores 0 to 0.15 in lfw-dev is a face."""

SECOND_LOOK = (2 / 3, -0.2)
"""Scale and score limit of the second scan that a photo without a face gets: it finds the face in 10 of the 16
photos of lfw-dev in which the first scan sees nothing, for less than half of the first scan's time."""


@dataclass(frozen=True, slots=True)
class Detection:
    """box: pixels of the image given as (left, top, right, bottom), not rounded. score: the detector's."""

    left: float
    top: float
    right: float
    bottom: float
    score: float

    @property
    def side(self) -> float:
        """The longer side in pixels."""
        return max(self.right - self.left, self.bottom - self.top)

    def scaled(self, factor: float) -> Detection:
        """The same detection in an image `factor` times as large."""
        return Detection(self.left * factor, self.top * factor, self.right * factor, self.bottom * factor, self.score)

    def box(self) -> Box:
        """The box in whole pixels."""
        left, top = round(self.left), round(self.top)
        return Box(left, top, round(self.right) - left, round(self.bottom) - top)


def check_min_face(min_face: int) -> int:
    """`min_face` itself. Raises: UsageError when it is outside 1 ... 1000."""
    if not 1 <= min_face <= 1000:
        raise UsageError(f"--min-face is in thousandths of the photo's longer side, 1 to 1000, not {min_face}")
    return min_face


def detection_scale(width: int, height: int, min_face: int = DEFAULT_MIN_FACE) -> float:
    """Factor from a photo of width x height pixels to the image that is scanned.

    min_face: side of the smallest face wanted, in thousandths of the photo's longer side (of twice the
    shorter one for panoramas, whose faces are as high as the photo allows). Bounded by
    MAX_ENLARGEMENT, SMALL_ENLARGEMENT and MAX_SCANNED_PIXELS.
    """
    side = min(max(width, height), 2 * min(width, height))
    wanted = DETECTOR_SIDE / (side * min_face / 1000)
    affordable = (MAX_SCANNED_PIXELS / (width * height)) ** 0.5
    enlargement = SMALL_ENLARGEMENT if side < SMALL_SIDE else MAX_ENLARGEMENT
    return float(min(wanted, enlargement, affordable))


def detect(
    pixels: Pixels, scale: float = 1.0, *, detector: str = "hog", engine: Engine = DEFAULT_ENGINE
) -> list[Detection]:
    """Faces in `pixels` (uint8 [h, w, 3]), scanned at `scale`, in pixels of `pixels`, left to right.

    detector: "hog" or "cnn"; engine: what runs it, with the same result. Raises: ModelError.
    """
    if detector == "cnn":
        found = _scan(pixels, scale, lambda image: _by_cnn(image, engine))
    else:
        factor, limit = SECOND_LOOK
        found = _scan(pixels, scale, lambda image: _by_hog(image, SCORE_LIMIT, engine)) or _scan(
            pixels, scale * factor, lambda image: _by_hog(image, limit, engine)
        )
    return sorted(found, key=lambda detection: (detection.left, detection.top))


def _scan(pixels: Pixels, scale: float, detector: Callable[[Pixels], list[Detection]]) -> list[Detection]:
    height, width = pixels.shape[:2]
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    if size != (width, height):
        image = Image.fromarray(pixels).resize(size, Image.Resampling.BILINEAR, reducing_gap=2.0)
        pixels = np.asarray(image)
    x, y = width / size[0], height / size[1]
    return [
        Detection(d.left * x, d.top * y, d.right * x, d.bottom * y, d.score)
        for d in detector(np.ascontiguousarray(pixels))
    ]


def _by_hog(pixels: Pixels, limit: float, engine: Engine) -> list[Detection]:
    return [Detection(d.left, d.top, d.right + 1, d.bottom + 1, d.score) for d in engine.hog_detections(pixels, limit)]


def _by_cnn(pixels: Pixels, engine: Engine) -> list[Detection]:
    return [Detection(d.left, d.top, d.right + 1, d.bottom + 1, d.score) for d in engine.cnn_detections(pixels)]
