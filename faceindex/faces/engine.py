"""Engines run the networks: onnxruntime by default, OpenVINO for encoders, and dlib's own code as the reference for its
detectors and its encoder. All give the same numbers, so that the engine is no part of a recipe's fingerprint.

What an engine does not run, onnxruntime does: detectors for OpenVINO, networks that are not dlib's for dlib. Vectors of
the precision bf16 are always OpenVINO's; they are other numbers, and the precision is part of the fingerprint.
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
from faceindex.models.devices import usable_device
from faceindex.models.graph_interface import CHIPS, VECTORS
from faceindex.models.graphs import DETECTOR, ENCODER, YUNET
from faceindex.models.networks import dlib_cnn_detector, dlib_encoder, dlib_hog_detector, onnx_session
from faceindex.types import Pixels, Vectors

ENGINES = ("onnx", "openvino", "dlib")


@dataclass(frozen=True, slots=True)
class BatchSize:
    """Chips that an encoder sees at once: `enough` from which another chip saves little, and `most`.

    fixed: every batch is filled up to `most`, since the device prepares the network anew for each size that it has not
    seen, which took an H200 1 to 2 s by onnxruntime 1.31.
    """

    enough: int
    most: int
    fixed: bool = False


CPU_BATCH, OPENVINO_BATCH, BATCH = BatchSize(8, 16), BatchSize(4, 8), BatchSize(32, 64, fixed=True)
"""On a CPU by onnxruntime and by OpenVINO, and on other devices. On one core, fastest of twelve rounds,
a chip costs SFace 11.0 ms alone, 9.6 among 4, 9.3 among 8 and 8.7 among 16, as its planes stay in the cache
(`faceindex.models.prelus`); dlib's ResNet 4.2 ms alone, 3.3 among 4, 8 and 16. The vectors are the same to the byte.
OpenVINO gains up to 8, medians of four rounds: in bf16 SFace takes 6.9, 4.9 and 3.8 ms alone, among 2 and among 8,
dlib's ResNet 4.7, 3.2 and 1.4. `scripts/bench batches` measures this anywhere.
On an H200, SFace takes 1.5, .19 and .16 ms a chip alone, among 16 and among 64, dlib's ResNet 1.4, .12 and .07:
`scripts/bench device`."""

DLIB_BATCH = 32
"""Of dlib's own code."""


@dataclass(frozen=True, slots=True)
class Engine:
    """name: "onnx" (onnxruntime, and numba for HOG's features where it is installed) or "dlib" (dlib's own code).

    device: an execution provider of onnxruntime for the networks, such as "cpu" or "cuda".
    """

    name: str = "onnx"
    device: str = "cpu"

    def check(self, precision: str = "f32") -> None:
        """Raises: UsageError if there is no such engine or device here, or it does not compute in this precision."""
        if self.name not in ENGINES:
            raise UsageError(f"no engine is called {self.name}; there are {', '.join(ENGINES)}")
        if self.name == "openvino" or precision != "f32":
            from faceindex.models import openvino_networks

            openvino_networks.check(self._openvino_device, precision)
        if self.name == "onnx":
            usable_device(self.device)

    @property
    def batch(self) -> BatchSize:
        """How many chips suit its device."""
        if self.used_device != "cpu":
            return BATCH
        return OPENVINO_BATCH if self.name == "openvino" else CPU_BATCH

    def vectors(self, chips: Sequence[Pixels], encoder: str = ENCODER, precision: str = "f32") -> Vectors:
        """The encoder's output for each chip: uint8 [s, s, 3] each, float32 [n, d]. encoder: a model.

        Raises: ModelError; UsageError as `check`.
        """
        if self.name == "openvino" or precision != "f32":
            from faceindex.models.openvino_networks import openvino_encoder

            encode = openvino_encoder(encoder, self._openvino_device, precision)
            return np.concatenate([encode(np.stack(part)) for part in _parts(chips, OPENVINO_BATCH.most)])
        most = DLIB_BATCH if self.name == "dlib" and encoder == ENCODER else self.batch.most
        batches = [np.stack(part) for part in _parts(chips, most)]
        if self.name == "dlib" and encoder == ENCODER:
            # numpy_image needs one array per chip, contiguous.
            results = [dlib_encoder().compute_face_descriptor(list(batch)) for batch in batches]
        else:
            session = onnx_session(encoder, self._device)
            results = [session.run([VECTORS], {CHIPS: self._filled_up(one)})[0][: len(one)] for one in batches]
        return np.concatenate([np.array(result, dtype=np.float32) for result in results])

    def _filled_up(self, batch: Pixels) -> Pixels:
        """With copies of the last chip, see `BatchSize`."""
        if not self.batch.fixed:
            return batch
        missing = self.batch.most - len(batch)
        return np.concatenate([batch, np.repeat(batch[-1:], missing, axis=0)])

    @property
    def used_device(self) -> str:
        """The device that encodes, in small letters: "cpu" if onnxruntime has no such device here."""
        return self.device.lower() if self.name == "openvino" else usable_device(self.device)

    @property
    def _openvino_device(self) -> str:
        return self.device if self.name == "openvino" else "cpu"

    @property
    def _device(self) -> str:
        """Of onnxruntime."""
        return "cpu" if self.name == "openvino" else self.device

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

        return MmodDetector(onnx_session(DETECTOR, self._device)).detect(pixels)

    def yunet_detections(self, pixels: Pixels, limit: float) -> YunetFaces:
        """Faces by YuNet that score more than `limit`, best first. YuNet has no other engine. Raises: ModelError."""
        return YunetDetector(onnx_session(YUNET, self._device)).detect(pixels, limit)


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
