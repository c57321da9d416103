"""Converts samples with more than eight bits, and unusual kinds, to the eight bits of a screen.

The file may state its white. If not, it is derived from the type and the largest sample: scanners and cameras with 10,
12 or 14 bits write their samples unchanged into 16 bits.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from faceindex.photos.decoders.decoded_at_once import DecodedAtOnce
from faceindex.types import Pixels

NEAR_WHITE = 0.7
"""The brightest pixel of a photo reaches at least this share of white: of 685 photos turned to grey, all but one in 170
reach 0.75. So samples whose largest is between this share and all of 10, 12 or 14 bits are taken to have so many
bits."""

_SENSOR_BITS = (10, 12, 14)
_COPIED = 257  # eight bits, written twice into sixteen
_SAMPLED = 1 << 20
_OTHER_ORDER = {"L": "B", "B": "L", "N": "B" if sys.byteorder == "little" else "L"}

_BITS, _WHITE_IS_ZERO, _PHOTOMETRIC, _LARGEST, _FORMAT, _SMALLEST_SAID, _LARGEST_SAID = 258, 0, 262, 281, 339, 340, 341
_KINDS = {2: "i", 3: "f"}

Samples = npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class Depth:
    """What a file states about its samples.

    kind: "u", "i" or "f". bits: per sample, 0 if unknown. inverted: 0 is white. black, white: stated values.
    """

    kind: str = "u"
    bits: int = 0
    inverted: bool = False
    black: float | None = None
    white: float | None = None


def depth_said(tags: Any) -> Depth:
    """The depth in the tags of a TIFF file, a mapping (TIFF 6.0, sections 8 and 19)."""
    kind = _KINDS.get(_first(tags, _FORMAT), "u")
    inverted = tags.get(_PHOTOMETRIC) == _WHITE_IS_ZERO
    if kind == "f":
        return Depth(
            kind, _first(tags, _BITS) or 1, inverted, _first(tags, _SMALLEST_SAID), _first(tags, _LARGEST_SAID)
        )
    largest = _first(tags, _LARGEST)
    whole_bits = isinstance(largest, int) and largest >= 255 and not largest & (largest + 1)
    return Depth(kind, _first(tags, _BITS) or 1, inverted, white=largest if whole_bits else None)


def eight_bit(image: Image.Image, again: Callable[[], Image.Image]) -> Image.Image:
    """`image`, just decoded, with eight bits per sample; unchanged if it has them already.

    again: opens the same picture once more, to read the bits that Pillow dropped.
    """
    if isinstance(image, DecodedAtOnce):
        return image
    tags = getattr(image, "tag_v2", None)
    depth = Depth() if tags is None else depth_said(tags)
    if image.mode.startswith(("I", "F")):
        return _like(image, eight_bit_samples(_as_stored(np.asarray(image), depth), depth))
    if image.mode == "L" and depth.kind == "i":
        return _like(image, eight_bit_samples(np.asarray(image).view(np.int8), depth))
    if image.mode in ("RGB", "RGBA") and getattr(image, "bits", depth.bits) == 16 and (low := _low_bytes(image, again)):
        return _brightened(image, low, depth)
    return image


def eight_bit_samples(values: Samples, depth: Depth) -> Pixels:
    """uint8 of the same shape; `values` have any number type, with black and white from `depth` or from the values."""
    black, white = _range(values, depth)
    low, high = (white, black) if depth.inverted else (black, white)
    eight = np.empty(values.shape, np.uint8)
    parts = max(1, values.size >> 22)  # in parts, as floats need twice the photo's memory
    for part, out in zip(np.array_split(values, parts), np.array_split(eight, parts), strict=True):
        levels = np.clip(np.nan_to_num(part.astype(np.float32)), black, white)
        out[:] = np.clip((levels - low) * (255.0 / (high - low)), 0, 255)
    return eight


def white_of(largest: float, bits: int) -> float:
    """White for unsigned samples with so many bits, the largest of which is `largest`."""
    if bits not in (15, 16, 31, 32):
        return float((1 << bits) - 1)
    if bits > 16 and largest <= 255:
        return 255.0
    if largest <= 65535:
        for used in _SENSOR_BITS:
            if NEAR_WHITE * (1 << used) <= largest < 1 << used:
                return float((1 << used) - 1)
        return float((1 << min(bits, 16)) - 1)
    if NEAR_WHITE * (1 << 24) <= largest < 1 << 24:
        return float((1 << 24) - 1)
    return float((1 << bits) - 1)


def _range(values: Samples, depth: Depth) -> tuple[float, float]:
    """Black and white of the samples."""
    if values.dtype.kind == "f":
        return _float_range(values, depth)
    smallest, largest = float(values.min(initial=0)), float(values.max(initial=0))
    signed = values.dtype.kind == "i"
    bits = min(depth.bits or 8 * values.itemsize, 8 * values.itemsize)
    if signed and smallest < -largest / 4:  # negative and positive values: black is the most negative
        return -float(1 << (bits - 1)), float((1 << (bits - 1)) - 1)
    if depth.white is not None and largest <= depth.white:
        return 0.0, depth.white
    white = white_of(largest, bits - 1 if signed else bits)
    if values.itemsize == 2 and white < 32767 and bits == 16 and not (values % _COPIED).any():
        return 0.0, 65535.0
    return 0.0, white


def _float_range(values: Samples, depth: Depth) -> tuple[float, float]:
    """Most programs write 0 to 1, or slightly more after sharpening; some write the range of integers."""
    some = np.nan_to_num(values.reshape(-1)[:: max(1, values.size // _SAMPLED)].astype(np.float32))
    low, high = np.percentile(some, (1, 99)) if some.size else (0.0, 0.0)
    if depth.white is not None and depth.white > (depth.black or 0.0) and depth.white >= high:
        return float(depth.black or 0.0), float(depth.white)
    largest = float(max(some.max(initial=0), high))
    if high <= 1.5:
        white = 1.0
    elif largest <= 255 * 1.05:
        white = 255.0
    elif largest <= 65535 * 1.05:
        white = white_of(min(largest, 65535.0), 16)
    else:
        white = largest
    return (-white if low < -white / 4 else 0.0), white


def _first(tags: Any, tag: int) -> Any:
    value = tags.get(tag)
    return value[0] if isinstance(value, tuple) and value else value


def _as_stored(values: Samples, depth: Depth) -> Samples:
    """The stored values; Pillow reads every 32-bit value as a signed one."""
    return values.view(np.uint32) if depth.kind == "u" and depth.bits == 32 and values.dtype == np.int32 else values


def _like(image: Image.Image, pixels: Pixels) -> Image.Image:
    """The picture of `pixels` with the colour information of `image`."""
    made = Image.fromarray(pixels)
    made.info = {key: value for key, value in image.info.items() if key != "transparency"}
    return made


def _low_bytes(image: Image.Image, again: Callable[[], Image.Image]) -> Image.Image | None:
    """The low bytes of 16-bit colours, of which Pillow kept the high ones; None if the picture is bright enough."""
    if np.asarray(image)[..., :3].max(initial=0) >= 1 << (max(_SENSOR_BITS) - 8):
        return None
    other = again()
    swapped = [tile._replace(args=_other_bytes(tile.args)) for tile in getattr(other, "tile", ())]
    if not swapped or any(tile.args is None for tile in swapped):
        return None
    other.tile = swapped  # type: ignore[attr-defined]
    other.load()
    return other


def _other_bytes(args: Any) -> Any:
    """The arguments of a Pillow decoder with the two bytes of a sample exchanged; None if a sample has not two
    bytes."""
    name, *rest = args if isinstance(args, tuple) else (args,)
    colours, _, kind = str(name).partition(";16")
    if colours not in ("RGB", "RGBA", "RGBX") or kind not in _OTHER_ORDER:
        return None
    name = f"{colours};16{_OTHER_ORDER[kind]}"
    return (name, *rest) if isinstance(args, tuple) else name


def _brightened(image: Image.Image, low: Image.Image, depth: Depth) -> Image.Image:
    """`image`, which has the high bytes, scaled to the white that its 16-bit samples imply; unchanged if there is
    none."""
    deep = np.asarray(image)[..., :3].astype(np.uint16) << 8 | np.asarray(low)[..., :3]
    black, white = _range(deep, depth)
    if white == 65535:
        return image
    made = _like(image, eight_bit_samples(deep, Depth(black=black, white=white)))
    if image.mode == "RGBA":
        alpha = np.asarray(image)[..., 3].astype(np.uint16) << 8 | np.asarray(low)[..., 3]
        made.putalpha(Image.fromarray(eight_bit_samples(alpha, Depth(black=black, white=white))))
    return made
