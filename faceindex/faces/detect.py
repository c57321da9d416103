"""dlib's HOG and CNN face detectors and YuNet, run at the scale that the smallest face wanted asks for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from faceindex.errors import UsageError
from faceindex.faces.engine import DEFAULT_ENGINE, Engine
from faceindex.faces.hog_start import HogStart
from faceindex.faces.suppression import ScoredBox
from faceindex.faces.windows import SMALLEST, scan_in_steps
from faceindex.faces.yunet import YunetFaces
from faceindex.types import Box, Pixels

SMALL_SIDE = 320
"""A photo with a shorter longer side than this is a thumbnail or a crop, and enlarged less."""


@dataclass(frozen=True, slots=True)
class Scan:
    """How photos are scanned with a detector.

    side: pixels of the smallest face that the detector sees well. min_face: thousandths of the photo's longer side
    that the smallest face wanted has by default. enlargement, small_enlargement: photos, and those of under SMALL_SIDE,
    are enlarged no further; a face of under 40 pixels has too little detail for its vector anyway. limit: score from
    which a detection counts. again: scale, of the first scan's, and score limit of the scan that a photo without a
    face gets.
    """

    side: int
    min_face: int
    enlargement: float
    small_enlargement: float
    limit: float
    again: tuple[float, float] | None = None


SCANS = {
    "hog": Scan(80, 50, 2.0, 1.5, 0.0, (2 / 3, -0.2)),
    "cnn": Scan(80, 50, 2.0, 1.5, 0.0),
    "yunet": Scan(32, 32, 1.0, 1.0, 0.8, (0.4, 0.88)),
}
"""Chosen by `scripts/bench detect` and on lfw-dev. hog: in lfw-dev (250 pixels) 1.5 times the size shows as many
faces as twice, in 0.6 of the time; nearly all that scores 0 to 0.15 is a face; the second scan finds the face in 10 of
the 16 photos in which the first one sees nothing, for less than half of its time. yunet: sees no face that is wider
than some 550 pixels of the scanned image; the second scan does. Nearly all that scores 0.6 to 0.8 is out of focus or
no face."""

MAX_SCANNED_PIXELS = 4_000_000
"""Upper bound of work: no photo is scanned at more pixels than this, whatever --min-face asks."""

STEPS_FROM = 0.6
"""YuNet scans a picture that is reduced to this or less in two steps; others as it always did, to the byte."""


@dataclass(frozen=True, slots=True, eq=False)
class Detection:
    """left, top, right, bottom: pixels of the image given, not rounded. score: the detector's. points: float32 [5, 2],
    x and y in pixels, as `YunetFaces` orders them; None for dlib's detectors. placed: float32 [5, 2], dlib's landmarks
    of the face in this very image, if they have been placed already.
    """

    left: float
    top: float
    right: float
    bottom: float
    score: float
    points: npt.NDArray[np.float32] | None = None
    placed: npt.NDArray[np.float32] | None = None

    @property
    def side(self) -> float:
        """The longer side in pixels."""
        return max(self.right - self.left, self.bottom - self.top)

    def scaled(self, factor: float) -> Detection:
        """The same detection in an image `factor` times as large."""
        return self.stretched(factor, factor)

    def stretched(self, x: float, y: float) -> Detection:
        """The same detection in an image x times as wide and y times as high."""
        points = None if self.points is None else self.points * np.array([x, y], dtype=np.float32)
        return Detection(self.left * x, self.top * y, self.right * x, self.bottom * y, self.score, points)

    def shifted(self, x: float, y: float) -> Detection:
        """The same detection in an image that begins x pixels further left and y further up."""
        points = None if self.points is None else self.points + np.array([x, y], dtype=np.float32)
        return Detection(self.left + x, self.top + y, self.right + x, self.bottom + y, self.score, points)

    def box(self) -> Box:
        """The box in whole pixels."""
        left, top = round(self.left), round(self.top)
        return Box(left, top, round(self.right) - left, round(self.bottom) - top)


def check_min_face(min_face: int) -> int:
    """`min_face` itself. Raises: UsageError when it is outside 1 ... 1000."""
    if not 1 <= min_face <= 1000:
        raise UsageError(f"--min-face is in thousandths of the photo's longer side, 1 to 1000, not {min_face}")
    return min_face


def detection_scale(width: int, height: int, min_face: int | None = None, detector: str = "yunet") -> float:
    """Factor from a photo of width x height pixels to the image that is scanned.

    min_face: side of the smallest face wanted, in thousandths of the photo's longer side (of twice the
    shorter one for panoramas, whose faces are as high as the photo allows); default the detector's. Bounded by the
    detector's enlargements and MAX_SCANNED_PIXELS.
    """
    scan = SCANS[detector]
    side = min(max(width, height), 2 * min(width, height))
    wanted = scan.side / (side * (min_face or scan.min_face) / 1000)
    affordable = (MAX_SCANNED_PIXELS / (width * height)) ** 0.5
    return float(min(wanted, scan.small_enlargement if side < SMALL_SIDE else scan.enlargement, affordable))


def detect(
    image: Pixels | Image.Image,
    scale: float = 1.0,
    *,
    detector: str = "yunet",
    engine: Engine = DEFAULT_ENGINE,
    doubtful: float | None = None,
) -> list[Detection]:
    """Faces in `image` (uint8 [h, w, 3], or mode RGB), scanned at `scale`, in pixels of `image`, left to right.

    detector: "hog", "cnn" or "yunet"; engine: what runs it, with the same result. doubtful: what scores above this
    comes too, though it is less than the detector's limit. Raises: ModelError.
    """
    scan = SCANS[detector]
    found = _scan(image, scale, scan.limit if doubtful is None else doubtful, detector, engine)
    if scan.again and not any(one.score > scan.limit for one in found):
        factor, limit = scan.again
        found = _scan(image, scale * factor, limit, detector, engine) or found
    return sorted(found, key=lambda detection: (detection.left, detection.top))


def _scan(image: Pixels | Image.Image, scale: float, limit: float, detector: str, engine: Engine) -> list[Detection]:
    picture = image if isinstance(image, Image.Image) else Image.fromarray(image)
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    if detector == "yunet" and scale <= STEPS_FROM and size[0] * size[1] > SMALLEST:
        faces = scan_in_steps(picture, size, limit, engine)
        return [one.stretched(picture.width / size[0], picture.height / size[1]) for one in _of_yunet(faces)]
    if size != picture.size:
        pixels = np.asarray(picture.resize(size, Image.Resampling.BILINEAR, reducing_gap=1.0))
    else:
        pixels = np.ascontiguousarray(image)
    found = _DETECTORS[detector](pixels, limit, engine)
    return [detection.stretched(picture.width / size[0], picture.height / size[1]) for detection in found]


_hog_start = HogStart()


def _by_hog(pixels: Pixels, limit: float, engine: Engine) -> list[Detection]:
    chosen = _hog_start.engine(engine, pixels)
    return [_of_dlib(found) for found in chosen.hog_detections(pixels, limit)]


def _by_cnn(pixels: Pixels, _limit: float, engine: Engine) -> list[Detection]:
    return [_of_dlib(found) for found in engine.cnn_detections(pixels)]


def _of_dlib(found: ScoredBox) -> Detection:
    return Detection(found.left, found.top, found.right + 1, found.bottom + 1, found.score)


def _by_yunet(pixels: Pixels, limit: float, engine: Engine) -> list[Detection]:
    return _of_yunet(engine.yunet_detections(pixels, limit))


def _of_yunet(faces: YunetFaces) -> list[Detection]:
    return [
        Detection(x, y, x + width, y + height, score, points)
        for (x, y, width, height), score, points in zip(
            faces.boxes.tolist(), faces.scores.tolist(), faces.points, strict=True
        )
    ]


_DETECTORS: dict[str, Callable[[Pixels, float, Engine], list[Detection]]] = {
    "hog": _by_hog,
    "cnn": _by_cnn,
    "yunet": _by_yunet,
}
