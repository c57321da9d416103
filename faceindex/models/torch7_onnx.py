"""Converts Torch7 networks of nn's layers, such as OpenFace's, to ONNX graphs, for onnxruntime.

A batch norm that follows a convolution or a matrix becomes part of its weights. The same network always gives the same
bytes.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from onnx import TensorProto, helper

from faceindex.models.graph_interface import CHIPS, VECTORS
from faceindex.models.onnx_writer import OnnxGraph
from faceindex.models.torch7_layers import Layer, Weights, placed
from faceindex.models.torch7_objects import Torch7File

LARGEST_IMAGE = 1 << 22
"""Numbers in the planes of one sample. OpenFace's nn4.small2 has 147,456 at most."""

MOST_LAYERS = 2000
DEEPEST = 30

_DEPTH = 2
"""Containers join along this dimension of [n, depth, rows, columns], counted from 1."""


@dataclass(frozen=True, slots=True)
class _Value:
    """A tensor in the graph. shape: of one sample: (planes, rows, columns), or (d,)."""

    name: str
    shape: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Norm:
    """A batch norm: times `factor`, plus `shift`, of every plane."""

    factor: Weights
    shift: Weights


def torch7_model(data: bytes, name: str, side: int) -> bytes:
    """The network in a Torch7 file as an ONNX file. name: for messages. side: of its images, which no file says.

    CHIPS: float32 [n, 3, side, side]. VECTORS: float32 [n, d]. Raises: ModelError if the file is damaged, or has an
    unknown layer.
    """
    file = Torch7File(data, name)
    return _Conversion(file).model(Layer(file.module(), file), side)


