"""Networks with PRelus, such as SFace, written so that onnxruntime runs them fast on a CPU."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import GraphProto, ModelProto, NodeProto, TensorProto, helper, numpy_helper

from faceindex.models.graph_interface import CHIPS

CHEAP = 32
"""Products a number of a convolution's result up to which to compute it twice takes less than to read it twice."""

AXES_ARE_INPUTS = 13
"""Operator set from which Squeeze and Unsqueeze have their axes as an input."""

Array = npt.NDArray[Any]
Arrays = dict[str, Array]


def replace_prelus(model: ModelProto) -> bool:
    """Write PRelu(x) as slope x + Relu((1 - slope) x), with both terms computed by the convolution that gives x; and
    where that would be dear, as x + (1 - slope) Relu(-x), with the factors as convolutions of one pixel.

    onnxruntime's PRelu is slow, and reorders the data before and after it; convolutions, Relu and sums use one order
    (SFace: half of the time). Returns: whether there are any.
    """
    graph = model.graph
    known = {weights.name: numpy_helper.to_array(weights) for weights in graph.initializer}
    replaced: dict[str, list[NodeProto]] = {}
    for node in graph.node:
        slope = known.get(node.input[1]) if node.op_type == "PRelu" else None
        if slope is None or slope.size != slope.shape[0]:
            continue
        source = _cheap_source(graph, node, known) if (slope < 1).all() else None
        if source:
            replaced |= {one.output[0]: [] for one in source}
            replaced[node.output[0]] = _twice(graph, source, known, slope.ravel(), node.output[0])
        else:
            replaced[node.output[0]] = _lifted(graph, node, slope.ravel())
    nodes = [one for node in graph.node for one in replaced.get(node.output[0], [node])]
    weights = _used({one.name: one for one in graph.initializer}, nodes)
    del graph.node[:]
    del graph.initializer[:]
    graph.node.extend(nodes)
    graph.initializer.extend(weights)
    return bool(replaced)


def _cheap_source(graph: GraphProto, prelu: NodeProto, known: Arrays) -> tuple[NodeProto, NodeProto] | None:
    """The cheap convolution and its batch normalisation that give what a PRelu, and nothing else, sees; or None."""
    made_by = {node.output[0]: node for node in graph.node}
    uses = Counter(name for node in graph.node for name in node.input)
    normalised = made_by.get(prelu.input[0])
    convolution = made_by.get(normalised.input[0]) if normalised else None
    if not (normalised and convolution) or max(uses[prelu.input[0]], uses[normalised.input[0]]) > 1:
        return None
    weights = (*convolution.input[1:], *normalised.input[1:])
    kinds = (convolution.op_type, normalised.op_type)
    if kinds != ("Conv", "BatchNormalization") or not all(name in known for name in weights):
        return None
    strides = next((set(one.ints) for one in convolution.attribute if one.name == "strides"), {1})
    products = int(np.prod(known[convolution.input[1]].shape[1:]))
    return (convolution, normalised) if strides == {1} and products <= CHEAP else None


def _twice(
    graph: GraphProto, source: tuple[NodeProto, NodeProto], known: Arrays, slope: Array, result: str
) -> list[NodeProto]:
    """slope x + Relu((1 - slope) x): the factors go into the normalisation, and onnxruntime puts that, the Relu and the
    sum into the convolutions."""
    convolution, normalised = source
    nodes = []
    for name, factor in {"line": slope, "rise": 1 - slope}.items():
        again, scaled = NodeProto(), NodeProto()
        again.CopyFrom(convolution)
        scaled.CopyFrom(normalised)
        again.name = again.output[0] = scaled.input[0] = f"{result} {name} unscaled"
        scaled.name = scaled.output[0] = f"{result} {name}"
        for place in (1, 2):
            scaled.input[place] = f"{result} {name} {place}"
            numbers = (known[normalised.input[place]] * factor).astype(np.float32)
            graph.initializer.append(numpy_helper.from_array(numbers, scaled.input[place]))
        nodes += [again, scaled]
    nodes.append(helper.make_node("Relu", [f"{result} rise"], [f"{result} above"]))
    nodes.append(helper.make_node("Add", [f"{result} line", f"{result} above"], [result]))
    return nodes


