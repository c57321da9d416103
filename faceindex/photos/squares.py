"""The square of a photo that shows one face."""

from __future__ import annotations

from PIL import Image

from faceindex.types import Box

MARGIN = 0.3
"""Margin around the face box, as a share of the box's longer side."""

LEAST_MARGIN = 0.05
"""The same, where the photo ends near the face."""

_OUTSIDE = (128, 128, 128)  # outside the photo; moving the square inside could put another face into its middle

Square = tuple[float, float, float]
"""Left, top and side, in pixels of the photo."""


def square(box: Box) -> Square:
    """The square with the face in its middle; it may extend beyond the photo."""
    side = max(box.width, box.height, 1) * (1 + 2 * MARGIN)
    return box.x + box.width / 2 - side / 2, box.y + box.height / 2 - side / 2, side


def square_inside(box: Box, width: int, height: int) -> Square:
    """As `square`, with less margin where the photo ends nearer, so that nothing outside of it is seen if possible."""
    longer = max(box.width, box.height, 1)
    middle_x, middle_y = box.x + box.width / 2, box.y + box.height / 2
    inside = 2 * min(middle_x, middle_y, width - middle_x, height - middle_y)
    side = min(longer * (1 + 2 * MARGIN), max(longer * (1 + 2 * LEAST_MARGIN), inside))
    return middle_x - side / 2, middle_y - side / 2, side


def cut(image: Image.Image, place: Square, scale: float, side: int) -> Image.Image:
    """The square at `place`, as RGB of `side` x `side` pixels. scale: of `image`, in the pixels of `place`."""
    left, top, edge = (round(value * scale) for value in place)
    edge = max(edge, 1)
    canvas = Image.new("RGB", (edge, edge), _OUTSIDE)
    right, bottom = min(left + edge, image.width), min(top + edge, image.height)
    if right > max(left, 0) and bottom > max(top, 0):
        canvas.paste(image.crop((max(left, 0), max(top, 0), right, bottom)), (max(-left, 0), max(-top, 0)))
    return canvas.resize((side, side), Image.Resampling.LANCZOS)
