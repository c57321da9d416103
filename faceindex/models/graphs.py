"""Networks as ONNX files in the form that our code runs: converted once, kept in a cache, made anew when in doubt."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from pathlib import Path

import platformdirs

from faceindex.models.atomic import write_atomically
from faceindex.models.cards import ModelCard, model_cards
from faceindex.models.weights import weights

ENCODER = "dlib_face_recognition_resnet_model_v1"
DETECTOR = "mmod_human_face_detector"
YUNET = "yunet"

ENVIRONMENT = "FACEINDEX_CACHE"
"""A folder named by this variable takes the place of the user's cache folder."""

BUILD = 4
"""Part of a cached file's name: raise it when the graph builders change what they make."""

_DIGEST_BYTES = 32


def onnx_graph(model: str) -> bytes:
    """The ONNX file of the detector or encoder `model`.

    The cache is found by what the model's card says, the sha256 of the weights included, checked by a digest in front
    of each file, written atomically, and done without where it cannot be written. Raises: ModelError when the
    weights are missing or altered.
    """
    card, source = model_cards()[model], weights(model)
    cached = cache_folder() / f"{_identity(card)}.onnx"
    graph = _read(cached)
    if graph is None:
        graph = convert(card, source)
        with contextlib.suppress(OSError):
            write_atomically(cached, hashlib.sha256(graph).digest() + graph)
    return graph


def cache_folder() -> Path:
    """Where converted graphs are kept."""
    return Path(os.environ.get(ENVIRONMENT) or platformdirs.user_cache_dir("faceindex")) / "graphs"


def convert(card: ModelCard, source: Path) -> bytes:
    """The weights file `source` as the ONNX file that our code runs. Raises: ModelError."""
    # Imported here: loading onnx takes longer than everything else that a cached graph needs.
    from faceindex.models.dlib_networks import read_detector, read_encoder
    from faceindex.models.dlib_stream import DlibStream
    from faceindex.models.onnx_files import encoder_file, fold, parse, pixels_file, replace_prelus
    from faceindex.models.onnx_graphs import detector_model, encoder_model
    from faceindex.models.protobuf_stream import ProtobufFile
    from faceindex.models.tensorflow_onnx import tensorflow_model

    if card.format == "dlib":
        stream = DlibStream.open(source)
        return encoder_model(read_encoder(stream)) if card.kind == "encoder" else detector_model(read_detector(stream))
    tensorflow = card.format == "tensorflow"
    model = parse(tensorflow_model(ProtobufFile.open(source)) if tensorflow else source.read_bytes(), str(source))
    fold(model)
    replace_prelus(model)
    return encoder_file(model, card) if card.kind == "encoder" else pixels_file(model)


def _identity(card: ModelCard) -> str:
    parts = [BUILD, card.sha256, card.size, card.dimension, card.colour, card.scaling]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _read(path: Path) -> bytes | None:
    try:
        data = path.read_bytes()
    except OSError:
        return None
    digest, graph = data[:_DIGEST_BYTES], data[_DIGEST_BYTES:]
    return graph if hashlib.sha256(graph).digest() == digest else None
