"""Networks with PRelus say the same when they are written as onnxruntime runs them fast."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import ModelProto, TensorProto, helper, numpy_helper

from faceindex.models.graph_interface import CHIPS, VECTORS
from faceindex.models.prelus import chip_by_chip, replace_prelus
from faceindex.types import Pixels, Vectors

SIZE = 16
LAYERS = [(3, 8, 1, 1), (8, 8, 1, 8), (8, 48, 1, 1), (48, 48, 2, 48), (48, 8, 1, 1)]
"""Channels in and out, stride and groups of each convolution; the last but two has more than CHEAP products."""


def network(steepest: float) -> ModelProto:
    """Convolutions, each with its normalisation and its PRelu of slopes up to `steepest`; then one layer for all."""
    random = np.random.default_rng(3)
    nodes = [
        helper.make_node("Cast", [CHIPS], ["floats"], to=TensorProto.FLOAT),
        helper.make_node("Transpose", ["floats"], ["0"], perm=[0, 3, 1, 2]),
    ]
    weights = {}
    for number, (inputs, outputs, stride, groups) in enumerate(LAYERS):
        weights[f"w{number}"] = random.normal(0, 0.3, (outputs, inputs // groups, 3, 3))
        for name in ("scale", "bias", "mean"):
            weights[f"{name}{number}"] = random.normal(1, 0.5, outputs)
        weights[f"variance{number}"] = random.uniform(0.5, 2, outputs)
        weights[f"slope{number}"] = random.uniform(-0.5, steepest, (outputs, 1, 1))
        norm = [f"{name}{number}" for name in ("scale", "bias", "mean", "variance")]
        attributes: dict[str, Any] = {"strides": [stride, stride], "pads": [1, 1, 1, 1], "group": groups}
        nodes += [
            helper.make_node("Conv", [f"{number}", f"w{number}"], [f"c{number}"], **attributes),
            helper.make_node("BatchNormalization", [f"c{number}", *norm], [f"n{number}"]),
            helper.make_node("PRelu", [f"n{number}", f"slope{number}"], [f"{number + 1}"]),
        ]
    weights["last"] = random.normal(0, 0.1, (LAYERS[-1][1] * (SIZE // 2) ** 2, 5))
    nodes += [
        helper.make_node("Flatten", [f"{len(LAYERS)}"], ["flat"]),
        helper.make_node("Gemm", ["flat", "last"], [VECTORS]),
    ]
    graph = helper.make_graph(
        nodes,
        "drawn",
        [helper.make_tensor_value_info(CHIPS, TensorProto.UINT8, ["n", SIZE, SIZE, 3])],
        [helper.make_tensor_value_info(VECTORS, TensorProto.FLOAT, ["n", 5])],
        [numpy_helper.from_array(array.astype(np.float32), name) for name, array in weights.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def vectors(network: bytes, chips: Pixels) -> Vectors:
    session = onnxruntime.InferenceSession(network, providers=["CPUExecutionProvider"])
    return np.asarray(session.run([VECTORS], {CHIPS: chips})[0])


@pytest.mark.parametrize("steepest", [0.9, 1.5])
def test_rewritten_network_gives_the_same_vectors(steepest: float) -> None:
    chips = np.random.default_rng(4).integers(0, 256, (3, SIZE, SIZE, 3), dtype=np.uint8)
    model = network(steepest)
    expected = vectors(model.SerializeToString(), chips)
    assert replace_prelus(model)
    found = vectors(chip_by_chip(model.SerializeToString(), SIZE), chips)
    assert np.abs(found - expected).max() <= 1e-5 * np.abs(expected).max()


def test_cheap_convolutions_are_computed_twice_and_dear_ones_once() -> None:
    model = network(0.9)
    replace_prelus(model)
    kinds = [node.op_type for node in model.graph.node]
    assert "PRelu" not in kinds
    # Two layers are cheap, of stride 1: one more convolution each; three get two of one pixel.
    assert kinds.count("Conv") == len(LAYERS) + 2 + 2 * 3


def test_only_the_last_layer_sees_all_chips() -> None:
    model = network(0.9)
    replace_prelus(model)
    made = onnx.load_model_from_string(chip_by_chip(model.SerializeToString(), SIZE))
    assert [node.op_type for node in made.graph.node] == ["Scan", "Flatten", "Gemm"]


def test_network_without_a_last_layer_stays_as_it_is() -> None:
    model = network(0.9)
    del model.graph.node[-2:]
    model.graph.node.append(helper.make_node("GlobalAveragePool", [f"{len(LAYERS)}"], [VECTORS]))
    file = model.SerializeToString()
    assert chip_by_chip(file, SIZE) == file
