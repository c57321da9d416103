"""dlib's networks as ONNX graphs, for onnxruntime: the same weights, several times as fast.

Each affine layer is folded into the convolution before it. The same network always gives the same bytes.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

import numpy as np
from onnx import TensorProto, helper

from faceindex.models.dlib_networks import Detector, Encoder, Layer, Window
from faceindex.models.graph_interface import CHIPS, DETECTOR_METADATA, SCORES, TILE, VECTORS, DetectorGeometry
from faceindex.models.onnx_writer import OnnxGraph


@dataclass(frozen=True, slots=True)
class _Value:
    """A tensor in the graph. shape: channels, rows, columns of one sample; 0 rows for any number."""

    name: str
    channels: int
    rows: int = 0
    columns: int = 0


def encoder_model(network: Encoder) -> bytes:
    """The ResNet: CHIPS to VECTORS, input normalised inside. Returns: an ONNX file."""
    graph = OnnxGraph()
    pixels = graph.node("Cast", CHIPS, to=TensorProto.FLOAT)
    planes = graph.node("Transpose", pixels, perm=[0, 3, 1, 2])  # first: scaling planes takes a tenth of the work
    mean = graph.constant(np.array(network.mean, dtype=np.float32).reshape(3, 1, 1))
    centred = graph.node("Sub", planes, mean)
    scaled = graph.node("Mul", centred, graph.constant(np.array(1 / 256, dtype=np.float32)))
    side = network.size
    _add_layers(graph, network.layers, _Value(scaled, 3, side, side))
    return graph.model(
        "dlib_face_recognition_resnet_model_v1",
        helper.make_tensor_value_info(CHIPS, TensorProto.UINT8, ["n", side, side, 3]),
        helper.make_tensor_value_info(VECTORS, TensorProto.FLOAT, ["n", network.layers[-1].channels]),
        {},
    )


def detector_model(network: Detector) -> bytes:
    """The max-margin detector: TILE to SCORES. Returns: an ONNX file with DETECTOR_METADATA.

    The input is float and normalised, because dlib halves the levels of its pyramid as normalised floats: a pyramid of
    integers would give other scores.
    """
    graph = OnnxGraph()
    _add_layers(graph, network.layers, _Value(TILE, 3))
    return graph.model(
        "mmod_human_face_detector",
        helper.make_tensor_value_info(TILE, TensorProto.FLOAT, [1, 3, "h", "w"]),
        helper.make_tensor_value_info(SCORES, TensorProto.FLOAT, [1, network.layers[-1].channels, "rows", "columns"]),
        {DETECTOR_METADATA: json.dumps(asdict(detector_geometry(network)))},
    )


def detector_geometry(network: Detector) -> DetectorGeometry:
    """Follow a cell of the map back through all convolutions (dlib's map_output_to_input)."""
    stride, origin, field_size, reach = 1, 0, 1, 0
    for layer in network.layers:
        if layer.kind == "con":
            window = layer.window
            origin += stride * (window.size // 2 - window.padding)
            if window.padding:
                reach += window.padding
            else:
                field_size += stride * (window.size - 1)
            stride *= window.stride
    return DetectorGeometry(
        **asdict(network.loss), mean=network.mean, stride=stride, origin=origin, field=field_size, reach=reach
    )


def _add_layers(graph: OnnxGraph, layers: tuple[Layer, ...], value: _Value) -> None:
    tags: dict[int, _Value] = {}
    for layer, next_layer in zip(layers, (*layers[1:], None), strict=True):
        match layer.kind:
            case "con":
                value = _convolution(graph, value, layer, next_layer)
            case "relu":
                value = _Value(graph.node("Relu", value.name), value.channels, value.rows, value.columns)
            case "max_pool" | "avg_pool":
                value = _pooling(graph, value, layer)
            case "tag":
                tags[layer.tag] = value
            case "skip":
                value = tags[layer.tag]
            case "add_prev":
                value = _sum(graph, value, tags[layer.tag])
            case "fc":
                flat = graph.node("Flatten", value.name)
                value = _Value(graph.node("MatMul", flat, graph.constant(layer.weights)), layer.channels)
            case "affine":
                pass  # part of the convolution before it


def _convolution(graph: OnnxGraph, value: _Value, layer: Layer, next_layer: Layer | None) -> _Value:
    weights, bias = layer.weights, layer.bias
    if next_layer is not None and next_layer.kind == "affine":
        weights = weights * next_layer.weights[:, None, None, None]
        bias = bias * next_layer.weights + next_layer.bias
    window = layer.window
    name = graph.node("Conv", value.name, graph.constant(weights), graph.constant(bias), **_window_attributes(window))
    return _Value(name, layer.channels, _extent(value.rows, window), _extent(value.columns, window))


def _pooling(graph: OnnxGraph, value: _Value, layer: Layer) -> _Value:
    window = layer.window
    if window.size == 0:
        return _Value(graph.node("GlobalAveragePool", value.name), value.channels, 1, 1)
    operator = "MaxPool" if layer.kind == "max_pool" else "AveragePool"
    name = graph.node(operator, value.name, **_window_attributes(window))
    return _Value(name, value.channels, _extent(value.rows, window), _extent(value.columns, window))


def _window_attributes(window: Window) -> dict[str, list[int]]:
    return {
        "kernel_shape": 2 * [window.size],
        "strides": 2 * [window.stride],
        "pads": 4 * [window.padding],
    }


def _extent(pixels: int, window: Window) -> int:
    return (pixels + 2 * window.padding - window.size) // window.stride + 1 if pixels else 0


def _sum(graph: OnnxGraph, one: _Value, other: _Value) -> _Value:
    """dlib adds tensors of different shapes by extending each with zeros to the larger of every dimension."""
    channels, rows, columns = (
        max(one.channels, other.channels),
        max(one.rows, other.rows),
        max(one.columns, other.columns),
    )
    names = [_extended(graph, value, channels, rows, columns) for value in (one, other)]
    return _Value(graph.node("Add", *names), channels, rows, columns)


def _extended(graph: OnnxGraph, value: _Value, channels: int, rows: int, columns: int) -> str:
    missing = [channels - value.channels, rows - value.rows, columns - value.columns]
    if not any(missing):
        return value.name
    return graph.node("Pad", value.name, graph.constant(np.array([0, 0, 0, 0, 0, *missing], dtype=np.int64)))
