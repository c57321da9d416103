"""Face crops for a page, cut from the photos on disk. They are squares, because a stretched face is hard to
recognise."""

from __future__ import annotations

import base64
import io
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence

from PIL import Image

from faceindex.errors import UnreadablePhoto
from faceindex.photos.decode import Photo, open_photo
from faceindex.types import Box

SIDE = 256
"""Side of a crop in pixels; a screen with double resolution shows it sharp at 128."""

MARGIN = 0.3
"""Margin around the face box, as a share of the box's longer side."""

_OUTSIDE = (128, 128, 128)  # outside the photo; moving the square inside could put another face into its middle

TurnOf = Callable[[str], int]
"""Degrees, clockwise, by which the photo at a path has to be turned for its faces to be upright: 0, 90, 180 or 270."""

Square = tuple[float, float, float]
"""Left, top and side, in pixels of the photo."""


def crops(faces: Iterable[tuple[str, Box]], turn_of: TurnOf = lambda _: 0) -> dict[tuple[str, Box], str]:
    """A JPEG data URI for each (photo, box). Photos that are missing or unreadable are left out."""
    by_photo: dict[str, list[Box]] = defaultdict(list)
    for path, box in faces:
        by_photo[path].append(box)
    found: dict[tuple[str, Box], str] = {}
    for path, boxes in by_photo.items():
        try:
            cut = crops_of(open_photo(path), boxes, turn_of(path))
        except UnreadablePhoto:
            continue
        found |= {(path, box): uri for box, uri in zip(boxes, cut, strict=True)}
    return found


def crops_of(photo: Photo, boxes: Sequence[Box], turn: int = 0) -> list[str]:
    """A JPEG data URI for each box, turned clockwise by `turn` degrees, a multiple of 90.

    The photo is decoded once, just large enough for its smallest face.

    Raises: UnreadablePhoto.
    """
    squares = [square(box) for box in boxes]
    smallest = min(side for _, _, side in squares)
    image = photo.image(round(max(photo.width, photo.height) * min(1.0, SIDE / smallest)))
    cut = [_cut(image, place, image.width / photo.width) for place in squares]
    return [jpeg_uri(one.rotate(-turn)) for one in cut]


def square(box: Box) -> Square:
    """The square with the face in its middle; it may extend beyond the photo."""
    side = max(box.width, box.height, 1) * (1 + 2 * MARGIN)
    return box.x + box.width / 2 - side / 2, box.y + box.height / 2 - side / 2, side


def jpeg_uri(image: Image.Image) -> str:
    """The picture as a JPEG data URI."""
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=85, optimize=True)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode()


def _cut(image: Image.Image, place: Square, scale: float) -> Image.Image:
    left, top, side = (round(value * scale) for value in place)
    side = max(side, 1)
    canvas = Image.new("RGB", (side, side), _OUTSIDE)
    right, bottom = min(left + side, image.width), min(top + side, image.height)
    if right > max(left, 0) and bottom > max(top, 0):
        canvas.paste(image.crop((max(left, 0), max(top, 0), right, bottom)), (max(-left, 0), max(-top, 0)))
    return canvas.resize((SIDE, SIDE), Image.Resampling.LANCZOS)
