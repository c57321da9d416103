"""A recipe tried on the chips that its own alignment cuts, before anybody relies on it."""

from __future__ import annotations

import numpy as np

from faceindex.errors import ModelError
from faceindex.faces.align import align
from faceindex.faces.alignments import FIVE_POINTS
from faceindex.faces.detect import Detection
from faceindex.faces.encode import encode
from faceindex.faces.recipe import recipe
from faceindex.types import Pixels

_SIDE, _ZOOM = 320, 2


def try_recipe(name: str) -> None:
    """Align and encode two drawn faces. Raises: ModelError if that fails, or both have the same vector."""
    chosen = recipe(name)
    margin = (_SIDE - _ZOOM * 112) // 2
    points = (FIVE_POINTS * _ZOOM + margin).astype(np.float32)
    found = Detection(margin, margin, _SIDE - margin, _SIDE - margin, 1.0, points)
    try:
        chips = [align(_drawn_face(points, brightness), found, chosen)[1] for brightness in (210, 120)]
        vectors = encode(chips, chosen)
    except ModelError:
        raise
    except Exception as error:  # onnxruntime has its own exceptions for errors in a model
        reason = " ".join(str(error).split())[:200]
        raise ModelError(f"{name} cannot encode chips as its alignment cuts them: {reason}") from None
    if vectors.shape[1] != chosen.dimension:
        raise ModelError(f"{name} gives vectors of length {vectors.shape[1]}, not {chosen.dimension}")
    if not np.isfinite(vectors).all():
        raise ModelError(f"{name} gives vectors that contain NaN or infinity")
    if np.ptp(vectors, axis=0).max() <= 1e-6 * np.abs(vectors).max():
        raise ModelError(f"{name} gives two different faces the same vector")


def _drawn_face(points: np.ndarray, brightness: int) -> Pixels:
    """uint8 [s, s, 3]: an oval with eyes, nose and mouth at the points."""
    rows, columns = np.mgrid[:_SIDE, :_SIDE]
    centre = points.mean(axis=0)
    oval = ((columns - centre[0]) / 70) ** 2 + ((rows - centre[1]) / 95) ** 2 < 1
    grey = np.where(oval, brightness, 60 + rows // 8)
    for (x, y), size in zip(points, (9, 9, 6, 7, 7), strict=True):
        grey = np.where((columns - x) ** 2 + (rows - y) ** 2 < size * size, 30, grey)
    return np.stack([grey, grey * 9 // 10, grey * 8 // 10], axis=2).astype(np.uint8)
