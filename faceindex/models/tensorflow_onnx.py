"""Converts frozen TensorFlow graphs of convolutional encoders to ONNX graphs, for onnxruntime.

Images change from rows, columns, channels to planes. Sums and products with the result of a convolution or matrix
product become part of its weights. The same graph always gives the same bytes.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from onnx import TensorProto, helper

from faceindex.models.graph_interface import CHIPS, VECTORS
from faceindex.models.onnx_writer import OnnxGraph
from faceindex.models.protobuf_stream import ProtobufFile
from faceindex.models.tensorflow_graph import Array, Node, read_graph
from faceindex.plurals import plural

LARGEST_IMAGE = 4096
"""Rows or columns of the input."""

LARGEST_STEP = 64
"""Largest stride and largest side of a sliding window."""

_SPATIAL = "NHWC"


@dataclass(frozen=True, slots=True)
class _Tensor:
    """A value in the graph. shape: of one sample, as in TensorFlow: rows, columns, channels, or [d]."""

    name: str
    shape: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Linear:
    """A convolution or matrix product that is not yet in the graph, because later nodes may still be folded into it.

    weights: float32 [out, ...]; bias: float32 [out]. made: the shape of the operator's output; shape: the requested
    shape.
    """

    operator: str
    source: str
    weights: npt.NDArray[np.float32]
    bias: npt.NDArray[np.float32]
    attributes: dict[str, Any]
    made: tuple[int, ...]
    shape: tuple[int, ...]

    def scaled(self, factor: npt.NDArray[np.float64], shift: npt.NDArray[np.floating]) -> _Linear:
        """The same operation, times `factor` plus `shift`; each is a number or [out]."""
        columns = np.broadcast_to(factor, self.bias.shape).reshape(-1, *[1] * (self.weights.ndim - 1))
        weights, bias = self.weights * columns, self.bias * factor + shift
        return replace(self, weights=weights.astype(np.float32), bias=bias.astype(np.float32))


_Value = _Tensor | _Linear | Array


def tensorflow_model(file: ProtobufFile) -> bytes:
    """A frozen graph with one image as input and one vector as output, as an ONNX file.

    CHIPS: float32 [n, 3, rows, columns], for any n, whatever the graph says. VECTORS: float32 [n, d], the exact
    results. Raises: ModelError if the file is damaged or has an unknown operation.
    """
    return _Conversion(file).model()


class _Conversion:
    """The conversion of the nodes read so far."""

    def __init__(self, file: ProtobufFile) -> None:
        self._file = file
        self._graph = OnnxGraph()
        self._values: dict[str, _Value] = {}
        self._image: tuple[int, ...] = ()
        self._makers: dict[str, Callable[[Node], _Value]] = {
            "Placeholder": self._placeholder,
            "Const": lambda node: node.tensor("value"),
            "Conv2D": self._convolution,
            "MatMul": self._product,
            "BiasAdd": self._bias,
            "FusedBatchNorm": self._batch_norm,
            "MaxPool": self._pooling,
            "AvgPool": self._pooling,
            "ConcatV2": self._concatenation,
            "Reshape": self._reshape,
            "Add": self._addition,
            "Mul": self._multiplication,
            "Maximum": self._maximum,
            "Sum": self._sum,
            "Relu": lambda node: self._applied(node, "Relu"),
            "Square": self._square,
            "Rsqrt": self._inverse_root,
        }

    def model(self) -> bytes:
        nodes = read_graph(self._file)
        for node in nodes:
            if node.operator not in self._makers:
                raise node.error("an unknown operation")
            self._values[node.name] = self._makers[node.operator](node)
        used = {name for node in nodes for name in node.inputs}
        results = [node for node in nodes if node.name not in used and node.operator != "Const"]
        if not self._image or len(results) != 1:
            raise self._file.error(f"{plural(len(results), 'result')} instead of one")
        vectors = self._tensor(results[0], results[0].name)
        if len(vectors.shape) != 1:
            raise results[0].error("a result that is not a vector")
        if self._graph.nodes[-1].output[0] != vectors.name:
            self._graph.node("Identity", vectors.name)
        rows, columns, channels = self._image
        return self._graph.model(
            self._file.name,
            helper.make_tensor_value_info(CHIPS, TensorProto.FLOAT, ["n", channels, rows, columns]),
            helper.make_tensor_value_info(VECTORS, TensorProto.FLOAT, ["n", *vectors.shape]),
            {},
        )

    def _placeholder(self, node: Node) -> _Tensor:
        shape = node.shape("shape")[1:]
        if self._image or len(shape) != 3 or not all(1 <= size <= LARGEST_IMAGE for size in shape) or shape[2] != 3:
            raise node.error(f"an input of shape {shape}")
        self._image = shape
        return _Tensor(CHIPS, shape)

    def _convolution(self, node: Node) -> _Linear:
        image, kernel = self._image_input(node, 0), self._weights(node, 1, dimensions=4)
        rows, columns, channels, maps = kernel.shape
        if channels != image.shape[2] or node.integers("dilations", (1, 1, 1, 1)) != (1, 1, 1, 1):
            raise node.error("a convolution of another kind")
        attributes, extent = _window(node, image, (rows, columns))
        shape = (*extent, maps)
        weights = kernel.transpose(3, 2, 0, 1)
        return _Linear("Conv", image.name, weights, np.zeros(maps, np.float32), attributes, shape, shape)

    def _product(self, node: Node) -> _Linear:
        rows, matrix = self._tensor_input(node, 0), self._weights(node, 1, dimensions=2)
        if node.flag("transpose_a", False) or node.flag("transpose_b", False) or rows.shape != matrix.shape[:1]:
            raise node.error("a product of another kind")
        shape = matrix.shape[1:]
        return _Linear("Gemm", rows.name, matrix.T, np.zeros(shape, np.float32), {"transB": 1}, shape, shape)

    def _bias(self, node: Node) -> _Linear:
        linear = self._linear_input(node, 0)
        return replace(linear, bias=linear.bias + self._weights(node, 1, shape=linear.bias.shape))

    def _batch_norm(self, node: Node) -> _Linear:
        linear = self._linear_input(node, 0)
        scale, offset, mean, variance = (
            self._weights(node, place, shape=linear.bias.shape).astype(np.float64) for place in (1, 2, 3, 4)
        )
        epsilon = node.number("epsilon")
        if node.flag("is_training", True) or epsilon <= 0 or (variance < 0).any():
            raise node.error("a normalisation of another kind")
        factor = scale / np.sqrt(variance + epsilon)
        return linear.scaled(factor, offset - mean * factor)

    def _pooling(self, node: Node) -> _Tensor:
        image = self._image_input(node, 0)
        size = node.integers("ksize")
        if len(size) != 4 or size[0] != 1 or size[3] != 1:
            raise node.error(f"a window of {size}")
        attributes, extent = _window(node, image, size[1:3])
        operator = "MaxPool" if node.operator == "MaxPool" else "AveragePool"
        return _Tensor(self._graph.node(operator, image.name, **attributes), (*extent, image.shape[2]))

    def _concatenation(self, node: Node) -> _Tensor:
        axis = self._integers(node, len(node.inputs) - 1)
        images = [self._image_input(node, place) for place in range(len(node.inputs) - 1)]
        if axis not in ((3,), (-1,)) or not images or len({image.shape[:2] for image in images}) != 1:
            raise node.error("images that do not fit together")
        name = self._graph.node("Concat", *(image.name for image in images), axis=1)
        return _Tensor(name, (*images[0].shape[:2], sum(image.shape[2] for image in images)))

    def _reshape(self, node: Node) -> _Value:
        """From one cell of an image to a row, or back. The first dimension counts the samples, even if it is 1."""
        value, target = self._value(node, 0), self._integers(node, 1)
        if isinstance(value, np.ndarray) or len(target) not in (2, 4):
            raise node.error("an unknown change of shape")
        channels = value.shape[-1]
        shape = (1, 1, channels) if len(target) == 4 else (channels,)
        if math.prod(value.shape) != channels or any(
            wanted not in (size, -1) for wanted, size in zip(target[1:], shape, strict=True)
        ):
            raise node.error("an unknown change of shape")
        if isinstance(value, _Linear):
            return replace(value, shape=shape)
        return _Tensor(self._reshaped(value.name, value.shape, shape), shape)

    def _addition(self, node: Node) -> _Tensor:
        one, other = self._tensor_input(node, 0), self._tensor_input(node, 1)
        if one.shape != other.shape:
            raise node.error("a sum of different shapes")
        return _Tensor(self._graph.node("Add", one.name, other.name), one.shape)

    def _multiplication(self, node: Node) -> _Value:
        one, other = self._value(node, 0), self._value(node, 1)
        if isinstance(one, np.ndarray):
            one, other = other, one
        if isinstance(other, np.ndarray):
            if not isinstance(one, _Linear) or other.shape != ():
                raise node.error("a product with a constant")
            return one.scaled(other.astype(np.float64), np.zeros(1))
        one, other = self._tensor_input(node, 0), self._tensor_input(node, 1)
        if len(one.shape) != len(other.shape) or other.shape[-1] not in (1, one.shape[-1]):
            raise node.error("a product of different shapes")
        if one.shape[:-1] != other.shape[:-1]:
            raise node.error("a product of different shapes")
        return _Tensor(self._graph.node("Mul", one.name, other.name), one.shape)

    def _maximum(self, node: Node) -> _Tensor:
        value, least = self._tensor_input(node, 0), self._weights(node, 1, shape=())
        return _Tensor(self._graph.node("Max", value.name, self._graph.constant(least)), value.shape)

    def _sum(self, node: Node) -> _Tensor:
        rows, axis = self._tensor_input(node, 0), self._integers(node, 1)
        if len(rows.shape) != 1 or axis not in ((1,), (-1,)) or not node.flag("keep_dims", False):
            raise node.error("a sum of another kind")
        axes = self._graph.constant(np.array([1], dtype=np.int64))
        return _Tensor(self._graph.node("ReduceSum", rows.name, axes, keepdims=1), (1,))

    def _square(self, node: Node) -> _Tensor:
        value = self._tensor_input(node, 0)
        return _Tensor(self._graph.node("Mul", value.name, value.name), value.shape)

    def _inverse_root(self, node: Node) -> _Tensor:
        root = self._applied(node, "Sqrt")
        return _Tensor(self._graph.node("Reciprocal", root.name), root.shape)

    def _applied(self, node: Node, operator: str) -> _Tensor:
        value = self._tensor_input(node, 0)
        return _Tensor(self._graph.node(operator, value.name), value.shape)

    def _value(self, node: Node, place: int) -> _Value:
        if not 0 <= place < len(node.inputs):
            raise node.error(f"no input {place}")
        return self._values[node.inputs[place]]

    def _weights(
        self, node: Node, place: int, *, shape: tuple[int, ...] | None = None, dimensions: int | None = None
    ) -> npt.NDArray[np.float32]:
        value = self._value(node, place)
        if not isinstance(value, np.ndarray) or value.dtype != np.float32:
            raise node.error(f"input {place} is not a constant")
        if shape not in (None, value.shape) or dimensions not in (None, value.ndim) or 0 in value.shape:
            raise node.error(f"input {place} is of shape {value.shape}")
        return np.asarray(value, dtype=np.float32)

    def _integers(self, node: Node, place: int) -> tuple[int, ...]:
        value = self._value(node, place)
        if not isinstance(value, np.ndarray) or value.dtype != np.int32 or value.ndim > 1:
            raise node.error(f"input {place} is not a constant of integers")
        return tuple(int(number) for number in value.ravel())

    def _linear_input(self, node: Node, place: int) -> _Linear:
        value = self._value(node, place)
        if not isinstance(value, _Linear) or node.text("data_format", _SPATIAL) != _SPATIAL:
            raise node.error(f"input {place} is not a convolution")
        return value

    def _tensor_input(self, node: Node, place: int) -> _Tensor:
        self._value(node, place)
        return self._tensor(node, node.inputs[place])

    def _image_input(self, node: Node, place: int) -> _Tensor:
        tensor = self._tensor_input(node, place)
        if len(tensor.shape) != 3:
            raise node.error(f"input {place} is not an image")
        return tensor

    def _tensor(self, node: Node, name: str) -> _Tensor:
        """The value `name`, added to the graph if it is not there yet."""
        value = self._values[name]
        if isinstance(value, np.ndarray):
            raise node.error(f"a constant {name}")
        if isinstance(value, _Linear):
            weights, bias = self._graph.constant(value.weights), self._graph.constant(value.bias)
            made = self._graph.node(value.operator, value.source, weights, bias, **value.attributes)
            value = self._values[name] = _Tensor(self._reshaped(made, value.made, value.shape), value.shape)
        return value

    def _reshaped(self, name: str, made: tuple[int, ...], wanted: tuple[int, ...]) -> str:
        if len(made) == len(wanted):
            return name
        if len(wanted) == 1:
            return self._graph.node("Flatten", name)
        return self._graph.node("Unsqueeze", name, self._graph.constant(np.array([2, 3], dtype=np.int64)))


def _window(node: Node, image: _Tensor, size: tuple[int, ...]) -> tuple[dict[str, list[int]], tuple[int, int]]:
    """Attributes of an ONNX window of `size` rows and columns. Returns: attributes; rows and columns of the result."""
    strides, padding = node.integers("strides"), node.text("padding", "")
    if (
        len(strides) != 4
        or (strides[0], strides[3]) != (1, 1)
        or not all(1 <= step <= LARGEST_STEP for step in (*strides, *size))
        or node.text("data_format", _SPATIAL) != _SPATIAL
        or padding not in ("SAME", "VALID")
    ):
        raise node.error("a window of another kind")
    before, after, extent = [], [], []
    for pixels, side, step in zip(image.shape[:2], size, strides[1:3], strict=True):
        cells = -(-pixels // step) if padding == "SAME" else (pixels - side) // step + 1
        if cells < 1:
            raise node.error("a window larger than the image")
        missing = max((cells - 1) * step + side - pixels, 0) if padding == "SAME" else 0
        before.append(missing // 2)
        after.append(missing - missing // 2)
        extent.append(cells)
    attributes = {"kernel_shape": list(size), "strides": list(strides[1:3]), "pads": before + after}
    return attributes, (extent[0], extent[1])
