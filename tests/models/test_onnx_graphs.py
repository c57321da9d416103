"""The ONNX graphs compute what dlib computes."""

from __future__ import annotations

import dlib
import numpy as np
import onnx
import onnxruntime
import pytest

from faceindex.models.dlib_networks import read_detector, read_encoder
from faceindex.models.dlib_stream import DlibStream
from faceindex.models.graph_interface import CHIPS, SCORES, TILE
from faceindex.models.onnx_graphs import detector_geometry, detector_model, encoder_model
from faceindex.models.weights import weights
from faceindex.types import Pixels

ENCODER = "dlib_face_recognition_resnet_model_v1"
DETECTOR = "mmod_human_face_detector"


@pytest.fixture(scope="module")
def encoder() -> bytes:
    return encoder_model(read_encoder(DlibStream.open(weights(ENCODER))))


@pytest.fixture(scope="module")
def detector() -> bytes:
    return detector_model(read_detector(DlibStream.open(weights(DETECTOR))))


@pytest.fixture(scope="module")
def chips() -> Pixels:
    """Noise, a flat colour and a gradient: the extremes of what a chip can hold."""
    noise = np.random.default_rng(0).integers(0, 256, (150, 150, 3), dtype=np.uint8)
    gradient = np.broadcast_to(np.arange(150, dtype=np.uint8)[:, None, None], (150, 150, 3))
    return np.stack([noise, np.full_like(noise, 255), gradient])


def run(model: bytes, name: str, array: np.ndarray) -> np.ndarray:
    return np.asarray(onnxruntime.InferenceSession(model).run(None, {name: array})[0])


def test_both_are_valid_onnx(encoder: bytes, detector: bytes) -> None:
    for model in (encoder, detector):
        onnx.checker.check_model(model, full_check=True)


def test_the_same_weights_give_the_same_bytes(encoder: bytes, detector: bytes) -> None:
    assert encoder == encoder_model(read_encoder(DlibStream.open(weights(ENCODER))))
    assert detector == detector_model(read_detector(DlibStream.open(weights(DETECTOR))))


def test_vectors_are_those_of_dlib(encoder: bytes, chips: Pixels) -> None:
    theirs = dlib.face_recognition_model_v1(str(weights(ENCODER))).compute_face_descriptor(list(chips))
    assert run(encoder, CHIPS, chips) == pytest.approx(np.array(theirs), abs=1e-5)


def test_a_chip_has_the_same_vector_alone_and_in_a_batch(encoder: bytes, chips: Pixels) -> None:
    alone = np.concatenate([run(encoder, CHIPS, chip[None]) for chip in chips])
    assert run(encoder, CHIPS, chips) == pytest.approx(alone, abs=1e-6)


def test_no_chips_have_no_vectors(encoder: bytes) -> None:
    assert run(encoder, CHIPS, np.empty((0, 150, 150, 3), dtype=np.uint8)).shape == (0, 128)


def test_the_geometry_says_where_a_score_comes_from(detector: bytes) -> None:
    geometry = detector_geometry(read_detector(DlibStream.open(weights(DETECTOR))))
    assert (geometry.stride, geometry.origin, geometry.field, geometry.reach) == (8, 14, 29, 10)
    tile = np.zeros((1, 3, 400, 300), dtype=np.float32)
    before = run(detector, TILE, tile)
    assert before.shape == (1, 1, (400 - 29) // 8 + 1, (300 - 29) // 8 + 1)
    tile[:, :, 208, 152] = 100
    changed = np.argwhere(run(detector, TILE, tile)[0, 0] != before[0, 0])
    cells = (np.array([208, 152]) - geometry.origin) / geometry.stride
    assert np.abs(changed - cells).max() <= geometry.reach + geometry.field / 2 / geometry.stride


def test_the_detector_has_one_window(detector: bytes) -> None:
    assert onnxruntime.InferenceSession(detector).get_outputs()[0].name == SCORES
    assert run(detector, TILE, np.zeros((1, 3, 29, 29), dtype=np.float32)).shape == (1, 1, 1, 1)
