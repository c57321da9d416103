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
from faceindex.photos.squares import cut, square
from faceindex.types import Box

SIDE = 256
"""Side of a crop in pixels; a screen with double resolution shows it sharp at 128."""

TurnOf = Callable[[str], int]
"""Degrees, clockwise, by which the photo at a path has to be turned for its faces to be upright: 0, 90, 180 or 270."""


def crops(faces: Iterable[tuple[str, Box]], turn_of: TurnOf = lambda _: 0) -> dict[tuple[str, Box], str]:
    """A JPEG data URI for each (photo, box). Photos that are missing or unreadable are left out."""
    by_photo: dict[str, list[Box]] = defaultdict(list)
    for path, box in faces:
        by_photo[path].append(box)
    found: dict[tuple[str, Box], str] = {}
    for path, boxes in by_photo.items():
        try:
            made = crops_of(open_photo(path), boxes, turn_of(path))
        except UnreadablePhoto:
            continue
        found |= {(path, box): uri for box, uri in zip(boxes, made, strict=True)}
    return found


def crops_of(photo: Photo, boxes: Sequence[Box], turn: int = 0) -> list[str]:
    """A JPEG data URI for each box, turned clockwise by `turn` degrees, a multiple of 90.

    The photo is decoded once, just large enough for its smallest face.

    Raises: UnreadablePhoto.
    """
    squares = [square(box) for box in boxes]
    smallest = min(side for _, _, side in squares)
    image = photo.image(round(max(photo.width, photo.height) * min(1.0, SIDE / smallest)))
    pictures = [cut(image, place, image.width / photo.width, SIDE) for place in squares]
    return [jpeg_uri(one.rotate(-turn)) for one in pictures]


def jpeg_uri(image: Image.Image) -> str:
    """The picture as a JPEG data URI."""
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=85, optimize=True)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode()
