"""What the layers of Torch7's nn package were saved with, checked: whole numbers, weights, and parts of a container.

Fields are those of https://github.com/torch/nn, as of 2015 to 2017; what older versions saved is understood as nn does
for the sake of old files.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from faceindex.errors import ModelError
from faceindex.models.dlib_stream import LARGEST_WEIGHT
from faceindex.models.torch7_objects import Module, Torch7File

Weights = npt.NDArray[np.float64]

LARGEST_STEP = 64
"""Largest stride, padding and side of a sliding window."""


@dataclass(frozen=True, slots=True)
class Window:
    """A sliding window. Each is (rows, columns), in cells. ceil: a last window may reach beyond the image."""

    size: tuple[int, int]
    steps: tuple[int, int]
    padding: tuple[int, int]
    ceil: bool


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer of the file. Every method reads fields, or raises ModelError that names the layer."""

    module: Module
    file: Torch7File

    @property
    def kind(self) -> str:
        """The name of its class, as nn.Linear."""
        return self.module.kind

    def error(self, reason: str) -> ModelError:
        """An error that names the file, the layer and the reason."""
        return self.file.error(f"{self.kind} with {reason}")

    def whole(self, name: str, default: int | None = None, *, least: int = 1, most: int = LARGEST_STEP) -> int:
        """A whole number from `least` to `most`."""
        value = self.module.fields.get(name, default)
        if not isinstance(value, int | float) or isinstance(value, bool) or not least <= value <= most or value % 1:
            raise self.error(f"{name} = {value!r}")
        return int(value)

    def number(self, name: str, default: float | None = None) -> float:
        """A finite number."""
        value = self.module.fields.get(name, default)
        if not isinstance(value, int | float) or isinstance(value, bool) or not abs(value) <= LARGEST_WEIGHT:
            raise self.error(f"{name} = {value!r}")
        return float(value)

    def flag(self, name: str, default: bool = False) -> bool:
        """True or false."""
        value = self.module.fields.get(name, default)
        if not isinstance(value, bool):
            raise self.error(f"{name} = {value!r}")
        return value

    def shape(self, name: str) -> tuple[int, ...]:
        """A shape; -1 means any size."""
        value = self.module.fields.get(name)
        if not isinstance(value, np.ndarray) or value.dtype.kind != "i" or not 1 <= value.size <= 4 or value.ndim != 1:
            raise self.error(f"no {name}")
        return tuple(int(size) for size in value)

    def has(self, name: str) -> bool:
        """Whether there are weights of this name; layers without a bias, for example, have none."""
        return isinstance(self.module.fields.get(name), np.ndarray)

    def weights(self, name: str, *shapes: Sequence[int]) -> Weights:
        """Finite weights of one of these shapes, in the first of them."""
        value = self.module.fields.get(name)
        if not isinstance(value, np.ndarray) or value.dtype.kind != "f":
            raise self.error(f"no {name}")
        if value.shape not in [tuple(shape) for shape in shapes]:
            raise self.error(f"{name} of shape {value.shape} instead of {tuple(shapes[0])}")
        if not np.abs(value).max() <= LARGEST_WEIGHT:
            raise self.error(f"a {name} out of range")
        return np.asarray(value, dtype=np.float64).reshape(shapes[0])

    def parts(self) -> list[Layer]:
        """The layers in it."""
        found = self.module.fields.get("modules")
        if not isinstance(found, dict):
            raise self.error("no layers in it")
        parts = [found.get(float(place)) for place in range(1, len(found) + 1)]
        layers = [Layer(part, self.file) for part in parts if isinstance(part, Module)]
        if len(layers) != len(found):
            raise self.error("parts that are no layers")
        return layers

    def window(self) -> Window:
        """kH, kW, dH, dW, padH and padW. Old files have one `padding` for both sides."""
        one = self.module.fields.get("padding")
        rows, columns = ("padH", "padW") if one is None else ("padding", "padding")
        return Window(
            (self.whole("kH"), self.whole("kW")),
            (self.whole("dH"), self.whole("dW")),
            (self.whole(rows, 0, least=0), self.whole(columns, 0, least=0)),
            self.flag("ceil_mode"),
        )


def placed(layer: Layer, window: Window, image: tuple[int, ...]) -> tuple[dict[str, Any], tuple[int, int]]:
    """ONNX attributes of a window on an image of so many rows and columns, and rows and columns of the result.

    They are counted as in THNN/generic/SpatialMaxPooling.c. Raises: ModelError if a window lies beside the image.
    """
    cells, after = [], []
    for pixels, side, step, padding in zip(image, window.size, window.steps, window.padding, strict=True):
        room = pixels + 2 * padding - side
        count = (math.ceil(room / step) if window.ceil else room // step) + 1
        if window.ceil and padding and (count - 1) * step >= pixels + padding:
            count -= 1
        cells.append(count)
        after.append(max(padding, (count - 1) * step + side - pixels - padding))
    if min(cells) < 1:
        raise layer.error("a window larger than the image")
    pads = [*window.padding, *after]
    if "Pooling" in layer.kind and any(pad >= size for pad, size in zip(pads, window.size * 2, strict=True)):
        raise layer.error("windows that lie beside the image")
    return {"kernel_shape": list(window.size), "strides": list(window.steps), "pads": pads}, (cells[0], cells[1])
