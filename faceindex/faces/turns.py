"""Which way is up in a photo that says nothing of it: scans, and photos of old phones, lie sideways or upside down.

YuNet sees few faces that lie sideways and takes upside-down ones for upright, but scores them less: of 395 photos of
lfw-dev and of albums the best upright face has 0.93 at the median, the best one on its side or head 0.91 at most.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from PIL import Image

from faceindex.faces.detect import SCANS, Detection, detect
from faceindex.faces.engine import Engine
from faceindex.faces.tilt import upright_score
from faceindex.types import Box, Face

UPRIGHT_SCORE = 0.91
"""Score of the best face from which a photo is taken for upright: that of 93 to 97 % of the photos with upright
faces, and of none of those turned by 90 degrees."""

MARGIN = 0.02
"""By how much faces have to score more in a turned photo. Of 178 photos of lfw-dev and albums all upright ones stay so,
178, 174 and 176 of those turned by 90, 180 and 270 degrees are turned back."""

LOW_SIDE = 320
"""Longer side in pixels at which other turns are tried. 480 decides alike."""

_CLOCKWISE = {
    90: Image.Transpose.ROTATE_270,
    180: Image.Transpose.ROTATE_180,
    270: Image.Transpose.ROTATE_90,
}


def way_up(image: Image.Image, scale: float, found: Sequence[Detection], engine: Engine) -> int:
    """Degrees, clockwise, by which `image` has to be turned so that its faces are upright: 0, 90, 180 or 270.

    scale: of the scan that had the result `found`, by YuNet. Raises: ModelError.
    """
    surest = max(found, key=lambda face: face.score, default=None)
    if surest and surest.score >= UPRIGHT_SCORE:
        return 0
    low = _at_scale(image, min(scale, LOW_SIDE / max(image.size)))
    best = _best_score(low, engine)  # a face that fills the photo scores more there
    if surest:  # a tilted head scores more when it is upright, one that is upside down does not
        best = max(best, surest.score, upright_score(image, surest, engine))
    scores = {turn: _best_score(turned(low, turn), engine) for turn in _CLOCKWISE}
    chosen = max(scores, key=lambda turn: scores[turn])
    return chosen if scores[chosen] > max(best + MARGIN, SCANS["yunet"].limit) else 0


def turned(image: Image.Image, turn: int) -> Image.Image:
    """`image`, turned clockwise by 0, 90, 180 or 270 degrees."""
    return image.transpose(_CLOCKWISE[turn]) if turn else image


def turned_back(face: Face, turn: int, width: int, height: int) -> Face:
    """A face of the turned photo in pixels of the photo, width x height, as it was before it was turned by `turn`."""
    if not turn:
        return face
    box, (x, y) = face.box, face.landmarks.T
    if turn == 90:
        place, marks = Box(box.y, height - box.x - box.width, box.height, box.width), (y, height - 1 - x)
    elif turn == 180:
        place = Box(width - box.x - box.width, height - box.y - box.height, box.width, box.height)
        marks = (width - 1 - x, height - 1 - y)
    else:
        place, marks = Box(width - box.y - box.height, box.x, box.height, box.width), (width - 1 - y, x)
    return replace(face, box=place, landmarks=np.stack(marks, axis=1).astype(np.float32))


def _at_scale(image: Image.Image, scale: float) -> Image.Image:
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    return image if size == image.size else image.resize(size, Image.Resampling.BILINEAR, reducing_gap=1.0)


def _best_score(image: Image.Image, engine: Engine) -> float:
    return max((face.score for face in detect(image, engine=engine)), default=0.0)
