"""A face whose box somebody drew, because the detector had missed it: found, aligned and encoded within the box."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from PIL import Image

from faceindex.errors import UsageError
from faceindex.faces.align import align
from faceindex.faces.analyse import Analyser
from faceindex.faces.detect import MAX_SCANNED_PIXELS, Detection, detect
from faceindex.faces.encode import Encoded, encoded
from faceindex.faces.turns import turned, turned_back
from faceindex.photos.decode import Photo
from faceindex.plurals import plural
from faceindex.types import BY_BOX, DRAWN, Box, Face, Pixels

SMALLEST = 16
"""Pixels of the shorter side of a box that a face is looked for in."""

REACH = 0.8
"""Parts of the box's longer side by which the picture around it is looked at, and chips may reach beyond it."""

SIDES = (112, 64, 176)
"""Pixels that the box's longer side has when the detector looks: at the second and third only if it finds nothing."""

DOUBTFUL = 0.3
"""Score from which the detector's faces count here, since somebody says that there is one."""

NEAR = 0.25
"""Intersection over union with the box from which a detected face is the one that was drawn."""

FEATURES = np.array([(0.26, 0.37), (0.74, 0.37), (0.5, 0.567), (0.3, 0.725), (0.7, 0.725)], dtype=np.float32)
"""Where YuNet's five points lie in its box, as parts of its sides: medians of 120 photos of lfw-dev, made symmetric;
those of 120 others differ by 0.015 at most."""

ALIKE, MOST_TRIED = 2.5, 16
"""A face that was moved by an edit is at most so many times as large or small as expected; so many are looked at."""

LARGEST = 2.0
"""A photo is enlarged so far, to look for a moved face in it."""

_ENOUGH = 3  # sides of the chip: a larger face is decoded no larger


@dataclass(frozen=True, slots=True)
class _Around:
    """The picture around a box. zoom: pixels of the photo in one of it. left, top: its corner in pixels of the photo.
    box: float [left, top, right, bottom], in its own pixels."""

    image: Image.Image
    zoom: float
    left: float
    top: float
    box: tuple[float, float, float, float]


def check_drawn_box(box: Box, width: int, height: int) -> None:
    """Raises: UsageError when the box is tiny, or more than half of it lies outside the photo of width x height."""
    if min(box.width, box.height) < SMALLEST:
        least = plural(SMALLEST, "pixel")
        raise UsageError(f"the box {box.as_list()} is too small: a face needs {least} at least each way")
    across = min(box.x + box.width, width) - max(box.x, 0)
    down = min(box.y + box.height, height) - max(box.y, 0)
    if 2 * max(0, across) * max(0, down) < box.area:
        raise UsageError(f"the box {box.as_list()} lies outside the photo, which has {width} x {height} pixels")


def face_in_box(photo: Photo, box: Box, analyser: Analyser, turn: int = 0) -> Face:
    """The face in `box`, in pixels of the upright photo; it keeps the box as it was drawn.

    turn: degrees, clockwise, by which the photo's faces have to be turned; the other ways are tried, too. Origin DRAWN:
    with the landmarks that the recipe's detector found in the box; BY_BOX: it found none, and the face is aligned by
    the box. Raises: UsageError, see `check_drawn_box`; UnreadablePhoto; ModelError.
    """
    check_drawn_box(box, photo.width, photo.height)
    around = _around(photo, box, analyser.recipe.chip_size)
    found = _found(around, analyser, turn)
    if found is not None:
        return _face(around, *found, box, analyser, DRAWN)
    return _face(around, _by_box(around, analyser, turn), turn, box, analyser, BY_BOX)


def boxes_to_try(photo: Photo, box: Box, analyser: Analyser, turn: int = 0) -> list[Box]:
    """Where a face may be now that was expected in `box`: there, and wherever the whole photo has a face about as
    large, the nearest first. Raises: UnreadablePhoto; ModelError."""
    image = photo.image()
    side = max(box.width, box.height)
    scale = min(LARGEST, SIDES[1] / side, (MAX_SCANNED_PIXELS / (image.width * image.height)) ** 0.5)
    picture, detector = turned(image, turn), analyser.recipe.detector
    seen = detect(picture, scale, detector=detector, engine=analyser.engine, doubtful=DOUBTFUL)
    none = np.empty(0, dtype=np.float32)
    faces = [Face(one.box(), one.score, np.zeros((1, 2), np.float32), none, 0.0) for one in seen]
    places = [turned_back(face, turn, photo.width, photo.height).box for face in faces]
    alike = [place for place in places if side / ALIKE <= max(place.width, place.height) <= side * ALIKE]
    alike.sort(key=lambda place: abs(_middle(place) - _middle(box)))
    return [box, *alike[:MOST_TRIED]]


