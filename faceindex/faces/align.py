"""Landmarks by dlib's shape predictors, and the aligned chip that the encoder sees."""

from __future__ import annotations

from typing import Any

import dlib
import numpy as np
import numpy.typing as npt

from faceindex.faces.recipe import CHIP_PADDING, CHIP_SIZE
from faceindex.models.networks import landmark_predictor
from faceindex.types import Box, Pixels

Landmarks = npt.NDArray[np.float32]
"""float32 [5 or 68, 2], x and y in pixels, in dlib's order."""


def place_landmarks(pixels: Pixels, box: Box, points: int = 5) -> Landmarks:
    """Landmarks of the face in `box` of `pixels`. Raises: ModelError."""
    rectangle = dlib.rectangle(box.x, box.y, box.x + box.width - 1, box.y + box.height - 1)
    shape = landmark_predictor(points)(pixels, rectangle)
    return np.array([(p.x, p.y) for p in shape.parts()], dtype=np.float32)


def face_chip(pixels: Pixels, landmarks: Landmarks) -> Pixels:
    """The face turned upright and scaled: uint8 [150, 150, 3], padding 0.25 (dlib get_face_chip)."""
    return np.asarray(dlib.get_face_chip(pixels, _shape(landmarks), size=CHIP_SIZE, padding=CHIP_PADDING))


def _shape(landmarks: Landmarks) -> Any:
    parts = dlib.points([dlib.point(round(float(x)), round(float(y))) for x, y in landmarks])
    return dlib.full_object_detection(dlib.rectangle(), parts)
