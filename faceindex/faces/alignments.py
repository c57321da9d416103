"""The chips that other systems' encoders see: from a photo and a face's points or box, with nothing learned.

Each function is pure and does what the system it is named after does, except that a face more than twice as large as
its chip is reduced by averaging first: they all skip pixels there, and so see noise.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import Image

from faceindex.types import Box, Pixels


@dataclass(frozen=True, slots=True)
class Part:
    """A part of an image, of which no pixel is copied before it is needed. box: left, top, right and bottom."""

    image: Image.Image
    box: tuple[int, int, int, int]

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        left, top, right, bottom = self.box
        return right - left, bottom - top

    def crop(self, box: tuple[int, int, int, int]) -> Image.Image:
        """The pixels in `box`, which lies within this part."""
        left, top = self.box[:2]
        return self.image.crop((box[0] + left, box[1] + top, box[2] + left, box[3] + top))

    def __array__(self, *args: Any, **kwargs: Any) -> Pixels:
        return np.asarray(self.image.crop(self.box), *args, **kwargs)


Picture: TypeAlias = "Image.Image | Part | Pixels"
"""The photo or a part of it: of mode RGB, or uint8 [h, w, 3]. A large one is better not turned into an array."""

Points = npt.NDArray[np.floating]
"""[n, 2], x and y in pixels; (0, 0) is the centre of the pixel in the upper left corner."""

FIVE_POINT_SIZE, OPENFACE_SIZE, FACENET_SIZE = 112, 96, 160
"""Sides of the chips in pixels."""

FACENET_MARGIN = 0.25
"""Added to the width and height of a tight box, as a part of them: see `facenet_chip`."""

_STRIP = 8192
"""Pixels of a chip that are sampled at a time: what is worked out for them stays in the processor's cache."""

_COMPLEX = np.array([1, 1j])

_MEAN = (1 / 3, 1 / 3, 1 / 3, 0.0)

Floats = npt.NDArray[np.float64]
Linear = npt.NDArray[np.float32]

FIVE_POINTS = np.array(
    [(38.2946, 51.6963), (73.5318, 51.5014), (56.0252, 71.7366), (41.5493, 92.3655), (70.7299, 92.2041)]
)
"""Where the five points lie on a chip of 112 pixels (Deng, Guo, Xue, Zafeiriou 2019, ArcFace; OpenCV's
FaceRecognizerSF::alignCrop)."""

_OUTER_EYES_AND_NOSE = (36, 45, 33)
_OPENFACE_MEAN = np.array(
    [(0.252418718401, 0.331052263829), (0.782865376271, 0.321305281656), (0.520712933176, 0.634268222208)]
)
_OPENFACE_LEAST = np.array((0.0792396913815, 0.182360984545))
_OPENFACE_MOST = np.array((0.971193274221, 1.06080371126))
"""Those three of OpenFace's 68 mean points, and the box around all 68 (openface/align_dlib.py, MINMAX_TEMPLATE)."""


def five_point_chip(picture: Picture, points: Points) -> Pixels:
    """The face turned upright and scaled as ArcFace, SFace and their relatives want it.

    points: [5, 2], right eye, left eye, nose, right and left corner of the mouth, the person's right being the
    photo's left (YuNet's order). The similarity that brings them closest to the template (Umeyama 1991) maps the
    photo; what lies outside is black. Returns: uint8 [112, 112, 3], OpenCV's FaceRecognizerSF::alignCrop but for
    rounding, as long as the face is less than twice as large. Raises: ValueError when all points are one.
    """
    return warped(picture, similarity(np.asarray(points, dtype=np.float64), FIVE_POINTS), FIVE_POINT_SIZE)