def _middle(box: Box) -> complex:
    return complex(box.x + box.width / 2, box.y + box.height / 2)


def _around(photo: Photo, box: Box, chip: int) -> _Around:
    longer, side = max(photo.width, photo.height), max(box.width, box.height)
    image = photo.image(round(longer * min(1.0, _ENOUGH * chip / side)))
    zoom, reach = longer / max(image.size), REACH * side
    left, top = max(0, int((box.x - reach) / zoom)), max(0, int((box.y - reach) / zoom))
    right = min(image.width, int((box.x + box.width + reach) / zoom) + 1)
    bottom = min(image.height, int((box.y + box.height + reach) / zoom) + 1)
    own = (box.x / zoom - left, box.y / zoom - top)
    edges = (*own, own[0] + box.width / zoom, own[1] + box.height / zoom)
    return _Around(image.crop((left, top, right, bottom)), zoom, left * zoom, top * zoom, edges)


def _found(around: _Around, analyser: Analyser, turn: int) -> tuple[Detection, int] | None:
    """The detected face that overlaps the box most, in the picture as it has to be turned, and that turn."""
    longer = max(around.box[2] - around.box[0], around.box[3] - around.box[1])
    for way in dict.fromkeys((turn, 0, 90, 270, 180)):
        picture, box = turned(around.image, way), _turned_box(around, way)
        for side in SIDES:
            for limit in (None, DOUBTFUL):
                near = sorted(_near(picture, box, side / longer, limit, analyser), key=lambda one: -one[0])
                if near:
                    return near[0][1], way
    return None


def _near(
    picture: Image.Image, box: Box, scale: float, limit: float | None, analyser: Analyser
) -> Iterator[tuple[float, Detection]]:
    recipe = analyser.recipe
    for found in detect(picture, scale, detector=recipe.detector, engine=analyser.engine, doubtful=limit):
        overlap = found.box().overlap(box)
        if overlap >= NEAR:
            yield overlap, found


def _by_box(around: _Around, analyser: Analyser, turn: int) -> Detection:
    """What the detector would have said of a face that fills the box as faces do."""
    box = _turned_box(around, turn)
    points = None
    if analyser.recipe.detector == "yunet":
        points = (FEATURES * (box.width, box.height) + (box.x, box.y)).astype(np.float32)
    return Detection(box.x, box.y, box.x + box.width, box.y + box.height, 0.0, points)


def _turned_box(around: _Around, turn: int) -> Box:
    """The box in pixels of the turned picture."""
    left, top, right, bottom = around.box
    width, height = around.image.size
    edges = {
        0: (left, top, right, bottom),
        90: (height - bottom, left, height - top, right),
        180: (width - right, height - bottom, width - left, height - top),
        270: (top, width - right, bottom, width - left),
    }[turn]
    x, y = round(edges[0]), round(edges[1])
    return Box(x, y, max(1, round(edges[2]) - x), max(1, round(edges[3]) - y))


def _face(around: _Around, found: Detection, turn: int, box: Box, analyser: Analyser, origin: str) -> Face:
    pixels = np.ascontiguousarray(turned(around.image, turn))
    recipe = analyser.recipe
    landmarks, chips = align(pixels, found, recipe)
    seen = encoded([chips], recipe, analyser.engine)
    quality = _quality(pixels, landmarks, chips, around.zoom, seen, analyser)
    face = Face(found.box(), found.score, landmarks, seen.vectors[0], quality, origin)
    upright = turned_back(face, turn, *around.image.size)
    points = upright.landmarks * around.zoom + np.array((around.left, around.top), dtype=np.float32)
    return replace(upright, box=box, landmarks=points.astype(np.float32))


def _quality(
    pixels: Pixels,
    landmarks: npt.NDArray[np.float32],
    chips: list[Pixels],
    zoom: float,
    seen: Encoded,
    analyser: Analyser,
) -> float:
    from faceindex.faces.quality import qualities, sight

    shown = sight(pixels, landmarks, chips, analyser.recipe, zoom)
    return float(qualities([shown], seen, analyser.recipe)[0])
