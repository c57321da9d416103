"""Writes Torch7 files, as torch.save does in its binary and its text form, and networks like OpenFace's to write."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

KINDS = {"f": "Float", "d": "Double", "q": "Long", "l": "Long", "i": "Int", "B": "Byte", "b": "Char"}


@dataclass(eq=False)
class Layer:
    """An object of a class. version: of it; None as before there were versions."""

    kind: str
    fields: dict[Any, Any] = field(default_factory=dict)
    version: int | None = 1


@dataclass(eq=False)
class Code:
    """A function."""

    dumped: bytes
    kind: int = 8


@dataclass(eq=False)
class Storage:
    """Values that several tensors may share, each by (first, shape)."""

    values: np.ndarray


@dataclass(eq=False)
class View:
    """A tensor that shares a storage."""

    storage: Storage
    first: int
    shape: tuple[int, ...]
    strides: tuple[int, ...] | None = None


class Writer:
    """torch.save: File.lua's writeObject."""

    def __init__(self) -> None:
        self.parts: list[bytes] = []
        self.numbers: dict[int, int] = {}
        self.kept: list[object] = []  # an id is free again when its object is gone
        self.count = 0

    def integers(self, *values: int) -> None:
        self.parts.append(struct.pack(f"<{len(values)}i", *values))

    def longs(self, *values: int) -> None:
        self.parts.append(struct.pack(f"<{len(values)}q", *values))

    def number(self, value: float) -> None:
        self.parts.append(struct.pack("<d", value))

    def characters(self, value: bytes) -> None:
        self.parts.append(value)

    def values(self, array: np.ndarray) -> None:
        self.parts.append(array.tobytes())

    def string(self, value: bytes) -> None:
        self.integers(len(value))
        self.characters(value)

    def write(self, value: object) -> None:
        match value:
            case None:
                self.integers(0)
            case bool():
                self.integers(5)
                self.integers(int(value))
            case int() | float():
                self.integers(1)
                self.number(float(value))
            case str():
                self.integers(2)
                self.string(value.encode())
            case Code():
                self.integers(value.kind)
                if value.kind != 6:
                    self.integers(self.fresh(value))
                self.string(value.dumped)
                self.write({})
            case _:
                self.referenced(value)

    def fresh(self, value: object) -> int:
        self.count += 1
        self.numbers[id(value)] = self.count
        self.kept.append(value)
        return self.count

    def referenced(self, value: object) -> None:
        self.integers(3 if isinstance(value, dict | list) else 4)
        if id(value) in self.numbers:
            self.integers(self.numbers[id(value)])
            return
        self.integers(self.fresh(value))
        match value:
            case list():
                self.table({float(place): one for place, one in enumerate(value, start=1)})
            case dict():
                self.table(value)
            case Layer():
                self.class_name(value.kind, value.version)
                self.write(value.fields)
            case Storage():
                self.class_name(f"torch.{KINDS[value.values.dtype.char]}Storage")
                self.longs(value.values.size)
                self.values(value.values)
            case View():
                self.tensor(value)
            case np.ndarray() if value.size:
                self.tensor(View(Storage(value.ravel()), 0, value.shape), value.dtype)
            case np.ndarray():
                self.class_name(f"torch.{KINDS[value.dtype.char]}Tensor")
                self.integers(0)
                self.longs(1)
                self.write(None)
            case _:
                raise TypeError(value)

    def table(self, table: dict[Any, Any]) -> None:
        self.integers(len(table))
        for key, value in table.items():
            self.write(key)
            self.write(value)

    def class_name(self, kind: str, version: int | None = 1) -> None:
        if version is not None:
            self.string(f"V {version}".encode())
        self.string(kind.encode())

    def tensor(self, view: View, dtype: np.dtype | None = None) -> None:
        self.class_name(f"torch.{KINDS[(dtype or view.storage.values.dtype).char]}Tensor")
        strides = view.strides or tuple(int(np.prod(view.shape[place + 1 :])) for place in range(len(view.shape)))
        self.integers(len(view.shape))
        self.longs(*view.shape)
        self.longs(*strides)
        self.longs(view.first + 1)
        self.write(view.storage)


class TextWriter(Writer):
    """The same as text: torch.save(..., 'ascii')."""

    def line(self, words: Sequence[str]) -> None:
        if words:
            self.parts.append(" ".join(words).encode() + b"\n")

    def integers(self, *values: int) -> None:
        self.line([str(value) for value in values])

    def longs(self, *values: int) -> None:
        self.line([str(value) for value in values])

    def number(self, value: float) -> None:
        self.line([f"{value:.17g}"])

    def characters(self, value: bytes) -> None:
        self.parts.append(value + b"\n" if value else b"")

    def values(self, array: np.ndarray) -> None:
        self.line([f"{value:.9g}" if array.dtype.kind == "f" else str(value) for value in array.tolist()])


def torch7_file(value: object, *, text: bool = False) -> bytes:
    """What torch.save writes of `value`."""
    writer = TextWriter() if text else Writer()
    writer.write(value)
    return b"".join(writer.parts)


