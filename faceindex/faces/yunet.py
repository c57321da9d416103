"""YuNet's faces and landmarks from its network's outputs, as OpenCV's FaceDetectorYN decodes them.

Source: OpenCV 4.10, modules/objdetect/src/face_detect.cpp, and dnn NMSBoxes; Wu, Peng, Yu 2023, YuNet: A Tiny
Millisecond-level Face Detector.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from faceindex.models.graph_interface import PIXELS
from faceindex.types import Pixels

if TYPE_CHECKING:
    import onnxruntime

STRIDES = (8, 16, 32)
"""Pixels between the places of each of the three maps."""

MULTIPLE = 32
"""Both sides of the network's input are a multiple of this; what is missing is black."""

OVERLAP = 0.3
"""Intersection over union from which the lower of two scores goes."""

MOST = 5000
"""Faces that are looked at, best scores first."""

_LESS = 0.999
"""A score of exactly the limit, as floats round it, is not left out early."""

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class YunetFaces:
    """n faces, best score first, in pixels of the image.

    boxes: float32 [n, 4], left, top, width, height. points: float32 [n, 5, 2], x and y of right eye, left eye, tip of
    the nose, right and left corner of the mouth (the person's right, which is the image's left). scores: float32 [n],
    0 to 1.
    """

    boxes: Floats
    points: Floats
    scores: Floats


class YunetDetector:
    """session: of the model `yunet`."""

    def __init__(self, session: onnxruntime.InferenceSession) -> None:
        self._session = session
        self._outputs = [f"{kind}_{stride}" for stride in STRIDES for kind in ("cls", "obj", "bbox", "kps")]

    def detect(self, pixels: Pixels, limit: float) -> YunetFaces:
        """The faces in `pixels` (uint8 [h, w, 3], RGB) that score more than `limit`."""
        height, width = pixels.shape[:2]
        padded = np.zeros((height + -height % MULTIPLE, width + -width % MULTIPLE, 3), dtype=np.uint8)
        padded[:height, :width] = pixels
        maps = self._session.run(self._outputs, {PIXELS: padded[None]})
        columns = padded.shape[1]
        found = [
            _decoded([values[0] for values in maps[4 * number :][:4]], stride, columns // stride, limit)
            for number, stride in enumerate(STRIDES)
        ]
        boxes, points, scores = (np.concatenate(parts) for parts in zip(*found, strict=True))
        kept = suppressed(boxes, scores)
        return YunetFaces(boxes[kept], points[kept], scores[kept])


def _decoded(maps: list[Floats], stride: int, columns: int, limit: float) -> tuple[Floats, Floats, Floats]:
    """Boxes, points and scores of one stride's maps, whose places are given line by line."""
    classes, objects, boxes, points = maps
    places = np.flatnonzero(objects[:, 0] > _LESS * limit * limit)  # most places are left out by this alone
    scores = np.sqrt(np.clip(classes[places, 0], 0, 1) * np.clip(objects[places, 0], 0, 1))
    places, scores = places[scores > limit], scores[scores > limit]
    corner = np.stack([places % columns, places // columns], axis=1).astype(np.float32)
    centre = (corner + boxes[places, :2]) * np.float32(stride)
    sides = np.exp(boxes[places, 2:]) * np.float32(stride)
    marks = (points[places].reshape(-1, 5, 2) + corner[:, None]) * np.float32(stride)
    return np.concatenate([centre - sides / 2, sides], axis=1), marks, scores


def suppressed(boxes: Floats, scores: Floats) -> list[int]:
    """Rows to keep, best score first. OpenCV compares boxes in whole pixels, cut off towards zero."""
    whole = boxes.astype(np.int32).astype(np.int64)
    kept: list[int] = []
    left = np.argsort(-scores, kind="stable")[:MOST]
    while len(left):
        best, left = left[0], left[1:]
        kept.append(int(best))
        left = left[overlaps(whole[left], whole[best]) <= OVERLAP]
    return kept


def overlaps(boxes: npt.NDArray[Any], box: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """Intersection over union of each of `boxes`, [n, 4], with `box`: left, top, width and height."""
    low = np.maximum(boxes[:, :2], box[:2])
    high = np.minimum(boxes[:, :2] + boxes[:, 2:], box[:2] + box[2:])
    shared = np.maximum(high - low, 0).prod(axis=1)
    return np.asarray(shared / np.maximum(boxes[:, 2:].prod(axis=1) + box[2:].prod() - shared, 1))
