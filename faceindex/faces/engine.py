"""Engines run dlib's detectors and its encoder: ours fast, dlib as the reference. Both give the same numbers.

Networks that are not dlib's are run by onnxruntime, whatever the engine's name.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

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
BATCHES = {"cpu": 2}
"""Chips that an encoder sees at once on each device: on a CPU SFace takes 9.8 ms a chip by 1 or 2, 10.0 by 4, 11.7 by
32; dlib's ResNet 3.5 by 1, 3.2 by 2, 3.3 by 32. The vectors are the same to the byte."""

BATCH = 32
"""On other devices."""


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

    def vectors(self, chips: Sequence[Pixels], encoder: str = ENCODER) -> Vectors:
        """The encoder's output for each chip: uint8 [s, s, 3] each, float32 [n, d]. encoder: a model.

        Raises: ModelError.
        """
        size = BATCH if self.name == "dlib" and encoder == ENCODER else BATCHES.get(self.device, BATCH)
        batches = [np.stack(chips[start : start + size]) for start in range(0, len(chips), size)]
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


DEFAULT_ENGINE = Engine()


def as_engine(given: Engine | str) -> Engine:
    """The engine itself, or the one of this name. Raises: UsageError."""
    if isinstance(given, Engine):
        return given
    if given not in ENGINES:
        raise UsageError(f"no engine is called {given}; there are {', '.join(ENGINES)}")
    return Engine(given)