class Drawn:
    """nn's layers with drawn weights, and the fields that Torch saves with them."""

    def __init__(self, seed: int = 0) -> None:
        self.random = np.random.default_rng(seed)

    def layer(self, kind: str, **fields: Any) -> Layer:
        empty = {name: np.empty(0, np.float32) for name in ("output", "gradInput")}
        return Layer(f"nn.{kind}", {**fields, **empty, "_type": "torch.FloatTensor", "train": False})

    def normal(self, deviation: float, *shape: int) -> np.ndarray:
        return self.random.normal(0, deviation, shape).astype(np.float32)

    def convolution(
        self, before: int, after: int, size: int, step: int = 1, padding: int = 0, *, flat: bool = False
    ) -> Layer:
        shape = (after, before * size * size) if flat else (after, before, size, size)
        return self.layer(
            "SpatialConvolutionMM" if flat else "SpatialConvolution",
            nInputPlane=before,
            nOutputPlane=after,
            kW=size,
            kH=size,
            dW=step,
            dH=step,
            padW=padding,
            padH=padding,
            weight=self.normal(np.sqrt(2 / (before * size * size)), *shape),
            bias=self.normal(0.1, after),
            gradWeight=np.empty(0, np.float32),
            gradBias=np.empty(0, np.float32),
        )

    def norm(self, planes: int, kind: str = "SpatialBatchNormalization") -> Layer:
        made = self.layer(
            kind,
            affine=True,
            eps=1e-5,
            momentum=0.1,
            nDim=4,
            weight=self.random.uniform(0.5, 1.5, planes).astype(np.float32),
            bias=self.normal(0.2, planes),
            running_mean=self.normal(0.2, planes),
            running_var=self.random.uniform(0.5, 1.5, planes).astype(np.float32),
        )
        made.version = 2
        return made

    def relu(self) -> Layer:
        return self.layer("ReLU", threshold=0, val=0, inplace=False)

    def largest(self, size: int, step: int, padding: int = 0, *, ceil: bool = False) -> Layer:
        sides = {"kW": size, "kH": size, "dW": step, "dH": step, "padW": padding, "padH": padding}
        return self.layer("SpatialMaxPooling", **sides, ceil_mode=ceil, indices=np.empty(0, np.float32))

    def mean(self, size: int, step: int, **fields: Any) -> Layer:
        sides = {"kW": size, "kH": size, "dW": step, "dH": step, "padW": 0, "padH": 0}
        known = {"ceil_mode": False, "count_include_pad": True, "divide": True}
        return self.layer("SpatialAveragePooling", **sides | known | fields)

    def euclidean_pooling(self, size: int, step: int) -> Layer:
        parts = [
            self.layer("Square"),
            self.mean(size, step),
            self.layer("MulConstant", constant_scalar=size * size, inplace=False),
            self.layer("Sqrt", eps=0),
        ]
        sides = {"kW": size, "kH": size, "dW": step, "dH": step}
        return self.layer("SpatialLPPooling", modules=parts, **sides)

    def response_norm(self) -> Layer:
        return self.layer("SpatialCrossMapLRN", size=5, alpha=0.0001, beta=0.75, k=1)

    def sequential(self, *parts: object) -> Layer:
        return self.layer("Sequential", modules=list(parts))

    def normed(self, before: int, after: int, size: int = 1, step: int = 1, *, flat: bool = False) -> list[Layer]:
        return [self.convolution(before, after, size, step, size // 2, flat=flat), self.norm(after), self.relu()]

    def inception(
        self,
        before: int,
        pool: Layer,
        *,
        three: tuple[int, int],
        five: tuple[int, int] | None = None,
        pooled: int | None = None,
        one: int | None = None,
        step: int = 1,
    ) -> Layer:
        """dpnn's nn.Inception: (thin, after) of the convolutions of 3 and 5 pixels, and the others' planes."""
        branches = [
            self.sequential(*self.normed(before, branch[0]), *self.normed(branch[0], branch[1], size, step))
            for size, branch in ((3, three), (5, five))
            if branch is not None
        ]
        branches.append(self.sequential(pool, *(self.normed(before, pooled) if pooled else [])))
        if one:
            branches.append(self.sequential(*self.normed(before, one)))
        joined = self.layer("DepthConcat", modules=branches, dimension=2, outputSize=Storage(np.zeros(4, np.int64)))
        return self.layer("Inception", modules=[joined], inputSize=before, transfer=self.relu(), pool=pool)

    def vector(self, before: int, after: int) -> list[Layer]:
        size = {"size": Storage(np.array([before])), "numElements": before}
        weights = {"weight": self.normal(np.sqrt(1 / before), after, before), "bias": self.normal(0.1, after)}
        return [self.layer("View", **size), self.layer("Linear", **weights), self.layer("Normalize", p=2, eps=1e-10)]

    def nn4_small2(self) -> Layer:
        """cmusatyalab/openface, nn4.small2.def.lua, with the pools of nn4.small2.v1.t7 (its issues 349 and 351)."""
        return self.sequential(
            *self.normed(3, 64, 7, 2, flat=True),
            self.largest(3, 2, 1),
            self.response_norm(),
            *self.normed(64, 64, flat=True),
            *self.normed(64, 192, 3, flat=True),
            self.response_norm(),
            self.largest(3, 2, 1),
            self.inception(192, self.largest(3, 2), three=(96, 128), five=(16, 32), pooled=32, one=64),
            self.inception(256, self.euclidean_pooling(3, 3), three=(96, 128), five=(32, 64), pooled=64, one=64),
            self.inception(320, self.largest(3, 2), three=(128, 256), five=(32, 64), step=2),
            self.inception(640, self.euclidean_pooling(3, 3), three=(96, 192), five=(32, 64), pooled=128, one=256),
            self.inception(640, self.largest(3, 2), three=(160, 256), five=(64, 128), step=2),
            self.inception(1024, self.euclidean_pooling(3, 3), three=(96, 384), pooled=96, one=256),
            self.inception(736, self.largest(3, 2), three=(96, 384), pooled=96, one=256),
            self.mean(3, 1),
            *self.vector(736, 128),
        )
