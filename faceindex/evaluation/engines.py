"""The two engines side by side on real photos: do they give the same vectors and the same boxes?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from faceindex.errors import UnreadablePhoto
from faceindex.faces.align import face_chip, place
from faceindex.faces.detect import detect, detection_scale
from faceindex.faces.engine import Engine
from faceindex.faces.suppression import ScoredBox
from faceindex.photos.decode import open_photo
from faceindex.types import Box, Pixels

TOLERANCE = 1e-5
"""Vectors that differ by no more than this in any number are the same."""

MIN_OVERLAP, MAX_SCORE_DIFFERENCE = 0.9, 0.05
"""Intersection over union, and difference of scores, of two detections that are the same."""

_SIDE = 640  # dlib's own CNN takes many seconds a megapixel


@dataclass(frozen=True, slots=True)
class VectorComparison:
    """faces: compared; largest_difference: of any number of any vector."""

    faces: int
    largest_difference: float


@dataclass(frozen=True, slots=True)
class BoxComparison:
    """faces: found by dlib; missing: of them not by onnx; extra: by onnx alone; the rest over the pairs."""

    photos: int
    faces: int
    missing: int
    extra: int
    least_overlap: float
    largest_difference: float


def compare_vectors(photos: Iterable[Path]) -> VectorComparison:
    """Encode the faces of `photos` by both engines. Photos that cannot be read are left out."""
    largest, faces = 0.0, 0
    for pixels in _readable(photos, None):
        found = detect(pixels, detection_scale(pixels.shape[1], pixels.shape[0]))
        chips = [face_chip(pixels, place(pixels, detection, 5)) for detection in found]
        if chips:
            by_dlib, by_onnx = (Engine(name).vectors(chips) for name in ("dlib", "onnx"))
            largest = max(largest, float(np.abs(by_dlib - by_onnx).max()))
            faces += len(chips)
    return VectorComparison(faces, largest)


def compare_boxes(photos: Iterable[Path], detector: str) -> BoxComparison:
    """Run the detector "hog" or "cnn" by both engines over `photos`, reduced to 640 pixels."""
    count = faces = missing = extra = 0
    overlaps, differences = [1.0], [0.0]
    for pixels in _readable(photos, _SIDE):
        by_dlib, by_onnx = (_detections(Engine(name), detector, pixels) for name in ("dlib", "onnx"))
        pairs = _pairs(by_dlib, by_onnx)
        overlaps += [share for share, _ in pairs]
        differences += [difference for _, difference in pairs]
        count += 1
        faces += len(by_dlib)
        missing += len(by_dlib) - len(pairs)
        extra += len(by_onnx) - len(pairs)
    return BoxComparison(count, faces, missing, extra, min(overlaps), max(differences))


def _detections(engine: Engine, detector: str, pixels: Pixels) -> Sequence[ScoredBox]:
    return engine.cnn_detections(pixels) if detector == "cnn" else engine.hog_detections(pixels, 0.0)


def _pairs(ours: Sequence[ScoredBox], theirs: Sequence[ScoredBox]) -> list[tuple[float, float]]:
    """(overlap, difference of scores) of the detections of `ours` that one of `theirs` equals."""
    pairs, left = [], list(theirs)
    for one in ours:
        other = max(left, key=lambda candidate: _box(one).overlap(_box(candidate)), default=None)
        if other is None:
            break
        share, difference = _box(one).overlap(_box(other)), abs(one.score - other.score)
        if share >= MIN_OVERLAP and difference <= MAX_SCORE_DIFFERENCE:
            pairs.append((share, difference))
            left.remove(other)
    return pairs


def _box(detection: ScoredBox) -> Box:
    left, top = detection.left, detection.top
    return Box(left, top, detection.right - left + 1, detection.bottom - top + 1)


def _readable(photos: Iterable[Path], side: int | None) -> Iterable[Pixels]:
    """The pixels of each photo that can be read, its longer side reduced to `side` at most."""
    for path in photos:
        try:
            pixels = open_photo(str(path)).pixels(side)
        except UnreadablePhoto:
            continue
        step = -(-max(pixels.shape[:2]) // side) if side else 1
        yield np.ascontiguousarray(pixels[::step, ::step])
