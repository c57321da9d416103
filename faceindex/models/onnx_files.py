"""Turns other people's ONNX files into the form that our code runs: float weights, any batch size, chips as input."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from google.protobuf.message import DecodeError
from onnx import GraphProto, ModelProto, NodeProto, TensorProto, helper, numpy_helper
from onnx.compose import add_prefix_graph
from onnx.reference import ReferenceEvaluator

from faceindex.errors import ModelError
from faceindex.models.cards import ModelCard
from faceindex.models.graph_interface import CHIPS, PIXELS, VECTORS

FOLDABLE = frozenset({"DequantizeLinear", "Reshape", "Constant", "Identity", "Transpose", "Cast"})
"""Operators that are computed here if all their inputs are constant."""

AXES_ARE_INPUTS = 18
"""Operator set from which ReduceMean has its axes as an input."""

Arrays = dict[str, npt.NDArray[np.generic]]


def parse(data: bytes, name: str) -> ModelProto:
    """The model in an ONNX file. `name` is for the message. Raises: ModelError if it is not one."""
    try:
        model = onnx.load_model_from_string(data)
        onnx.checker.check_model(model)
    except (DecodeError, onnx.checker.ValidationError, ValueError) as error:
        reason = str(error).strip().splitlines()
        raise ModelError(f"{name} is not an ONNX model: {reason[0] if reason else 'it cannot be read'}") from None
    return model


def fold_constants(model: ModelProto) -> None:
    """Fold constants, such as weights stored as 8-bit blocks, and remove what only training needs."""
    graph = model.graph
    known: Arrays = {weights.name: numpy_helper.to_array(weights) for weights in graph.initializer}
    same: dict[str, str] = {}
    nodes = []
    for node in graph.node:
        for place, name in enumerate(node.input):
            node.input[place] = same.get(name, name)
        if node.op_type == "Dropout":
            same[node.output[0]] = node.input[0]
        elif node.op_type in FOLDABLE and all(name in known for name in node.input):
            known[node.output[0]] = _worked_out(node, known, model)
        else:
            nodes.append(node)
    _replace(graph.node, nodes)
    weights = [numpy_helper.from_array(np.asarray(array, order="C"), name) for name, array in known.items()]
    _replace(graph.initializer, weights)
    _drop_unused(graph)


def encoder_file(model: ModelProto, card: ModelCard) -> bytes:
    """`model` with CHIPS as its input and VECTORS as its output; pixels are scaled inside, as the card says.

    A model that takes CHIPS already, as the graphs that we make ourselves do, scales them itself. Raises: ModelError
    unless the model has one input and one output with the shapes in the card.
    """
    graph, size = model.graph, card.size
    if len(graph.input) != 1 or len(graph.output) != 1:
        raise ModelError(
            f"{card.name} needs one input and one output; it has {len(graph.input)} and {len(graph.output)}"
        )
    takes_bytes = graph.input[0].type.tensor_type.elem_type == TensorProto.UINT8
    if not takes_bytes and graph.input[0].type.tensor_type.elem_type != TensorProto.FLOAT:
        raise ModelError(f"{card.name} must have 32-bit floats as its input")
    planes_first = _layout(graph, card)
    if takes_bytes:  # it may have been made here, and have our names
        add_prefix_graph(graph, "inner ", inplace=True)
    _rename(graph)
    nodes: list[NodeProto] = []
    source = graph.input[0].name
    if takes_bytes:
        if planes_first or card.scaling != "none" or card.colour != "RGB":
            raise ModelError(f"{card.name} has bytes as its input: they must be RGB, [n, h, w, 3], and scaled inside")
        nodes.append(helper.make_node("Identity", [CHIPS], [source]))
    else:
        nodes.append(helper.make_node("Cast", [CHIPS], ["chips as floats"], to=TensorProto.FLOAT))
        scaled = _scaling("chips as floats", card, nodes, model)
        if planes_first:
            nodes.append(helper.make_node("Transpose", [scaled], [source], perm=[0, 3, 1, 2]))
        else:
            nodes.append(helper.make_node("Identity", [scaled], [source]))
    nodes += graph.node
    nodes.append(helper.make_node("Flatten", [graph.output[0].name], [VECTORS]))
    _replace(graph.node, nodes)
    _replace(graph.input, [helper.make_tensor_value_info(CHIPS, TensorProto.UINT8, ["n", size, size, 3])])
    _replace(graph.output, [helper.make_tensor_value_info(VECTORS, TensorProto.FLOAT, ["n", card.dimension])])
    del graph.value_info[:]  # they are shapes for one batch size
    return bytes(model.SerializeToString(deterministic=True))


def pixels_file(model: ModelProto) -> bytes:
    """A detector's `model` with RGB PIXELS of any size as input instead of BGR planes; its outputs have any size."""
    graph = model.graph
    source = graph.input[0].name
    nodes = [
        helper.make_node("Transpose", [PIXELS], ["planes"], perm=[0, 3, 1, 2]),
        helper.make_node("Cast", ["planes"], [source], to=TensorProto.FLOAT),
        *graph.node,
    ]
    _swap_colours(graph, source)
    _replace(graph.node, nodes)
    _replace(graph.input, [helper.make_tensor_value_info(PIXELS, TensorProto.UINT8, ["n", "h", "w", 3])])
    outputs = [
        helper.make_tensor_value_info(
            result.name,
            TensorProto.FLOAT,
            ["n", f"places {result.name}", result.type.tensor_type.shape.dim[2].dim_value],
        )
        for result in graph.output
    ]
    _replace(graph.output, outputs)
    del graph.value_info[:]
    return bytes(model.SerializeToString(deterministic=True))


