"""Networks as ONNX files in the form that our code runs: converted once, cached, and converted again when in doubt."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from faceindex.files.reading import read_regular
from faceindex.models.cache import cached
from faceindex.models.cards import ModelCard, model_cards
from faceindex.models.weights import weights

ENCODER = "dlib_face_recognition_resnet_model_v1"
DETECTOR = "mmod_human_face_detector"
YUNET = "yunet"

BUILD = 6
"""Part of a cached file's name: increase it when the graph builders, or the form of cached files, change."""


def onnx_graph(model: str, *, prelus: bool = False) -> bytes:
    """The ONNX file of the detector or encoder `model`.

    It is cached by the content of the model's card, including the sha256 of the weights. prelus: see `convert`.
    Raises: ModelError if the weights are missing or changed.
    """
    card, source = model_cards()[model], weights(model)
    kind = "prelus." if prelus else ""
    return cached(f"{identity(card)}.{kind}onnx", lambda: convert(card, source, prelus=prelus))


def convert(card: ModelCard, source: Path, *, prelus: bool = False, one_by_one: bool = False) -> bytes:
    """The weights file `source` as the ONNX file that our code runs. Raises: ModelError.

    prelus: leave these operators in it: onnxruntime runs them slowly, OpenVINO faster than what replaces them.
    one_by_one: let an encoder that had them see one chip after the other, which is faster on a CPU.
    """
    # Imported here: loading onnx takes longer than everything else that a cached graph needs.
    from faceindex.models.dlib_networks import read_detector, read_encoder
    from faceindex.models.dlib_stream import DlibStream
    from faceindex.models.onnx_files import encoder_file, fold_constants, parse, pixels_file
    from faceindex.models.onnx_graphs import detector_model, encoder_model
    from faceindex.models.prelus import chip_by_chip, replace_prelus
    from faceindex.models.protobuf_stream import ProtobufFile
    from faceindex.models.tensorflow_onnx import tensorflow_model
    from faceindex.models.torch7_onnx import torch7_model

    if card.format == "dlib":
        stream = DlibStream.open(source)
        return encoder_model(read_encoder(stream)) if card.kind == "encoder" else detector_model(read_detector(stream))
    if card.format == "tensorflow":
        data = tensorflow_model(ProtobufFile.open(source))
    elif card.format == "torch7":
        data = torch7_model(read_regular(source), source.name, card.size or 0)
    else:
        data = read_regular(source)
    model = parse(data, str(source))
    fold_constants(model)
    had_prelus = not prelus and replace_prelus(model)
    if card.kind != "encoder":
        return pixels_file(model)
    file = encoder_file(model, card)
    return chip_by_chip(file, card.size) if had_prelus and one_by_one and card.size else file


def identity(card: ModelCard) -> str:
    """Hash of everything on which the converted graph depends."""
    parts = [BUILD, card.sha256, card.size, card.dimension, card.colour, card.scaling]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()