class _Conversion:
    """The conversion of the layers read so far."""

    def __init__(self, file: Torch7File) -> None:
        self._file = file
        self._graph = OnnxGraph()
        self._layers_left = MOST_LAYERS
        self._weights_left = file.size  # a weight takes two bytes at least; what is used twice counts twice
        self._depth = 0
        self._makers: dict[str, Callable[[Layer, _Value], _Value]] = {
            "nn.Sequential": self._chain,
            "nn.SpatialLPPooling": self._chain,
            "nn.Inception": self._chain,
            "nn.Decorator": self._chain,
            "nn.Concat": lambda layer, value: self._concatenation(layer, value, padded=False),
            "nn.DepthConcat": lambda layer, value: self._concatenation(layer, value, padded=True),
            "nn.SpatialConvolution": self._convolution,
            "nn.SpatialConvolutionMM": self._convolution,
            "nn.Linear": self._product,
            "nn.SpatialBatchNormalization": self._scaling,
            "nn.BatchNormalization": self._scaling,
            "nn.SpatialMaxPooling": self._largest,
            "nn.SpatialAveragePooling": self._mean,
            "nn.SpatialCrossMapLRN": self._response_norm,
            "nn.ReLU": lambda layer, value: self._applied("Relu", value),
            "nn.Sqrt": lambda layer, value: self._applied("Sqrt", value),
            "nn.Square": lambda layer, value: _Value(self._graph.node("Mul", value.name, value.name), value.shape),
            "nn.Power": lambda layer, value: self._with_constant("Pow", value, layer.number("pow")),
            "nn.MulConstant": lambda layer, value: self._with_constant("Mul", value, layer.number("constant_scalar")),
            "nn.Identity": lambda layer, value: value,
            "nn.View": self._reshape,
            "nn.Reshape": self._reshape,
            "nn.Normalize": self._normalised,
        }

    def model(self, network: Layer, side: int) -> bytes:
        vectors = self._layer(network, _Value(CHIPS, (3, side, side)))
        if len(vectors.shape) != 1:
            raise self._file.error(f"a result of shape {vectors.shape}, which is not a vector")
        self._graph.node("Identity", vectors.name)
        return self._graph.model(
            "torch7",
            helper.make_tensor_value_info(CHIPS, TensorProto.FLOAT, ["n", 3, side, side]),
            helper.make_tensor_value_info(VECTORS, TensorProto.FLOAT, ["n", *vectors.shape]),
            {},
        )

    def _layer(self, layer: Layer, value: _Value, norm: _Norm | None = None) -> _Value:
        self._layers_left -= 1
        if self._layers_left < 0 or self._depth == DEEPEST:
            raise self._file.error(f"more than {MOST_LAYERS:,} layers, or more than {DEEPEST} within each other")
        if layer.kind not in self._makers:
            raise self._file.error(f"the unknown layer {layer.kind[:60]}")
        self._depth += 1
        if norm is None:
            made = self._makers[layer.kind](layer, value)
        elif layer.kind == "nn.Linear":
            made = self._product(layer, value, norm)
        else:
            made = self._convolution(layer, value, norm)
        self._depth -= 1
        if min(made.shape) < 1 or math.prod(made.shape) > LARGEST_IMAGE:
            raise layer.error(f"a result of shape {made.shape}")
        return made

    def _chain(self, layer: Layer, value: _Value) -> _Value:
        parts = layer.parts()
        place = 0
        while place < len(parts):
            part, following = parts[place], parts[place + 1] if place + 1 < len(parts) else None
            norm = None
            if following is not None and (part.kind, following.kind) in _FOLDED:
                norm = self._norm(following)
            value = self._layer(part, value, norm)
            place += 1 if norm is None else 2
        return value

    def _concatenation(self, layer: Layer, value: _Value, *, padded: bool) -> _Value:
        """Of the planes of all parts. Torch's DepthConcat centres the smaller ones in the larger, on zeros."""
        if layer.whole("dimension") != _DEPTH:
            raise layer.error("another dimension than that of planes")
        images = [self._image(layer, self._layer(part, value)) for part in layer.parts()]
        if not images:
            raise layer.error("no layers in it")
        rows, columns = (max(image.shape[axis] for image in images) for axis in (1, 2))
        if not padded and any(image.shape[1:] != (rows, columns) for image in images):
            raise layer.error("images of different sizes")
        names = [self._centred(image, rows, columns) for image in images]
        depth = sum(image.shape[0] for image in images)
        return _Value(self._graph.node("Concat", *names, axis=1), (depth, rows, columns))

    def _centred(self, image: _Value, rows: int, columns: int) -> str:
        missing = [rows - image.shape[1], columns - image.shape[2]]
        if not any(missing):
            return image.name
        before = [number // 2 for number in missing]
        after = [number - number // 2 for number in missing]
        pads = np.array([0, 0, *before, 0, 0, *after], dtype=np.int64)
        return self._graph.node("Pad", image.name, self._graph.constant(pads))

    def _convolution(self, layer: Layer, value: _Value, norm: _Norm | None = None) -> _Value:
        image, window = self._image(layer, value), layer.window()
        outputs = layer.whole("nOutputPlane", most=LARGEST_IMAGE)
        if layer.whole("nInputPlane", most=LARGEST_IMAGE) != image.shape[0] or window.ceil:
            raise layer.error(f"{image.shape[0]} planes as its input")
        shape = (outputs, image.shape[0], *window.size)
        weights = self._weights(layer, "weight", shape, (outputs, math.prod(shape[1:])))
        names = self._with_bias(layer, weights, norm)
        attributes, extent = placed(layer, window, image.shape[1:])
        return _Value(self._graph.node("Conv", image.name, *names, **attributes), (outputs, *extent))

    def _product(self, layer: Layer, value: _Value, norm: _Norm | None = None) -> _Value:
        (inputs,) = self._vector(layer, value).shape
        found = layer.module.fields.get("weight")
        outputs = len(found) if isinstance(found, np.ndarray) and found.ndim else 0
        names = self._with_bias(layer, self._weights(layer, "weight", (outputs, inputs)), norm)
        return _Value(self._graph.node("Gemm", value.name, *names, transB=1), (outputs,))

    def _with_bias(self, layer: Layer, weights: Weights, norm: _Norm | None) -> tuple[str, str]:
        outputs = len(weights)
        bias = self._weights(layer, "bias", (outputs,)) if layer.has("bias") else np.zeros(outputs)
        if norm is not None:
            if len(norm.factor) != outputs:
                raise layer.error(f"a norm of {len(norm.factor)} planes after it, not {outputs}")
            weights = weights * norm.factor.reshape(-1, *[1] * (weights.ndim - 1))
            bias = bias * norm.factor + norm.shift
        return self._constant(weights), self._constant(bias)

    def _scaling(self, layer: Layer, value: _Value) -> _Value:
        """A batch norm that is not part of the layer before it."""
        norm = self._norm(layer)
        if len(norm.factor) != value.shape[0]:
            raise layer.error(f"{value.shape[0]} planes as its input")
        shape = (-1, *[1] * (len(value.shape) - 1))
        scaled = self._graph.node("Mul", value.name, self._constant(norm.factor.reshape(shape)))
        return _Value(self._graph.node("Add", scaled, self._constant(norm.shift.reshape(shape))), value.shape)

    def _norm(self, layer: Layer) -> _Norm:
        """As when it does not learn. Old files have running_std: one over the root of variance and eps."""
        mean = layer.module.fields.get("running_mean")
        planes = (mean.size if isinstance(mean, np.ndarray) else 0,)
        if layer.has("running_var"):
            variance = self._weights(layer, "running_var", planes) + layer.number("eps")
            if not variance.min() > 0:
                raise layer.error("a variance that is not positive")
            factor = 1 / np.sqrt(variance)
        else:
            factor = self._weights(layer, "running_std", planes)
        if layer.has("weight"):
            factor = factor * self._weights(layer, "weight", planes)
        shift = self._weights(layer, "bias", planes) if layer.has("bias") else np.zeros(planes)
        return _Norm(factor, shift - self._weights(layer, "running_mean", planes) * factor)

    def _largest(self, layer: Layer, value: _Value) -> _Value:
        image = self._image(layer, value)
        attributes, extent = placed(layer, layer.window(), image.shape[1:])
        return _Value(self._graph.node("MaxPool", image.name, **attributes), (image.shape[0], *extent))

    def _mean(self, layer: Layer, value: _Value) -> _Value:
        """Files from before it divided by the size of the window have no field `divide`."""
        image, window = self._image(layer, value), layer.window()
        if window.ceil:
            raise layer.error("windows that reach beyond the image")
        attributes, extent = placed(layer, window, image.shape[1:])
        attributes["count_include_pad"] = int(layer.flag("count_include_pad", True))
        made = _Value(self._graph.node("AveragePool", image.name, **attributes), (image.shape[0], *extent))
        return made if layer.flag("divide") else self._with_constant("Mul", made, math.prod(window.size))

    def _response_norm(self, layer: Layer, value: _Value) -> _Value:
        image, size = self._image(layer, value), layer.whole("size")
        if size % 2 == 0:
            raise layer.error(f"size = {size}")
        settings = {name: layer.number(name, default) for name, default in (("alpha", None), ("beta", None), ("k", 1))}
        if settings["k"] <= 0 or settings["alpha"] < 0:
            raise layer.error("numbers that may divide by zero")
        name = self._graph.node(
            "LRN", image.name, size=size, alpha=settings["alpha"], beta=settings["beta"], bias=settings["k"]
        )
        return _Value(name, image.shape)

    def _reshape(self, layer: Layer, value: _Value) -> _Value:
        """Of each sample. The first dimension may be that of samples, where its size is left open."""
        wanted, size = layer.shape("size"), math.prod(value.shape)
        if wanted[0] == -1 and math.prod(wanted[1:]) == size and len(wanted) > 1:
            wanted = wanted[1:]
        if wanted.count(-1) == 1 and min(wanted) == -1:
            rest = math.prod(one for one in wanted if one != -1)
            wanted = tuple(size // rest if one == -1 and rest else one for one in wanted)
        if min(wanted) < 1 or math.prod(wanted) != size:
            raise layer.error(f"size = {wanted} for an input of shape {value.shape}")
        if wanted == value.shape:
            return value
        target = self._graph.constant(np.array([0, *wanted], dtype=np.int64))
        return _Value(self._graph.node("Reshape", value.name, target), wanted)

    def _normalised(self, layer: Layer, value: _Value) -> _Value:
        """x / root of (sum of squares + eps)."""
        vector = self._vector(layer, value)
        if layer.number("p") != 2:
            raise layer.error("another norm than the Euclidean")
        squares = self._graph.node("ReduceSumSquare", vector.name, axes=[1], keepdims=1)
        eps = self._constant(np.array(layer.number("eps", 1e-10)))
        root = self._graph.node("Sqrt", self._graph.node("Add", squares, eps))
        return _Value(self._graph.node("Div", vector.name, root), vector.shape)

    def _applied(self, operator: str, value: _Value) -> _Value:
        return _Value(self._graph.node(operator, value.name), value.shape)

    def _with_constant(self, operator: str, value: _Value, constant: float) -> _Value:
        return _Value(self._graph.node(operator, value.name, self._constant(np.array(constant))), value.shape)

    def _image(self, layer: Layer, value: _Value) -> _Value:
        if len(value.shape) != 3:
            raise layer.error(f"an input of shape {value.shape}, which is not an image")
        return value

    def _vector(self, layer: Layer, value: _Value) -> _Value:
        if len(value.shape) != 1:
            raise layer.error(f"an input of shape {value.shape}, which is not a vector")
        return value

    def _weights(self, layer: Layer, name: str, *shapes: tuple[int, ...]) -> Weights:
        self._weights_left -= math.prod(shapes[0])
        if self._weights_left < 0:
            raise layer.error("more weights than are in the file")
        return layer.weights(name, *shapes)

    def _constant(self, array: Weights) -> str:
        return self._graph.constant(array.astype(np.float32))


_NORMED = ("nn.SpatialConvolution", "nn.SpatialConvolutionMM", "nn.Linear")
_FOLDED = {(layer, norm) for layer in _NORMED for norm in ("nn.SpatialBatchNormalization", "nn.BatchNormalization")}