def _drop_unused(graph: GraphProto) -> None:
    """Remove weights, and inputs with default weights, that no node uses."""
    used = {name for node in graph.node for name in node.input}
    weights = [weights for weights in graph.initializer if weights.name in used]
    named = {one.name for one in weights}
    _replace(graph.initializer, weights)
    _replace(graph.input, [source for source in graph.input if source.name in used - named])


def _swap_colours(graph: GraphProto, source: str) -> None:
    """Change the convolution that reads `source` so that it expects RGB instead of BGR."""
    (convolution,) = (node for node in graph.node if source in node.input)
    for weights in graph.initializer:
        if weights.name == convolution.input[1]:
            swapped = numpy_helper.to_array(weights)[:, ::-1]
            weights.CopyFrom(numpy_helper.from_array(np.ascontiguousarray(swapped), weights.name))


def _rename(graph: GraphProto) -> None:
    """Rename values of the graph, so that they cannot be confused with CHIPS and VECTORS."""
    names = {CHIPS: "network chips", VECTORS: "network vectors"}
    names |= {graph.input[0].name: "network input", graph.output[0].name: "network output"}
    for weights in graph.initializer:
        weights.name = names.get(weights.name, weights.name)
    for node in graph.node:
        _replace(node.input, [names.get(name, name) for name in node.input])
        _replace(node.output, [names.get(name, name) for name in node.output])
    for value in (*graph.input, *graph.output):
        value.name = names[value.name]


def _layout(graph: GraphProto, card: ModelCard) -> bool:
    """Whether the model expects planes [n, 3, h, w], not pixels [n, h, w, 3]."""
    shape = [place.dim_value for place in graph.input[0].type.tensor_type.shape.dim]
    side = card.size or 0

    def fits(wanted: Sequence[int]) -> bool:
        return len(shape) == 4 and all(have in (0, want) for have, want in zip(shape[1:], wanted, strict=True))

    if fits((3, side, side)):
        return True
    if fits((side, side, 3)):
        return False
    raise ModelError(f"{card.name} has an input of shape {shape}, not RGB images of side {side}")


def _scaling(value: str, card: ModelCard, nodes: list[NodeProto], model: ModelProto) -> str:
    """Add nodes that scale floats 0 ... 255, [n, h, w, 3], RGB, as the card says. Returns: the name of their output."""

    opset = next(used.version for used in model.opset_import if used.domain in ("", "ai.onnx"))

    def constant(name: str, number: object, kind: type[np.generic] = np.float32) -> str:
        model.graph.initializer.append(numpy_helper.from_array(np.array(number, dtype=kind), name))
        return name

    def node(operator: str, *inputs: str, **attributes: Any) -> str:
        name = f"chips {len(nodes)}"
        nodes.append(helper.make_node(operator, list(inputs), [name], **attributes))
        return name

    def mean(value: str) -> str:
        """The mean over all numbers of a chip."""
        if opset < AXES_ARE_INPUTS:
            return node("ReduceMean", value, axes=[1, 2, 3])
        return node("ReduceMean", value, constant(f"axes {len(nodes)}", [1, 2, 3], np.int64))

    if card.colour == "BGR":
        value = node("Gather", value, constant("blue green red", [2, 1, 0], np.int64), axis=3)
    match card.scaling:
        case "none":
            return value
        case "unit":
            return node("Div", value, constant("white", 255))
        case "symmetric":
            return node("Div", node("Sub", value, constant("grey", 127.5)), constant("contrast", 128))
        case "whiten":
            centred = node("Sub", value, mean(value))
            variance = mean(node("Mul", centred, centred))
            lowest = constant("least deviation", 1 / np.sqrt((card.size or 1) ** 2 * 3))
            return node("Div", centred, node("Max", node("Sqrt", variance), lowest))
    raise ModelError(f"the card of {card.name} asks for the unknown scaling {card.scaling}")


def _worked_out(node: NodeProto, known: Arrays, model: ModelProto) -> npt.NDArray[np.generic]:
    result = helper.make_tensor_value_info(node.output[0], TensorProto.UNDEFINED, None)
    weights = [numpy_helper.from_array(known[name], name) for name in node.input]
    graph = helper.make_graph([node], "constant", [], [result], weights)
    (array,) = ReferenceEvaluator(helper.make_model(graph, opset_imports=model.opset_import)).run(None, {})
    return np.asarray(array)


def _replace(field: object, values: Sequence[object]) -> None:
    values = list(values)
    del field[:]  # type: ignore[attr-defined]
    field.extend(values)  # type: ignore[attr-defined]
