"""Builds ONNX files node by node. The same calls always give the same bytes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from onnx import ModelProto, NodeProto, TensorProto, ValueInfoProto, helper, numpy_helper

OPSET = 17
IR_VERSION = 8
"""The ONNX file version for OPSET."""


@dataclass(slots=True)
class OnnxGraph:
    """Nodes and weights in the order of evaluation; they are named by number."""

    nodes: list[NodeProto] = field(default_factory=list)
    weights: list[TensorProto] = field(default_factory=list)

    def node(self, operator: str, *inputs: str, **attributes: Any) -> str:
        """Add a node. Returns: the name of its output."""
        name = f"{operator.lower()}{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, list(inputs), [name], name=name, **attributes))
        return name

    def constant(self, array: npt.NDArray[np.generic]) -> str:
        """Add weights. Returns: their name."""
        name = f"w{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def model(self, name: str, source: ValueInfoProto, result: ValueInfoProto, metadata: dict[str, str]) -> bytes:
        """The graph as an ONNX file. The node added last gives `result`."""
        self.nodes[-1].output[0] = result.name
        graph = helper.make_graph(self.nodes, name, [source], [result], self.weights)
        model: ModelProto = helper.make_model(
            graph, producer_name="faceindex", ir_version=IR_VERSION, opset_imports=[helper.make_opsetid("", OPSET)]
        )
        helper.set_model_props(model, metadata)
        return bytes(model.SerializeToString(deterministic=True))
