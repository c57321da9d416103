"""Checked weights turned into runnable dlib objects, each loaded once per process."""

from __future__ import annotations

from functools import cache
from typing import Any

import dlib

from faceindex.models.weights import weights

ENCODER = "dlib_face_recognition_resnet_model_v1"


def landmark_model(points: int) -> str:
    """The name of the model that places 5 or 68 points."""
    return f"shape_predictor_{points}_face_landmarks"


@cache
def hog_detector() -> Any:
    """dlib's frontal face detector: five HOG templates compiled into dlib, no weights file."""
    return dlib.get_frontal_face_detector()


@cache
def landmark_predictor(points: int) -> Any:
    """dlib's shape predictor for 5 or 68 points. Raises: ModelError."""
    return dlib.shape_predictor(str(weights(landmark_model(points))))


@cache
def face_encoder() -> Any:
    """dlib's face recognition ResNet. Raises: ModelError."""
    return dlib.face_recognition_model_v1(str(weights(ENCODER)))
