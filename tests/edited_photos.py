"""Photos edited as people edit them, with the place where each face is afterwards."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageEnhance, ImageOps

from faceindex.types import Box

Matrix = npt.NDArray[np.float64]
"""float64 [2, 3]: where a pixel (x, y, 1) of the former picture is in the new one."""

SHARE = 0.25
"""Part of the width or height that is cropped off a side."""


@dataclass(frozen=True, slots=True)
class Edited:
    """An edited picture. orientation: the EXIF tag it is stored with. gone: places of faces that are no longer there.

    where: None when it is another picture. quality: of JPEG.
    """

    image: Image.Image
    where: Matrix | None
    gone: frozenset[int] = frozenset()
    orientation: int = 1
    quality: int = 92

    def save(self, path: Path) -> None:
        """Write it as JPEG."""
        exif = Image.Exif()
        exif[0x0112] = self.orientation
        self.image.convert("RGB").save(path, quality=self.quality, exif=exif)

    def place(self, number: int, box: Box) -> tuple[float, float, float] | None:
        """Middle and width of a former face in the upright new picture; None when it is gone. It may lie outside."""
        if self.where is None or number in self.gone:
            return None
        x, y = self.where @ np.array([box.x + box.width / 2, box.y + box.height / 2, 1.0])
        return float(x), float(y), box.width * math.sqrt(abs(np.linalg.det(self.where[:, :2])))


def _matrix(xx: float, xy: float, x: float, yx: float, yy: float, y: float) -> Matrix:
    return np.array([[xx, xy, x], [yx, yy, y]], dtype=np.float64)


def _cropped(image: Image.Image, left: float, top: float, right: float, bottom: float) -> Edited:
    width, height = image.size
    x, y = round(left * width), round(top * height)
    kept = image.crop((x, y, round(width - right * width), round(height - bottom * height)))
    return Edited(kept, _matrix(1, 0, -x, 0, 1, -y))


def _straightened(image: Image.Image, degrees: float) -> Edited:
    """Turned about the middle, and cropped to the largest rectangle of the same shape without empty corners."""
    width, height = image.size
    angle = math.radians(degrees)
    sine, cosine = math.sin(abs(angle)), math.cos(angle)
    part = min(width / (width * cosine + height * sine), height / (width * sine + height * cosine))
    turned = image.rotate(degrees, Image.Resampling.BICUBIC)
    x, y = round(width * (1 - part) / 2), round(height * (1 - part) / 2)
    cosine, sine = math.cos(angle), math.sin(angle)  # counter-clockwise, y points down
    mid = np.array([width / 2, height / 2])
    linear = np.array([[cosine, sine], [-sine, cosine]])
    shift = mid - linear @ mid - np.array([x, y])
    return Edited(turned.crop((x, y, width - x, height - y)), np.column_stack([linear, shift]))


def _resized(image: Image.Image, factor: float) -> Edited:
    size = (round(image.width * factor), round(image.height * factor))
    return Edited(image.resize(size, Image.Resampling.LANCZOS), _matrix(factor, 0, 0, 0, factor, 0))


def _painted_over(image: Image.Image, box: Box) -> Edited:
    painted = image.copy()
    margin = box.width // 4
    corners = (box.x - margin, box.y - margin, box.x + box.width + margin, box.y + box.height + margin)
    ImageDraw.Draw(painted).ellipse(corners, fill=(120, 110, 100))
    return Edited(painted, _matrix(1, 0, 0, 0, 1, 0), frozenset({0}))


def _with_another(image: Image.Image, boxes: Sequence[Box], face: Image.Image) -> Edited:
    """The picture with a strip at its right in which another face is, about as large as those that are there."""
    side = max(boxes, key=lambda box: box.width).width * 2
    strip = face.resize((side, side))
    wider = Image.new("RGB", (image.width + side, image.height), (90, 100, 90))
    wider.paste(image, (0, 0))
    wider.paste(strip, (image.width, max(0, (image.height - side) // 2)))
    return Edited(wider, _matrix(1, 0, 0, 0, 1, 0))


def edits(
    image: Image.Image, boxes: Sequence[Box], *, other: Image.Image, face: Image.Image
) -> dict[str, Callable[[], Edited]]:
    """The ways. other: a picture of other people. face: of somebody who is not in the picture.

    boxes: of the faces in the picture.
    """
    width, height = image.size
    same = _matrix(1, 0, 0, 0, 1, 0)
    return {
        "replaced": lambda: Edited(other, None),
        "cropped at the left": lambda: _cropped(image, SHARE, 0, 0, 0),
        "cropped at the right": lambda: _cropped(image, 0, 0, SHARE, 0),
        "cropped at the top": lambda: _cropped(image, 0, SHARE, 0, 0),
        "cropped at the bottom": lambda: _cropped(image, 0, 0, 0, SHARE),
        "straightened by 3": lambda: _straightened(image, 3),
        "straightened by 8": lambda: _straightened(image, -8),
        "mirrored": lambda: Edited(ImageOps.mirror(image), _matrix(-1, 0, width, 0, 1, 0)),
        "turned by EXIF, 6": lambda: Edited(image, _matrix(0, -1, height, 1, 0, 0), orientation=6),
        "turned by EXIF, 3": lambda: Edited(image, _matrix(-1, 0, width, 0, -1, height), orientation=3),
        "resized": lambda: _resized(image, 0.5),
        "recompressed": lambda: Edited(image, same, quality=30),
        "brightened": lambda: Edited(ImageEnhance.Brightness(image).enhance(1.5), same),
        "a face painted over": lambda: _painted_over(image, boxes[0]),
        "a face added": lambda: _with_another(image, boxes, face),
    }