def _lifted(graph: GraphProto, node: NodeProto, slope: Array) -> list[NodeProto]:
    """x + (1 - slope) Relu(-x)."""
    source, result, channels = node.input[0], node.output[0], slope.size
    factors = {"minus": np.full(channels, -1), "steepness": 1 - slope}
    for name, factor in factors.items():
        weights = factor.astype(np.float32).reshape(channels, 1, 1, 1)
        graph.initializer.append(numpy_helper.from_array(weights, f"{result} {name}"))
    return [
        helper.make_node("Conv", [source, f"{result} minus"], [f"{result} below"], group=channels),
        helper.make_node("Relu", [f"{result} below"], [f"{result} depth"]),
        helper.make_node("Conv", [f"{result} depth", f"{result} steepness"], [f"{result} lift"], group=channels),
        helper.make_node("Add", [source, f"{result} lift"], [result]),
    ]


def chip_by_chip(network: bytes, size: int) -> bytes:
    """An encoder's ONNX file that sees one chip after the other, of `size` x `size` pixels, up to its last layer, which
    sees them all.

    The planes of one chip stay in the processor's cache, and the weights of the last layer, which may be most of them,
    are read once for a batch. Returns: `network` itself if it has no such layer, or is of an old operator set.
    """
    model = onnx.load_model_from_string(network)
    nodes = list(model.graph.node)
    last = next((place for place, node in enumerate(nodes) if node.op_type == "Gemm"), 0)
    flat = next((place for place in range(last, 0, -1) if nodes[place].op_type == "Flatten"), 0)
    inner, rest = nodes[:flat], nodes[flat:]
    operators = next(used.version for used in model.opset_import if used.domain in ("", "ai.onnx"))
    if not inner or not _is_only_link(inner, rest) or operators < AXES_ARE_INPUTS:
        return network
    middle = rest[0].input[0]
    chip, one = f"{CHIPS} of one", f"{middle} of one"
    _rename(inner, {CHIPS: chip, middle: one})
    weights = {weights.name: weights for weights in model.graph.initializer}
    body = helper.make_graph(
        [
            helper.make_node("Unsqueeze", ["one chip", "first"], [chip]),
            *inner,
            helper.make_node("Squeeze", [one, "first"], ["one result"]),
        ],
        "one chip after the other",
        [helper.make_tensor_value_info("one chip", TensorProto.UINT8, [size, size, 3])],
        [helper.make_tensor_value_info("one result", TensorProto.FLOAT, None)],
        [*_used(weights, inner), numpy_helper.from_array(np.array([0], dtype=np.int64), "first")],
    )
    kept = _used(weights, rest)
    del model.graph.node[:]
    del model.graph.initializer[:]
    model.graph.node.extend([helper.make_node("Scan", [CHIPS], [middle], num_scan_inputs=1, body=body), *rest])
    model.graph.initializer.extend(kept)
    return bytes(model.SerializeToString(deterministic=True))


def _is_only_link(inner: list[NodeProto], rest: list[NodeProto]) -> bool:
    """Whether all that `rest` needs of `inner` is the first input of its first node."""
    made = {name for node in inner for name in node.output}
    needed = {name for node in rest for name in node.input if name in made or name == CHIPS}
    return needed == {rest[0].input[0]}


def _rename(nodes: list[NodeProto], names: dict[str, str]) -> None:
    for node in nodes:
        for field in (node.input, node.output):
            renamed = [names.get(name, name) for name in field]
            del field[:]
            field.extend(renamed)


def _used(weights: dict[str, TensorProto], nodes: list[NodeProto]) -> list[TensorProto]:
    used = {name for node in nodes for name in node.input}
    return [one for name, one in weights.items() if name in used]