def openface_chip(picture: Picture, points: Points) -> Pixels:
    """The face as OpenFace's networks want it: outer corners of the eyes and base of the nose in their places.

    points: [68, 2] in dlib's order. The affine map through three of them maps the photo; what lies outside is black.
    Returns: uint8 [96, 96, 3] (OpenFace 0.2, AlignDlib.align with OUTER_EYES_AND_NOSE). Raises: ValueError when the
    three points lie on one line.
    """
    template = OPENFACE_SIZE * (_OPENFACE_MEAN - _OPENFACE_LEAST) / (_OPENFACE_MOST - _OPENFACE_LEAST)
    corners = np.asarray(points, dtype=np.float64)[list(_OUTER_EYES_AND_NOSE)]
    return warped(picture, _affinity(corners, template), OPENFACE_SIZE)


def facenet_chip(picture: Picture, box: Box, margin: float = FACENET_MARGIN) -> Pixels:
    """The face as FaceNet's networks want it: cut out with a margin, and scaled to a square whatever its shape.

    margin: the part of the box's width and height that is added to them, half on each side; what lies outside the
    photo is left out. Returns: uint8 [160, 160, 3].
    """
    width, height = size_of(picture)
    beside, above = margin * box.width / 2, margin * box.height / 2
    left, right = _clipped(box.x - beside, box.x + box.width + beside, width)
    top, bottom = _clipped(box.y - above, box.y + box.height + above, height)
    face = _region(picture, left, top, right, bottom)
    return np.asarray(face.resize((FACENET_SIZE, FACENET_SIZE), Image.Resampling.BILINEAR))


def size_of(picture: Picture) -> tuple[int, int]:
    """Its width and height."""
    return picture.shape[1::-1] if isinstance(picture, np.ndarray) else picture.size


def _clipped(first: float, last: float, size: int) -> tuple[int, int]:
    """A range of whole pixels within the photo, at least one."""
    start = min(max(int(first), 0), size - 1)
    return start, max(min(int(last), size), start + 1)


def similarity(points: Floats, template: Floats) -> Floats:
    """[2, 3]: turn, scale and shift that bring `points` closest to `template` (Umeyama 1991, equations 39 to 42)."""
    centre, target = points.mean(axis=0), template.mean(axis=0)
    before, after = ((places - middle) @ _COMPLEX for places, middle in ((points, centre), (template, target)))
    spread = np.vdot(before, before).real
    if not spread > 0:
        raise ValueError("all points of the face are one")
    factor = np.vdot(before, after) / spread  # in the plane of complex numbers to turn and to scale is to multiply
    turn = np.array([(factor.real, -factor.imag), (factor.imag, factor.real)])
    return np.column_stack([turn, target - turn @ centre])


def inverse(turn: Floats) -> Floats:
    """Of [2, 2]; numpy's own takes longer than a chip's pixels. Raises: ValueError when there is none."""
    (a, b), (c, d) = turn.tolist()
    determinant = a * d - b * c
    if not determinant:
        raise ValueError("the face has no size")
    return np.asarray(np.array([(d, -b), (-c, a)]) / determinant)


def _affinity(points: Floats, template: Floats) -> Floats:
    """[2, 3]: the affine map from three points to three."""
    places = np.column_stack([points, np.ones(3)])
    if not abs(np.linalg.det(places)) > 0:
        raise ValueError("three points of the face lie on one line")
    return np.asarray(np.linalg.solve(places, template).T)


def warped(picture: Picture, forward: Floats, size: int) -> Pixels:
    """`forward` [2, 3] maps the photo to the chip. Returns: uint8 [size, size, 3], linear between pixels."""
    found = _reached(picture, forward, size)
    if found is None:
        return np.zeros((size, size, 3), dtype=np.uint8)
    region, turn, origin = found
    return _sampled(region, turn, origin, size)


