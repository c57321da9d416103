"""YuNet in two steps: it sees the whole photo reduced, and then only windows of it at the full scale of the scan.

Three quarters of YuNet's time go into pixels without a face. A reduced scan proposes places; those whose face is small,
or whose score is near a limit, are scanned again as they would have been in one step. What the reduced scan is sure of
stays.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from PIL import Image

from faceindex.faces.engine import Engine
from faceindex.faces.yunet import Floats, YunetFaces, overlaps, suppressed
from faceindex.types import Pixels

REDUCTION, MOST_REDUCTION = 0.72, 0.64
"""Size of the reduced scan by that of the full one; between them it is what an average of whole pixels gives."""

PROPOSED = 0.3
"""Score in the reduced scan from which a place is looked at again."""

SURE_SCORE, SURE_SIDE = 0.88, 75
"""Score, and side in pixels of the full scan, of a face that the reduced scan decides on."""

LARGEST_SIDE = 200
"""A face larger than this, in pixels of the full scan, is not scanned again: YuNet sees it as well when reduced."""

WINDOW, STEP, MARGIN = 160, 32, 24
"""Pixels of the full scan: side of the smallest window; what windows begin and end at a multiple of, so that YuNet's
grid lies as in a scan of the whole; and what a window shows at least around a proposed face."""

SAME_PLACE = 0.2
"""Intersection over union from which a face in a window is the one that was proposed."""

WORTH = 0.5
"""Windows of more than this part of the photo take as long as the whole of it."""

SMALLEST = 400_000
"""Pixels of the full scan from which two steps are faster than one."""

_Whole = npt.NDArray[np.int64]


def scan_in_steps(picture: Image.Image, size: tuple[int, int], limit: float, engine: Engine) -> YunetFaces:
    """The faces that score more than `limit` in `picture` reduced to `size`, in pixels of that.

    Raises: ModelError.

    picture: mode RGB, larger than `size`.
    """
    reduced = _reduced(picture, size)
    proposed = engine.yunet_detections(reduced, min(PROPOSED, limit))
    zoom = (np.array(size) / reduced.shape[1::-1]).astype(np.float32)
    boxes, points = proposed.boxes * np.tile(zoom, 2), proposed.points * zoom
    sides, scores = boxes[:, 2:].max(axis=1, initial=0), proposed.scores
    again = ((sides < SURE_SIDE) | (scores < SURE_SCORE)) & (sides <= LARGEST_SIDE)
    windows = _windows(boxes[again], np.array(size))
    if sum((right - left) * (bottom - top) for left, top, right, bottom in windows) > WORTH * size[0] * size[1]:
        return engine.yunet_detections(_part(picture, size, (0, 0, *size)), limit)
    sure = ~again & (scores > limit)
    found = [YunetFaces(boxes[sure], points[sure], scores[sure])]
    found += [_seen_in(picture, size, window, boxes[again], limit, engine) for window in windows]
    return _joined(found)


def _reduced(picture: Image.Image, size: tuple[int, int]) -> Pixels:
    """The picture of the first step: uint8 [h, w, 3]."""
    factor = int(picture.width / (MOST_REDUCTION * size[0]))
    if factor * REDUCTION * size[0] >= picture.width:
        return np.asarray(picture.reduce(factor))
    width, height = (max(1, round(MOST_REDUCTION * side)) for side in size)
    return _part(picture, (width, height), (0, 0, width, height))


def _part(picture: Image.Image, size: tuple[int, int], window: Sequence[int]) -> Pixels:
    """A window of `picture` reduced to `size`: left, top, right and bottom in pixels of that size."""
    left, top, right, bottom = window
    across, down = picture.width / size[0], picture.height / size[1]
    box = (left * across, top * down, right * across, bottom * down)
    part = picture.resize((right - left, bottom - top), Image.Resampling.BILINEAR, box, reducing_gap=1.0)
    return np.asarray(part)


def _windows(boxes: Floats, size: _Whole) -> list[tuple[int, int, int, int]]:
    """Windows, left, top, right and bottom, that show all `boxes` with a margin; none that another one shows."""
    windows: list[tuple[int, int, int, int]] = []
    for box in boxes:
        first, last = box[:2] - MARGIN, box[:2] + box[2:] + MARGIN
        shown = (
            ((first >= (left, top)) | np.equal((left, top), 0)).all()
            and ((last <= (right, bottom)) | np.equal((right, bottom), size)).all()
            for left, top, right, bottom in windows
        )
        if any(shown):
            continue
        side = STEP * int(np.ceil(max(WINDOW, (last - first).max() + MARGIN) / STEP))
        middle = box[:2] + box[2:] / 2
        begin = STEP * np.round((middle - side / 2) / STEP).astype(np.int64)
        begin = np.clip(begin, 0, np.maximum(0, -(-(size - side) // STEP) * STEP))
        end = np.minimum(begin + side, size)
        windows.append((int(begin[0]), int(begin[1]), int(end[0]), int(end[1])))
    return windows


def _seen_in(
    picture: Image.Image,
    size: tuple[int, int],
    window: tuple[int, int, int, int],
    proposed: Floats,
    limit: float,
    engine: Engine,
) -> YunetFaces:
    """The proposed faces that score more than `limit` in a window of the picture reduced to `size`."""
    seen = engine.yunet_detections(_part(picture, size, window), limit)
    shift = np.array(window[:2], dtype=np.float32)
    boxes = seen.boxes + np.concatenate([shift, np.zeros(2, dtype=np.float32)])
    same = np.array([overlaps(proposed, box).max() >= SAME_PLACE for box in boxes], dtype=bool)
    return YunetFaces(boxes[same], seen.points[same] + shift, seen.scores[same])


def _joined(found: Sequence[YunetFaces]) -> YunetFaces:
    """All of them, each face once: windows may overlap."""
    boxes, points, scores = (
        np.concatenate([getattr(faces, part) for faces in found]) for part in ("boxes", "points", "scores")
    )
    kept = suppressed(boxes, scores)
    return YunetFaces(boxes[kept], points[kept], scores[kept])
