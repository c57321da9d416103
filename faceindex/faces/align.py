"""Landmarks by dlib's shape predictors, and the aligned chips that the recipe's encoder sees."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from faceindex.faces.alignments import (
    FIVE_POINTS,
    Floats,
    Picture,
    facenet_chip,
    five_point_chip,
    inverse,
    openface_chip,
    similarity,
    size_of,
    warped,
    warped_quickly,
)
from faceindex.faces.detect import Detection
from faceindex.faces.recipe import Recipe
from faceindex.models.cards import PartCard
from faceindex.models.networks import landmark_predictor
from faceindex.types import Box, Pixels

Landmarks = npt.NDArray[np.float32]
"""float32 [5 or 68, 2], x and y in pixels: in dlib's order, or the detector's own five points."""

DLIB_SIZE = 150
"""Side in pixels of the chip that dlib's ResNet sees."""

DLIB_PADDING = 0.25
"""Margin around the face in the chip of dlib's compute_face_descriptor."""

HOG_CENTRE, HOG_SIDE = (54.6, 72.1), 89.2
"""Where the box of dlib's HOG detector lies on the 112-pixel chip of five points: medians over the 3,702 photos of
lfw-dev in which both detectors see the face. dlib's predictors expect that box."""


CHIP_REACH, CHIP_BORDER = 2.5, 72
"""Parts of the extent of a face's landmarks, and pixels, that dlib looks beyond them at most when it cuts out a chip:
the chip's diagonal, and the border of its pyramid."""


@dataclass(frozen=True, slots=True)
class Canvas:
    """The upright picture that landmarks are placed in. size, box: sides in pixels, of it and of the face's box in its
    middle. quick: it is made in grey, by Pillow."""

    size: int
    box: int
    quick: bool = False

    @property
    def face(self) -> Box:
        """Where the face is."""
        margin = (self.size - self.box) // 2
        return Box(margin, margin, self.box, self.box)


LARGE, SMALL = Canvas(260, 150), Canvas(130, 75, quick=True)
"""That of the first recipes, whose vectors never change, and that of recipes that follow tilted heads."""


def align(picture: Picture, found: Detection, recipe: Recipe) -> tuple[Landmarks, list[Pixels]]:
    """Landmarks of a face in `picture`, in its pixels, and its chips, uint8 [s, s, 3] each. Raises: ModelError.

    The landmarks are those of the recipe's first part; the chips of its parts follow each other.
    """
    canvas = SMALL if recipe.card.follow_tilt is not None else LARGE
    cut = [_cut(picture, found, part, canvas) for part in recipe.parts]
    return cut[0][0], [chip for _, chips in cut for chip in chips]


def _cut(picture: Picture, found: Detection, part: PartCard, canvas: Canvas) -> tuple[Landmarks, list[Pixels]]:
    match part.alignment:
        case "dlib":
            landmarks = place(picture, found, part.landmarks, canvas)
            pixels, shifted = _near(picture, landmarks)
            return landmarks, [face_chip(pixels, shifted, padding) for padding in part.paddings]
        case "openface":
            landmarks = place(picture, found, 68, canvas)
            return landmarks, [openface_chip(picture, landmarks)]
        case "facenet":
            return place(picture, found, 5, canvas), [facenet_chip(picture, found.box())]
        case _:
            assert found.points is not None  # recipe() sees to it that the detector gives points
            return found.points, [five_point_chip(picture, found.points)]


def place(picture: Picture, found: Detection, count: int, canvas: Canvas = LARGE) -> Landmarks:
    """dlib's 5 or 68 landmarks of a face that any detector found. Raises: ModelError.

    Where the detector gives points, the face is brought into the place, size and, as far as the points tell,
    direction that dlib's predictors know from dlib's own boxes.
    """
    if found.placed is not None and (count, canvas) == (5, SMALL):
        return found.placed
    if found.points is None:
        return place_landmarks(np.asarray(picture), found.box(), count)
    placement = similarity(found.points.astype(np.float64), FIVE_POINTS)
    zoom = canvas.box / HOG_SIDE
    forward = zoom * placement
    forward[:, 2] += canvas.size / 2 - zoom * np.array(HOG_CENTRE)
    return placed_on(picture, forward, count, canvas)


def placed_on(picture: Picture, forward: Floats, count: int, canvas: Canvas) -> Landmarks:
    """dlib's 5 or 68 landmarks, in `picture`, of the face that `forward` [2, 3] maps to its place on the canvas."""
    if canvas.quick:
        upright = warped_quickly(picture, forward, canvas.size, grey=True)
    else:
        upright = warped(picture, forward, canvas.size)
    return unmapped(place_landmarks(upright, canvas.face, count), forward)


def unmapped(points: Landmarks, forward: Floats) -> Landmarks:
    """Where `points` were before `forward` [2, 3] mapped them."""
    return np.asarray((points - forward[:, 2]) @ inverse(forward[:, :2]).T, dtype=np.float32)


def place_landmarks(pixels: Pixels, box: Box, points: int = 5) -> Landmarks:
    """Landmarks of the upright face in `box` of `pixels`. Raises: ModelError."""
    import dlib

    rectangle = dlib.rectangle(box.x, box.y, box.x + box.width - 1, box.y + box.height - 1)
    shape = landmark_predictor(points)(pixels, rectangle)
    return np.array([(p.x, p.y) for p in shape.parts()], dtype=np.float32)


def face_chip(pixels: Pixels, landmarks: Landmarks, padding: float = DLIB_PADDING) -> Pixels:
    """The face turned upright and scaled: uint8 [150, 150, 3] (dlib get_face_chip).

    padding: margin around the face as a share of it; the wider, the smaller the face in the chip.
    """
    import dlib

    return np.asarray(dlib.get_face_chip(pixels, _shape(landmarks), size=DLIB_SIZE, padding=padding))


def _near(picture: Picture, landmarks: Landmarks) -> tuple[Pixels, Landmarks]:
    """The pixels around landmarks that chips may show, as an array, and the landmarks in them."""
    low, high = landmarks.min(axis=0), landmarks.max(axis=0)
    reach = CHIP_REACH * float((high - low).max()) + CHIP_BORDER
    size = size_of(picture)
    first = np.clip(low - reach, 0, size).astype(int)
    last = np.clip(high + reach, 0, size).astype(int)
    if not (first < last).all():
        return np.asarray(picture), landmarks
    if not isinstance(picture, np.ndarray):
        return np.asarray(picture.crop((*first.tolist(), *last.tolist()))), landmarks - first
    return np.ascontiguousarray(picture[first[1] : last[1], first[0] : last[0]]), landmarks - first


def _shape(landmarks: Landmarks) -> Any:
    import dlib

    parts = dlib.points([dlib.point(round(float(x)), round(float(y))) for x, y in landmarks])
    return dlib.full_object_detection(dlib.rectangle(), parts)