def warped_quickly(picture: Picture, forward: Floats, size: int, *, grey: bool = False) -> Pixels:
    """`warped` by Pillow, in a fraction of the time: its numbers may differ by some, and with Pillow's version.

    grey: the mean of the colours, which is what dlib's predictors look at. Returns: uint8 [size, size, 3], or
    [size, size] when grey.
    """
    found = _reached(picture, forward, size)
    if found is None:
        return np.zeros((size, size) if grey else (size, size, 3), dtype=np.uint8)
    region, turn, origin = found
    if grey:
        region = region.convert("L", _MEAN)
    shift = origin + 0.5 - turn.sum(axis=1) / 2  # Pillow's pixels have their centres at halves
    matrix = (*turn[0], shift[0], *turn[1], shift[1])
    return np.asarray(region.transform((size, size), Image.Transform.AFFINE, matrix, Image.Resampling.BILINEAR))


def _reached(picture: Picture, forward: Floats, size: int) -> tuple[Image.Image, Floats, Floats] | None:
    """The part of the photo that the chip shows, reduced where the chip is less than half as large, and turn and origin
    of `_sampled` in it; None when the chip shows nothing of the photo."""
    turn = inverse(forward[:, :2])
    corners = np.array([(0, 0), (size, 0), (0, size), (size, size)]) - forward[:, 2]
    reached = corners @ turn.T
    width, height = size_of(picture)
    first = np.maximum(np.floor(reached.min(axis=0)), 0).astype(np.int64)
    last = np.minimum(np.ceil(reached.max(axis=0)) + 1, (width, height)).astype(np.int64)
    if not (first < last).all():
        return None
    region = _region(picture, *first.tolist(), *last.tolist())
    origin = reached[0] - first
    reduction = int(math.sqrt(abs(turn[0, 0] * turn[1, 1] - turn[0, 1] * turn[1, 0])))
    if reduction > 1:
        region = region.reduce(reduction)
        origin, turn = (origin - (reduction - 1) / 2) / reduction, turn / reduction
    return region, np.asarray(turn, dtype=np.float64), np.asarray(origin, dtype=np.float64)


def _region(picture: Picture, left: int, top: int, right: int, bottom: int) -> Image.Image:
    if not isinstance(picture, np.ndarray):
        return picture.crop((left, top, right, bottom))
    return Image.fromarray(np.ascontiguousarray(picture[top:bottom, left:right]))


def _sampled(region: Image.Image, turn: Floats, origin: Floats, size: int) -> Pixels:
    """Pixel (x, y) of the chip is what lies at turn @ (x, y) + origin; black surrounds `region`."""
    width, height = region.size
    line = width + 3  # black on the left, twice on the right, as on top and below
    framed = np.zeros((height + 3, line), dtype=np.uint32)  # a pixel's four bytes are fetched as one number
    framed[1 : height + 1, 1 : width + 1] = np.frombuffer(region.tobytes("raw", "RGBX"), np.uint32).reshape(height, -1)
    whole = framed.ravel()
    chip = np.empty((size, size, 4), dtype=np.uint8)
    steps = np.arange(size, dtype=np.float64)
    rows = max(1, _STRIP // size)
    for first in range(0, size, rows):
        down = steps[first : first + rows, None]
        x = np.clip(turn[0, 0] * steps + (turn[0, 1] * down + origin[0]), -1, width)
        y = np.clip(turn[1, 0] * steps + (turn[1, 1] * down + origin[1]), -1, height)
        left, top = np.floor(x), np.floor(y)
        place = ((top + 1) * line + (left + 1)).astype(np.int64)
        places = (place, place + 1, place + line, place + line + 1)
        right, below = (np.repeat((at - edge).astype(np.float32), 4) for at, edge in ((x, left), (y, top)))
        corners = [whole.take(place, mode="wrap").view(np.uint8).ravel().astype(np.float32) for place in places]
        upper, lower = _between(corners[0], corners[1], right), _between(corners[2], corners[3], right)
        chip[first : first + rows].ravel()[:] = _between(upper, lower, below) + np.float32(0.5)  # rounds
    return np.ascontiguousarray(chip[..., :3])


def _between(one: Linear, other: Linear, share: Linear) -> Linear:
    """What lies at `share` of the way from `one` to `other`, which takes the result: no memory is fetched anew."""
    other -= one
    other *= share
    other += one
    return other
