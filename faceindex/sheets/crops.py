"""Face crops for a page, cut from the photos on disk."""

from __future__ import annotations

import base64
import io
from collections import defaultdict
from collections.abc import Iterable

from PIL import Image

from faceindex.errors import UnreadablePhoto
from faceindex.photos.decode import Photo, open_photo
from faceindex.types import Box, Pixels

SIDE = 112
"""Side of a crop in pixels."""

MARGIN = 0.3
"""What is shown around the face box, as a share of its side."""


def crops(faces: Iterable[tuple[str, Box]]) -> dict[tuple[str, Box], str]:
    """A JPEG data URI for each (photo, box); photos that are gone or unreadable by now are left out.

    Each photo is decoded once, no larger than its smallest face needs.
    """
    by_photo: dict[str, list[Box]] = defaultdict(list)
    for path, box in faces:
        by_photo[path].append(box)
    found = {}
    for path, boxes in by_photo.items():
        try:
            photo = open_photo(path)
            image = Image.fromarray(_enough_pixels(photo, boxes))
        except UnreadablePhoto:
            continue
        for box in boxes:
            found[path, box] = _data_uri(_cut(image, box, image.width / photo.width))
    return found


def _enough_pixels(photo: Photo, boxes: Iterable[Box]) -> Pixels:
    smallest = min(max(box.width, 1) for box in boxes)
    return photo.pixels(round(max(photo.width, photo.height) * min(1.0, SIDE / smallest)))


def _cut(image: Image.Image, box: Box, scale: float) -> Image.Image:
    margin = box.width * MARGIN
    edges = (box.x - margin, box.y - margin, box.x + box.width + margin, box.y + box.height + margin)
    left, top, right, bottom = (round(edge * scale) for edge in edges)
    return image.crop((left, top, max(right, left + 1), max(bottom, top + 1))).resize(
        (SIDE, SIDE), Image.Resampling.LANCZOS
    )


def _data_uri(image: Image.Image) -> str:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=85)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode()
