"""dlib's networks as ONNX files: converted once, kept in the user's cache, made anew when in doubt."""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from pathlib import Path

import platformdirs

from faceindex.models.cards import model_cards
from faceindex.models.weights import weights

ENCODER = "dlib_face_recognition_resnet_model_v1"
DETECTOR = "mmod_human_face_detector"

ENVIRONMENT = "FACEINDEX_CACHE"
"""A folder named by this variable takes the place of the user's cache folder."""

BUILD = 1
"""Part of a cached file's name: raise it when the graph builders change what they make."""

_DIGEST_BYTES = 32


def onnx_graph(model: str) -> bytes:
    """The ONNX file of ENCODER or DETECTOR.

    The cache is found by the sha256 of dlib's weights, checked by a digest in front of each file, written
    atomically, and done without where it cannot be written. Raises: ModelError when the weights are
    missing or altered.
    """
    source = weights(model)
    cached = cache_folder() / f"{model_cards()[model].sha256}-{BUILD}.onnx"
    graph = _read(cached)
    if graph is None:
        graph = _convert(model, source)
        with contextlib.suppress(OSError):
            _write(cached, graph)
    return graph


def cache_folder() -> Path:
    """Where converted graphs are kept."""
    return Path(os.environ.get(ENVIRONMENT) or platformdirs.user_cache_dir("faceindex")) / "graphs"


def _convert(model: str, source: Path) -> bytes:
    # Imported here: loading onnx takes longer than everything else that a cached graph needs.
    from faceindex.models.dlib_networks import read_detector, read_encoder
    from faceindex.models.dlib_stream import DlibStream
    from faceindex.models.onnx_graphs import detector_model, encoder_model

    stream = DlibStream.open(source)
    return encoder_model(read_encoder(stream)) if model == ENCODER else detector_model(read_detector(stream))


def _read(path: Path) -> bytes | None:
    try:
        data = path.read_bytes()
    except OSError:
        return None
    digest, graph = data[:_DIGEST_BYTES], data[_DIGEST_BYTES:]
    return graph if hashlib.sha256(graph).digest() == digest else None


def _write(path: Path, graph: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
        try:
            file.write(hashlib.sha256(graph).digest() + graph)
            file.close()
            Path(file.name).replace(path)
        except BaseException:
            Path(file.name).unlink()
            raise
