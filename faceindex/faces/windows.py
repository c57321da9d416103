"""YuNet in two steps: it sees the whole photo reduced, and then windows of it around the faces proposed.

Most of a scan at full scale goes into pixels without a face. The reduced scan proposes places, with a low limit. Each
is seen again as a scan of the whole would have seen it, in a window of the full scale. A face that is too large for
that keeps its score, and is seen again for its points, at the size of a portrait.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from PIL import Image

from faceindex.faces.engine import Engine
from faceindex.faces.yunet import Floats, YunetFaces, overlaps, suppressed
from faceindex.types import Pixels

LEAST, MOST = 0.5, 0.57
"""Sides of the reduced scan by those of the full one: between them lies what an average of whole pixels gives."""

PROPOSED = 0.2
"""Score in the reduced scan from which a place is looked at again. Of the 299 faces that a full scan sees in 120 photos
of 12 megapixels, two are lost, both with scores of 0.81 at most, and four more are found."""

LARGEST = 200
"""A face whose box is larger, in pixels of the full scan, is seen as well in the reduced one."""

WINDOW, STEP, MARGIN = 160, 32, 24
"""Pixels of the full scan: side of the smallest window; what windows begin and end at a multiple of, so that YuNet's
grid lies as in a scan of the whole; and what a window shows at least around a proposed face."""

SAME_PLACE = 0.2
"""Intersection over union from which a face in a window is one that was proposed."""

WORTH = 0.5
"""Windows of more than this part of the photo take as long as the whole of it."""

CLOSE, CLOSE_SHARE = 160, 1.6
"""Side in pixels of the picture of a large face, and by how much that is more than the side of its box."""

CLOSE_SCORE, CLOSE_OVERLAP = 0.5, 0.5
"""Score of that face in it, and intersection over union, from which its points count."""

SMALLEST = 400_000
"""Pixels of the full scan from which two steps are faster than one."""

Window = tuple[int, int, int, int]
"""left, top, right and bottom in pixels of the full scan."""


def scan_in_steps(picture: Image.Image, size: tuple[int, int], limit: float, engine: Engine) -> YunetFaces:
    """The faces that score more than `limit` in `picture` reduced to `size`, in pixels of that size.

    picture: mode RGB, larger than `size`. Raises: ModelError.
    """
    reduced = _reduced(picture, size)
    proposed = engine.yunet_detections(reduced, min(PROPOSED, limit))
    zoom = (np.array(size) / reduced.shape[1::-1]).astype(np.float32)
    boxes, points, scores = proposed.boxes * np.tile(zoom, 2), proposed.points * zoom, proposed.scores
    large = boxes[:, 2:].max(axis=1, initial=0) > LARGEST
    windows = _windows(boxes[~large], size)
    if sum((right - left) * (bottom - top) for left, top, right, bottom in windows) > WORTH * size[0] * size[1]:
        return engine.yunet_detections(_part(picture, size, (0, 0, *size)), limit)
    found = [_seen_in(picture, size, window, boxes[~large], limit, engine) for window in windows]
    for face in np.flatnonzero(large & (scores > limit)):
        marks = _points_again(picture, size, boxes[face], points[face], engine)
        found.append(YunetFaces(boxes[face, None], marks[None], scores[face, None]))
    return _joined(found)


def _reduced(picture: Image.Image, size: tuple[int, int]) -> Pixels:
    """The picture of the first step: uint8 [h, w, 3]."""
    factor = int(picture.width / (LEAST * size[0]))
    if factor * MOST * size[0] >= picture.width:
        return np.asarray(picture.reduce(factor))
    width, height = (max(1, round(LEAST * side)) for side in size)
    return _part(picture, (width, height), (0, 0, width, height))


def _part(picture: Image.Image, size: tuple[int, int], window: Window) -> Pixels:
    """A window of `picture` reduced to `size`: uint8 [h, w, 3]."""
    left, top, right, bottom = window
    across, down = picture.width / size[0], picture.height / size[1]
    box = (left * across, top * down, right * across, bottom * down)
    if across == down == int(across):  # as `resize` does then, but for a second pass that changes nothing
        return np.asarray(picture.reduce(int(across), (int(box[0]), int(box[1]), int(box[2]), int(box[3]))))
    return _resized(picture, (right - left, bottom - top), box)


def _resized(picture: Image.Image, size: tuple[int, int], box: tuple[float, float, float, float]) -> Pixels:
    return np.asarray(picture.resize(size, Image.Resampling.BILINEAR, box, reducing_gap=1.0))


def _windows(boxes: Floats, size: tuple[int, int]) -> list[Window]:
    """Windows that show all `boxes` with a margin; none for a box that another one's window shows."""
    windows: list[Window] = []
    for box in boxes:
        first, last = box[:2] - MARGIN, box[:2] + box[2:] + MARGIN
        if any(_shows(window, first, last, size) for window in windows):
            continue
        side = STEP * int(np.ceil(max(WINDOW, (last - first).max() + MARGIN) / STEP))
        begin = STEP * np.round((box[:2] + box[2:] / 2 - side / 2) / STEP).astype(np.int64)
        begin = np.clip(begin, 0, [max(0, -(-(whole - side) // STEP) * STEP) for whole in size])
        end = np.minimum(begin + side, size)
        windows.append((int(begin[0]), int(begin[1]), int(end[0]), int(end[1])))
    return windows


def _shows(window: Window, first: Floats, last: Floats, size: tuple[int, int]) -> bool:
    begins = all(begin <= max(edge, 0) for begin, edge in zip(window[:2], first, strict=True))
    return begins and all(end >= min(edge, whole) for end, edge, whole in zip(window[2:], last, size, strict=True))


def _seen_in(
    picture: Image.Image, size: tuple[int, int], window: Window, proposed: Floats, limit: float, engine: Engine
) -> YunetFaces:
    """The proposed faces that score more than `limit` in a window of the picture reduced to `size`."""
    seen = engine.yunet_detections(_part(picture, size, window), limit)
    boxes, points = _moved(seen, np.ones(2, dtype=np.float32), np.array(window[:2], dtype=np.float32))
    same = np.array([overlaps(proposed, box).max() >= SAME_PLACE for box in boxes], dtype=bool)
    return YunetFaces(boxes[same], points[same], seen.scores[same])


def _points_again(picture: Image.Image, size: tuple[int, int], box: Floats, points: Floats, engine: Engine) -> Floats:
    """The points of a large face, as YuNet sees them where the face is smaller; those given, if it does not see it."""
    zoom = picture.width / size[0]
    middle, side = zoom * (box[:2] + box[2:] / 2), zoom * CLOSE_SHARE * float(box[2:].max())
    first, last = np.maximum(0, middle - side / 2), np.minimum(picture.size, middle + side / 2)
    width, height = (max(1, round(CLOSE * length / side)) for length in last - first)
    seen = engine.yunet_detections(_resized(picture, (width, height), (*first, *last)), CLOSE_SCORE)
    scale = ((last - first) / (width, height) / zoom).astype(np.float32)
    boxes, places = _moved(seen, scale, (first / zoom).astype(np.float32))
    shares = overlaps(boxes, box)
    return places[int(shares.argmax())] if shares.max(initial=0) >= CLOSE_OVERLAP else points


def _moved(faces: YunetFaces, scale: npt.NDArray[np.float32], corner: npt.NDArray[np.float32]) -> tuple[Floats, Floats]:
    """Boxes and points in a picture `scale` times as large, in which theirs begins at `corner`."""
    shift = np.concatenate([corner, np.zeros(2, dtype=np.float32)])
    return faces.boxes * np.tile(scale, 2) + shift, faces.points * scale + corner


def _joined(found: Sequence[YunetFaces]) -> YunetFaces:
    """All of them, each face once: windows may overlap."""
    if not found:
        return YunetFaces(*(np.zeros((0, *shape), dtype=np.float32) for shape in ((4,), (5, 2), ())))
    boxes, points, scores = (
        np.concatenate([getattr(faces, part) for faces in found]) for part in ("boxes", "points", "scores")
    )
    kept = suppressed(boxes, scores)
    return YunetFaces(boxes[kept], points[kept], scores[kept])
