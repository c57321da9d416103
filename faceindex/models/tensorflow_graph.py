"""Frozen TensorFlow graphs, read without TensorFlow: nodes, their attributes and their weights.

Nothing is trusted: see `protobuf_stream` (format: tensorflow/core/framework/graph.proto, node_def.proto,
attr_value.proto, tensor.proto, tensor_shape.proto and types.proto).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter

import numpy as np
import numpy.typing as npt

from faceindex.errors import ModelError
from faceindex.models.dlib_stream import LARGEST_WEIGHT
from faceindex.models.protobuf_stream import Message, ProtobufFile
from faceindex.plurals import plural

Array = npt.NDArray[np.float32 | np.int32]
"""A constant, read only: a view of the file's bytes, or one value broadcast."""

LONGEST_REPETITION = 65_536
"""A single stored value may be repeated so many times: enough for a bias, too few to fill the memory."""

MOST_DIMENSIONS = 8

_NODES = 1
_NODE_NAME, _NODE_OPERATOR, _NODE_INPUTS, _NODE_ATTRIBUTES = 1, 2, 3, 5
_MAP_KEY, _MAP_VALUE = 1, 2
_LIST, _BYTES, _INTEGER, _FLOAT, _BOOLEAN, _SHAPE, _TENSOR = 1, 2, 3, 4, 5, 7, 8
_LIST_INTEGERS = 3
_TENSOR_TYPE, _TENSOR_SHAPE, _TENSOR_CONTENT, _TENSOR_FLOATS, _TENSOR_INTEGERS = 1, 2, 4, 5, 7
_DIMENSION, _DIMENSION_SIZE = 2, 1
_TYPE_FLOAT, _TYPE_INT32 = 1, 3
_CONTROL = "^"


@dataclass(frozen=True, slots=True)
class Node:
    """One operation. inputs: names of the nodes whose first output it takes, in order.

    Every method reads an attribute, and raises ModelError if it is missing or of another kind.
    """

    name: str
    operator: str
    inputs: tuple[str, ...]
    attributes: dict[str, Message]
    file: ProtobufFile

    def error(self, reason: str) -> ModelError:
        """An error that names the file, the node and the reason."""
        return self.file.error(f"{reason} at {self.operator} {self.name}")

    def text(self, name: str, default: str) -> str:
        """A string, such as the kind of padding."""
        return self._attribute(name).text(_BYTES) if name in self.attributes else default

    def integers(self, name: str, default: tuple[int, ...] | None = None) -> tuple[int, ...]:
        """A list of integers, such as strides."""
        if default is not None and name not in self.attributes:
            return default
        return tuple(self._attribute(name).message(_LIST).integers(_LIST_INTEGERS))

    def flag(self, name: str, default: bool) -> bool:
        """True or false."""
        return bool(self._attribute(name).integer(_BOOLEAN)) if name in self.attributes else default

    def number(self, name: str) -> float:
        """A finite float."""
        values = self._attribute(name).chunks(_FLOAT)
        if len(values) != 1 or len(values[0]) != 4:
            raise self.error(f"no number {name}")
        value = float(np.frombuffer(values[0], dtype="<f4")[0])
        if not math.isfinite(value):
            raise self.error(f"no finite {name}")
        return value

    def shape(self, name: str) -> tuple[int, ...]:
        """A shape; -1 means any size."""
        return _dimensions(self._attribute(name).message(_SHAPE))

    def tensor(self, name: str) -> Array:
        """A constant of float32 or int32, without infinity, NaN or values beyond LARGEST_WEIGHT."""
        message = self._attribute(name).message(_TENSOR)
        shape = _dimensions(message.message(_TENSOR_SHAPE))
        if any(size < 0 for size in shape):
            raise self.error("a constant of unknown shape")
        size = math.prod(shape)
        values = self._values(message)
        if len(values) == 1 < size <= LONGEST_REPETITION:
            return np.broadcast_to(values, shape)
        if len(values) != size:
            raise self.error(f"{plural(len(values), 'value')} in a constant of size {size:,}")
        return values.reshape(shape)

    def _values(self, message: Message) -> Array:
        kind = message.integer(_TENSOR_TYPE)
        if kind == _TYPE_FLOAT:
            floats: npt.NDArray[np.float32] = np.frombuffer(self._raw(message, _TENSOR_FLOATS), dtype="<f4")
            if floats.size and not np.abs(floats).max() <= LARGEST_WEIGHT:
                raise self.error("a weight out of range")
            return floats
        if kind == _TYPE_INT32:
            if _TENSOR_CONTENT in message:
                return np.frombuffer(self._raw(message, _TENSOR_CONTENT), dtype="<i4")
            integers = message.integers(_TENSOR_INTEGERS)
            if not all(-(2**31) <= integer < 2**31 for integer in integers):
                raise self.error("an integer out of range")
            return np.array(integers, dtype=np.int32)
        raise self.error(f"a constant of type {kind}")

    def _raw(self, message: Message, field: int) -> memoryview:
        """The content if there is any, else the values of `field`, packed or single: four bytes each."""
        chunks = message.chunks(_TENSOR_CONTENT if _TENSOR_CONTENT in message else field)
        data = chunks[0] if len(chunks) == 1 else memoryview(b"".join(chunks))
        if len(data) % 4:
            raise self.error("a constant cut off")
        return data

    def _attribute(self, name: str) -> Message:
        if name not in self.attributes:
            raise self.error(f"no attribute {name}")
        return self.attributes[name]


def read_graph(file: ProtobufFile) -> tuple[Node, ...]:
    """The graph's nodes, each after the nodes whose outputs it uses. Raises: ModelError."""
    nodes: dict[str, Node] = {}
    for node in _nodes(file):
        if node.name in nodes:
            raise node.error("a second node of this name")
        nodes[node.name] = node
    for node in nodes.values():
        for source in node.inputs:
            if source not in nodes:
                raise node.error(f"no input {source}")
    try:
        order = list(TopologicalSorter({name: node.inputs for name, node in nodes.items()}).static_order())
    except CycleError:
        raise file.error("nodes that wait for each other") from None
    return tuple(nodes[name] for name in order)


def _nodes(file: ProtobufFile) -> Iterator[Node]:
    for message in file.message().messages(_NODES):
        inputs = tuple(name.removesuffix(":0") for name in message.texts(_NODE_INPUTS) if not name.startswith(_CONTROL))
        attributes = {entry.text(_MAP_KEY): entry.message(_MAP_VALUE) for entry in message.messages(_NODE_ATTRIBUTES)}
        yield Node(message.text(_NODE_NAME), message.text(_NODE_OPERATOR), inputs, attributes, file)


def _dimensions(shape: Message) -> tuple[int, ...]:
    sizes = tuple(dimension.integer(_DIMENSION_SIZE) for dimension in shape.messages(_DIMENSION))
    if len(sizes) > MOST_DIMENSIONS:
        raise shape.error(f"{plural(len(sizes), 'dimension')}")
    return sizes
