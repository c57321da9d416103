"""Made degradations of a face: tilts, turns, blur, small sizes, darkness, JPEG and noise, each at several levels."""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

from faceindex.types import Box

LARGEST_FACE = 160
"""Pixels that a face is wide at most: more than any network's input shows of it."""

AROUND = 3.0
"""Width of the picture around a face, in widths of the face."""


@dataclass(frozen=True, slots=True)
class Portrait:
    """A face in the middle of a square picture.

    wide: RGB, larger than the picture by the square root of 2, so that it can be turned by any angle; black beyond the
    photo. face: width of the face in pixels.
    """

    wide: Image.Image
    face: float

    @property
    def image(self) -> Image.Image:
        """The picture itself."""
        return _middle(self.wide)

    def tilted(self, degrees: float) -> Image.Image:
        """The picture with everything turned clockwise about the middle of the face."""
        return _middle(self.wide.rotate(-degrees, Image.Resampling.BICUBIC))


def portrait(photo: Image.Image, box: Box) -> Portrait:
    """The face in `box` of an RGB image, made smaller where it is wider than LARGEST_FACE."""
    side = max(box.width, box.height)
    reach = AROUND * side * math.sqrt(2) / 2
    x, y = box.x + box.width / 2, box.y + box.height / 2
    corners = [round(value) for value in (x - reach, y - reach, x + reach, y + reach)]
    wide = photo.crop((corners[0], corners[1], corners[0] + round(2 * reach), corners[1] + round(2 * reach)))
    scale = min(1.0, LARGEST_FACE / side)
    size = max(1, round(wide.width * scale))
    return Portrait(wide.resize((size, size), Image.Resampling.LANCZOS, reducing_gap=3.0), scale * side)


@dataclass(frozen=True, slots=True)
class Degradation:
    """unit: of a level. levels: from mild to strong. made: the pictures of a portrait at a level, none where it has no
    such: a face cannot be made smaller to a size that it does not have."""

    unit: str
    levels: Sequence[float]
    made: Callable[[Portrait, float], list[Image.Image]]


def _middle(wide: Image.Image) -> Image.Image:
    side = round(wide.width / math.sqrt(2))
    left = (wide.width - side) // 2
    return wide.crop((left, left, left + side, left + side))


def _tilts(of: Portrait, degrees: float) -> list[Image.Image]:
    return [of.tilted(degrees), of.tilted(-degrees)]


def _turns(of: Portrait, degrees: float) -> list[Image.Image]:
    turns = {90: Image.Transpose.ROTATE_90, 180: Image.Transpose.ROTATE_180, 270: Image.Transpose.ROTATE_270}
    return [of.image.transpose(turns[int(degrees)])]


def _blurred(of: Portrait, percent: float) -> list[Image.Image]:
    return [of.image.filter(ImageFilter.GaussianBlur(percent / 100 * of.face))]


def _small(of: Portrait, pixels: float) -> list[Image.Image]:
    if pixels >= of.face:
        return []
    size = max(1, round(of.image.width * pixels / of.face))
    return [of.image.resize((size, size), Image.Resampling.LANCZOS)]


def _dark(of: Portrait, stops: float) -> list[Image.Image]:
    """Exposed for less time by so many stops: light halves with each, and 8 bits are left of it."""
    return [of.image.point(_exposed(stops) * 3)]


@cache
def _exposed(stops: float) -> list[int]:
    """The sRGB level of each sRGB level under less light (IEC 61966-2-1)."""
    level = np.arange(256) / 255
    light = np.where(level <= 0.04045, level / 12.92, ((level + 0.055) / 1.055) ** 2.4) / 2**stops
    dark: npt.NDArray[np.float64] = np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)
    return [int(value) for value in np.rint(255 * dark)]


def _as_jpeg(of: Portrait, quality: float) -> list[Image.Image]:
    file = io.BytesIO()
    of.image.save(file, "JPEG", quality=int(quality))
    with Image.open(file) as decoded:
        return [decoded.convert("RGB")]


def _noisy(of: Portrait, deviation: float) -> list[Image.Image]:
    pixels = np.asarray(of.image, dtype=np.float32)
    noise = np.random.default_rng(0).normal(scale=deviation, size=pixels.shape)
    return [Image.fromarray(np.clip(np.rint(pixels + noise), 0, 255).astype(np.uint8))]


DEGRADATIONS: Mapping[str, Degradation] = {
    "tilt": Degradation("degrees, both ways", (10, 20, 30, 40, 50), _tilts),
    "turn": Degradation("degrees", (90, 180, 270), _turns),
    "blur": Degradation("% of the face's width, standard deviation", (2, 4, 6, 8, 10), _blurred),
    "small": Degradation("pixels, width of the face", (64, 48, 32, 24, 16), _small),
    "dark": Degradation("stops", (2, 3, 4, 5, 6), _dark),
    "jpeg": Degradation("quality", (50, 30, 20, 10, 5), _as_jpeg),
    "noise": Degradation("of 255, standard deviation", (10, 20, 40, 60, 80), _noisy),
}
