"""A network of a user: its card and its file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
from onnx import TensorProto, helper, numpy_helper

CARD = """
[model]
name = "mine"
title = "A network of my own"
licence = "mine"
source = "my desk"
input = "112x112 chip"
size = 112
dimension = 7
metric = "euclidean"
{model}

[recipe]
title = "My own"
detector = "yunet"
alignment = "five-point"
match_threshold = 1.0
cluster_threshold = 0.8
confidence = [1.0, 0.1]
{recipe}
"""


def network(
    weights: npt.NDArray[np.generic], shape: list[int | str] | None = None, kind: int = TensorProto.FLOAT
) -> bytes:
    """An encoder: planes averaged over 4 x 4 parts of the chip, times `weights` [48, d]."""
    nodes = [
        helper.make_node("AveragePool", ["data"], ["parts"], kernel_shape=[28, 28], strides=[28, 28]),
        helper.make_node("Flatten", ["parts"], ["flat"]),
        helper.make_node("MatMul", ["flat", "weights"], ["out"]),
    ]
    graph = helper.make_graph(
        nodes,
        "mine",
        [helper.make_tensor_value_info("data", kind, shape or [1, 3, 112, 112])],
        [helper.make_tensor_value_info("out", kind, [1, weights.shape[1]])],
        [numpy_helper.from_array(weights, "weights")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    return bytes(model.SerializeToString())


WEIGHTS = np.random.default_rng(0).standard_normal((48, 7)).astype(np.float32)


def written(tmp_path: Path, data: bytes, *, model: str = "", recipe_lines: str = "") -> tuple[Path, Path]:
    file, card = tmp_path / "mine.onnx", tmp_path / "card.toml"
    file.write_bytes(data)
    card.write_text(CARD.format(model=model, recipe=recipe_lines))
    return file, card
