"""Checked weights turned into networks that can run; each is loaded once per process."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from faceindex.models.devices import load_libraries, note_fallback, provider, provider_options, usable_device
from faceindex.models.graphs import DETECTOR, ENCODER, onnx_graph
from faceindex.models.optimised import optimised_session, options
from faceindex.models.weights import weights

if TYPE_CHECKING:
    import onnxruntime


def landmark_model(points: int) -> str:
    """The name of the model that places 5 or 68 landmarks."""
    return f"shape_predictor_{points}_face_landmarks"


@cache
def dlib_hog_detector() -> Any:
    """dlib's frontal face detector, run by dlib: five HOG templates compiled into it, without a weights file."""
    import dlib

    return dlib.get_frontal_face_detector()


@cache
def landmark_predictor(points: int) -> Any:
    """dlib's shape predictor for 5 or 68 points. Raises: ModelError."""
    import dlib

    return dlib.shape_predictor(str(weights(landmark_model(points))))


@cache
def dlib_encoder() -> Any:
    """dlib's face recognition ResNet, run by dlib. Raises: ModelError."""
    import dlib

    return dlib.face_recognition_model_v1(str(weights(ENCODER)))


@cache
def dlib_cnn_detector() -> Any:
    """dlib's max-margin CNN detector, run by dlib. Raises: ModelError."""
    import dlib

    return dlib.cnn_face_detection_model_v1(str(weights(DETECTOR)))


@cache
def onnx_session(model: str, device: str) -> onnxruntime.InferenceSession:
    """A network on onnxruntime. Raises: ModelError; UsageError if there is no such device."""
    used = usable_device(device)
    return optimised_session(model) if used == "cpu" else session(onnx_graph(model), used)


def session(graph: bytes, device: str = "cpu") -> onnxruntime.InferenceSession:
    """A session for `graph` with one thread on `device`; notes and errors as `usable_device`."""
    import onnxruntime

    load_libraries(device)
    made = onnxruntime.InferenceSession(graph, options(), providers=[(provider(device), provider_options(device))])
    note_fallback(device, made.get_providers())
    return made
