"""OpenFace's network in its geometry, with weights drawn at random: the trained ones are not to be had."""

from __future__ import annotations

import numpy as np
from onnx import TensorProto, helper

from faceindex.models.graph_interface import CHIPS, VECTORS
from faceindex.models.onnx_writer import OnnxGraph

Branch = tuple[int, int]
"""Channels of a 1x1 convolution that thins out, and of the larger one after it."""


class _Nn4Small2:
    """cmusatyalab/openface, models/openface/nn4.small2.def.lua, with batch norm folded."""

    def __init__(self) -> None:
        self.graph = OnnxGraph()
        self.random = np.random.default_rng(96)
        self.parameters = 0

    def convolution(self, source: str, channels: Branch, size: int, stride: int = 1, padding: int = 0) -> str:
        before, after = channels
        deviation = np.sqrt(2 / (before * size * size))
        weights = self.random.normal(0, deviation, (after, before, size, size)).astype(np.float32)
        bias = self.random.normal(0, 0.1, after).astype(np.float32)
        self.parameters += weights.size + 3 * after  # bias, and scale and shift of the batch norm
        made = self.graph.node(
            "Conv",
            source,
            self.graph.constant(weights),
            self.graph.constant(bias),
            kernel_shape=[size, size],
            strides=[stride, stride],
            pads=4 * [padding],
        )
        return self.graph.node("Relu", made)

    def pool(self, source: str, operator: str, stride: int, padding: int = 0) -> str:
        settings = {"p": 2} if operator == "LpPool" else {}
        return self.graph.node(
            operator, source, kernel_shape=[3, 3], strides=[stride, stride], pads=4 * [padding], **settings
        )

    def normalisation(self, source: str) -> str:
        return self.graph.node("LRN", source, size=5, alpha=0.0001, beta=0.75, bias=1.0)

    def padded(self, source: str, before: int, after: int) -> str:
        """Torch's DepthConcat centres a smaller map in a larger one."""
        pads = np.array([0, 0, before, before, 0, 0, after, after], dtype=np.int64)
        return self.graph.node("Pad", source, self.graph.constant(pads))

    def branches(self, source: str, channels: int, *, three: Branch, five: Branch | None, stride: int = 1) -> list[str]:
        made = []
        for size, branch in ((3, three), (5, five)):
            if branch is not None:
                thin = self.convolution(source, (channels, branch[0]), 1)
                made.append(self.convolution(thin, branch, size, stride, size // 2))
        return made

    def joined(self, *sources: str) -> str:
        return self.graph.node("Concat", *sources, axis=1)

    def build(self) -> bytes:
        value = self.convolution(CHIPS, (3, 64), 7, 2, 3)
        value = self.normalisation(self.pool(value, "MaxPool", 2, 1))
        value = self.convolution(self.convolution(value, (64, 64), 1), (64, 192), 3, 1, 1)
        value = self.pool(self.normalisation(value), "MaxPool", 2, 1)  # 12 x 12

        pooled = self.padded(self.convolution(self.pool(value, "MaxPool", 2), (192, 32), 1), 3, 4)
        parts = self.branches(value, 192, three=(96, 128), five=(16, 32))
        value = self.joined(*parts, pooled, self.convolution(value, (192, 64), 1))  # 3a: 256
        pooled = self.padded(self.convolution(self.pool(value, "LpPool", 3), (256, 64), 1), 4, 4)
        parts = self.branches(value, 256, three=(96, 128), five=(32, 64))
        value = self.joined(*parts, pooled, self.convolution(value, (256, 64), 1))  # 3b: 320
        pooled = self.padded(self.pool(value, "MaxPool", 2), 0, 1)
        value = self.joined(*self.branches(value, 320, three=(128, 256), five=(32, 64), stride=2), pooled)  # 3c: 640

        pooled = self.padded(self.convolution(self.pool(value, "LpPool", 3), (640, 128), 1), 2, 2)
        parts = self.branches(value, 640, three=(96, 192), five=(32, 64))
        value = self.joined(*parts, pooled, self.convolution(value, (640, 256), 1))  # 4a: 640
        pooled = self.padded(self.pool(value, "MaxPool", 2), 0, 1)
        value = self.joined(*self.branches(value, 640, three=(160, 256), five=(64, 128), stride=2), pooled)  # 4e: 1024

        pooled = self.padded(self.convolution(self.pool(value, "LpPool", 3), (1024, 96), 1), 1, 1)
        parts = self.branches(value, 1024, three=(96, 384), five=None)
        value = self.joined(*parts, pooled, self.convolution(value, (1024, 256), 1))  # 5a: 736
        pooled = self.padded(self.convolution(self.pool(value, "MaxPool", 2), (736, 96), 1), 1, 1)
        parts = self.branches(value, 736, three=(96, 384), five=None)
        value = self.joined(*parts, pooled, self.convolution(value, (736, 256), 1))  # 5b: 736

        value = self.graph.node("Flatten", self.graph.node("AveragePool", value, kernel_shape=[3, 3]))
        matrix = self.random.normal(0, np.sqrt(1 / 736), (736, 128)).astype(np.float32)
        self.parameters += matrix.size + 128
        value = self.graph.node("MatMul", value, self.graph.constant(matrix))
        self.graph.node("LpNormalization", value, p=2, axis=1)
        return self.graph.model(
            "openface_like",
            helper.make_tensor_value_info(CHIPS, TensorProto.FLOAT, ["n", 3, 96, 96]),
            helper.make_tensor_value_info(VECTORS, TensorProto.FLOAT, ["n", 128]),
            {},
        )


def openface_like_network() -> tuple[bytes, int]:
    """An ONNX file of nn4.small2's geometry, and how many parameters it would have before folding.

    CHIPS: float32 [n, 3, 96, 96] RGB in [0, 1]; VECTORS: float32 [n, 128] of unit length.
    """
    network = _Nn4Small2()
    return network.build(), network.parameters
