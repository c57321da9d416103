"""Engines run dlib's detectors and its encoder: ours fast, dlib as the reference. Both give the same numbers.

Networks that are not dlib's are run by onnxruntime, whatever the engine's name.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from faceindex.errors import UsageError
from faceindex.faces.kernels import can_compile
from faceindex.faces.suppression import ScoredBox
from faceindex.faces.yunet import YunetDetector, YunetFaces
from faceindex.models.graph_interface import CHIPS, VECTORS
from faceindex.models.graphs import DETECTOR, ENCODER, YUNET
from faceindex.models.networks import dlib_cnn_detector, dlib_encoder, dlib_hog_detector, onnx_session, provider
from faceindex.types import Pixels, Vectors

ENGINES = ("onnx", "dlib")


@dataclass(frozen=True, slots=True)
class BatchSize:
    """Chips that an encoder sees at once: `enough` from which another chip saves little, and `most`."""

    enough: int
    most: int


CPU_BATCH, BATCH = BatchSize(2, 4), BatchSize(32, 64)
"""On a CPU, and on other devices. On one core (`scripts/bench engine --only batches`) a chip costs SFace 12.8 ms alone,
11.8 among 2 to 8, 12.7 among 16 and 14.1 among 32, whose planes leave the cache; dlib's ResNet 5.2 ms alone, 3.9 among
2, 3.8 among 4 and 3.7 among 8. The vectors are the same to the byte."""

DLIB_BATCH = 32
"""Of dlib's own code."""


@dataclass(frozen=True, slots=True)
class Engine:
    """name: "onnx" (onnxruntime, and numba for HOG's features where it is installed) or "dlib" (dlib's own code).

    device: an execution provider of onnxruntime for the networks, such as "cpu" or "cuda".
    """

    name: str = "onnx"
    device: str = "cpu"

    def check(self) -> None:
        """Raises: UsageError when there is no such engine or device."""
        if self.name not in ENGINES:
            raise UsageError(f"no engine is called {self.name}; there are {', '.join(ENGINES)}")
        if self.name == "onnx":
            provider(self.device)

    @property
    def batch(self) -> BatchSize:
        """How many chips suit its device."""
        return CPU_BATCH if self.device == "cpu" else BATCH

    def vectors(self, chips: Sequence[Pixels], encoder: str = ENCODER) -> Vectors:
        """The encoder's output for each chip: uint8 [s, s, 3] each, float32 [n, d]. encoder: a model.

        Raises: ModelError.
        """
        most = DLIB_BATCH if self.name == "dlib" and encoder == ENCODER else self.batch.most
        batches = [np.stack(part) for part in _parts(chips, most)]
        if self.name == "dlib" and encoder == ENCODER:
            # numpy_image needs one array per chip, contiguous.
            results = [dlib_encoder().compute_face_descriptor(list(batch)) for batch in batches]
        else:
            session = onnx_session(encoder, self.device)
            results = [session.run([VECTORS], {CHIPS: batch})[0] for batch in batches]
        return np.concatenate([np.array(result, dtype=np.float32) for result in results])

    def hog_detections(self, pixels: Pixels, limit: float) -> list[ScoredBox]:
        """Faces by dlib's HOG detector that score `limit` or more, in pixels of `pixels`, best score first."""
        if self.name == "dlib" or not can_compile():
            rectangles, scores, _ = dlib_hog_detector().run(np.ascontiguousarray(pixels), 0, limit)
            return [
                ScoredBox(r.left(), r.top(), r.right(), r.bottom(), float(score))
                for r, score in zip(rectangles, scores, strict=True)
            ]
        from faceindex.faces.hog import hog_detector

        return hog_detector().detect(pixels, limit)

    def cnn_detections(self, pixels: Pixels) -> list[ScoredBox]:
        """Faces by dlib's CNN detector, in pixels of `pixels`, best score first. Raises: ModelError."""
        if self.name == "dlib":
            found = dlib_cnn_detector()(np.ascontiguousarray(pixels), 0)
            return [
                ScoredBox(d.rect.left(), d.rect.top(), d.rect.right(), d.rect.bottom(), float(d.confidence))
                for d in found
            ]
        from faceindex.faces.mmod import MmodDetector

        return MmodDetector(onnx_session(DETECTOR, self.device)).detect(pixels)

    def yunet_detections(self, pixels: Pixels, limit: float) -> YunetFaces:
        """Faces by YuNet that score more than `limit`, best first. YuNet has no other engine. Raises: ModelError."""
        return YunetDetector(onnx_session(YUNET, self.device)).detect(pixels, limit)


def _parts(chips: Sequence[Pixels], most: int) -> list[Sequence[Pixels]]:
    """`chips` in as few parts of `most` at most as there can be, none much smaller than another."""
    count = -(-len(chips) // most)
    edges = [len(chips) * part // count for part in range(count + 1)]
    return [chips[start:end] for start, end in pairwise(edges)]


DEFAULT_ENGINE = Engine()


def as_engine(given: Engine | str) -> Engine:
    """The engine itself, or the one of this name. Raises: UsageError."""
    if isinstance(given, Engine):
        return given
    if given not in ENGINES:
        raise UsageError(f"no engine is called {given}; there are {', '.join(ENGINES)}")
    return Engine(given)
