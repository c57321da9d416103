"""Reads dlib's two face networks from its .dat files into plain layers, without dlib.

The files contain no topology: in dlib it is a C++ type that the reader must declare. Here it is a tuple of layers
without weights, to be filled from the file; the geometry that the file does contain must agree (King 2017: dlib's
examples dnn_face_recognition_ex and dnn_mmod_face_detection_ex).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from faceindex.models.dlib_stream import DlibStream, Weights

Kind = Literal["con", "affine", "relu", "max_pool", "avg_pool", "fc", "tag", "skip", "add_prev"]

CHIP_SIDE = 150
"""Pixels; the encoder accepts no other size."""

FIRST_LAYER_VERSION = 3
"""The layer next to the input is another class in dlib, with its own version number."""

SMALLEST_VARIANCE = 1e-12
"""A batch normalisation with a smaller running variance was not trained."""


@dataclass(frozen=True, slots=True)
class Window:
    """A square sliding window, in pixels of the layer's input. size 0: the whole input.

    padding: zeros on every side. An input of n pixels gives (n + 2 padding - size) // stride + 1.
    """

    size: int
    stride: int = 1
    padding: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """One step of a network.

    con: window, weights float32 [channels, inputs, size, size], bias [channels]. affine: weights and bias
    [inputs], y = weights * x + bias for each channel. max_pool, avg_pool: window. fc: weights [inputs,
    channels], no bias. tag: remembers its input under the number `tag`; skip goes on from what was
    remembered; add_prev adds it, the smaller of the two extended by zeros in every dimension.
    """

    kind: Kind
    channels: int = 0
    window: Window = Window(1)
    tag: int = 0
    weights: Weights = field(default_factory=lambda: np.empty(0, dtype=np.float32))
    bias: Weights = field(default_factory=lambda: np.empty(0, dtype=np.float32))


@dataclass(frozen=True, slots=True)
class Metric:
    """loss_metric: the distances of the training. threshold: for a pair of the same person."""

    margin: float
    threshold: float


@dataclass(frozen=True, slots=True)
class Mmod:
    """loss_mmod: the detector's window in pixels, and when one detection suppresses another.

    overlap: shared area over the area of the box around both, covered: shared area over the area of
    either; a detection that exceeds one of them against a better detection is dropped.
    """

    width: int
    height: int
    overlap: float
    covered: float


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """mean: of red, green and blue, 0 to 255; the input is (pixels - mean) / 256. size: side of the input
    image in pixels, 0 for any. layers: in the order of evaluation.
    """

    mean: tuple[float, float, float]
    size: int
    layers: tuple[Layer, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Encoder(Network):
    """Turns chips into vectors."""

    loss: Metric


@dataclass(frozen=True, slots=True, eq=False)
class Detector(Network):
    """Turns an image pyramid into a map of scores."""

    loss: Mmod


def _con(channels: int, size: int, stride: int = 1) -> Layer:
    """dlib pads a convolution so that its output has the size of its input, unless the convolution has a stride."""
    return Layer("con", channels, Window(size, stride, size // 2 if stride == 1 else 0))


def _residual(channels: int, *, down: bool = False) -> tuple[Layer, ...]:
    """Two convolutions and the shortcut around them; `down` halves the image, the shortcut by averaging."""
    block = (
        Layer("tag", tag=1),
        _con(channels, 3, 2 if down else 1),
        Layer("affine"),
        Layer("relu"),
        _con(channels, 3),
        Layer("affine"),
    )
    halved = (Layer("tag", tag=2), Layer("skip", tag=1), Layer("avg_pool", window=Window(2, 2)))
    return (*block, *(halved if down else ()), Layer("add_prev", tag=2 if down else 1), Layer("relu"))


def _level(channels: int, blocks: int) -> tuple[Layer, ...]:
    return _residual(channels, down=True) + (blocks - 1) * _residual(channels)


ENCODER_LAYERS = (
    _con(32, 7, 2),
    Layer("affine"),
    Layer("relu"),
    Layer("max_pool", window=Window(3, 2)),
    *3 * _residual(32),
    *_level(64, 4),
    *_level(128, 3),
    *_level(256, 3),
    *_level(256, 1),
    Layer("avg_pool", window=Window(0)),
    Layer("fc", 128),
)

DETECTOR_LAYERS = (
    *(_con(16, 5, 2), Layer("affine"), Layer("relu")),
    *2 * (_con(32, 5, 2), Layer("affine"), Layer("relu")),
    *3 * (_con(45, 5), Layer("affine"), Layer("relu")),
    _con(1, 9),
)


def read_encoder(stream: DlibStream) -> Encoder:
    """dlib_face_recognition_resnet_model_v1.dat. Raises: ModelError, also for any damage to the file."""
    stream.version(1)
    stream.word("loss_metric_2")
    loss = Metric(margin=stream.number(), threshold=stream.number())
    _expect_versions(stream, ENCODER_LAYERS)
    stream.word("input_rgb_image_sized")
    mean = _mean(stream)
    stream.expect(CHIP_SIDE, CHIP_SIDE)
    return Encoder(mean, CHIP_SIDE, _read_layers(stream, ENCODER_LAYERS), loss)


def read_detector(stream: DlibStream) -> Detector:
    """mmod_human_face_detector.dat. Raises: ModelError, also for any damage to the file."""
    stream.version(1)
    stream.word("loss_mmod_")
    loss = _mmod(stream)
    _expect_versions(stream, DETECTOR_LAYERS)
    stream.word("input_rgb_image_pyramid")
    mean = _mean(stream)
    return Detector(mean, 0, _read_layers(stream, DETECTOR_LAYERS), loss)


def _mean(stream: DlibStream) -> tuple[float, float, float]:
    mean = (stream.number(), stream.number(), stream.number())
    if not all(0 <= value <= 255 for value in mean):
        raise stream.error("a mean colour out of range")
    return mean


def _mmod(stream: DlibStream) -> Mmod:
    stream.version(1)
    width, height = stream.integer(), stream.integer()
    _losses_and_truth_match = [stream.number() for _ in range(3)]
    overlap, covered = stream.number(), stream.number()
    _overlaps_ignored_in_training = [stream.number() for _ in range(2)]
    if not (5 <= min(width, height) <= max(width, height) <= 1000):
        raise stream.error("a detector window out of range")
    if not (0 <= overlap <= 1 and 0 <= covered <= 1):
        raise stream.error("an overlap out of range")
    return Mmod(width, height, overlap, covered)


def _expect_versions(stream: DlibStream, plan: tuple[Layer, ...]) -> None:
    """dlib nests layers, the last one outermost: the versions of all come before the first one's content."""
    stream.expect(*(1 if layer.kind in ("tag", "skip") else 2 for layer in plan[:0:-1]), FIRST_LAYER_VERSION)


def _read_layers(stream: DlibStream, plan: tuple[Layer, ...]) -> tuple[Layer, ...]:
    """`plan` with its weights; the file must end there."""
    layers: list[Layer] = []
    inputs, tags = 3, {0: 0}  # channels; tag 0 stands for none, which adds none
    for layer in plan:
        layers.append(_read_layer(stream, layer, inputs))
        if layer.kind == "tag":
            tags[layer.tag] = inputs
        elif layer.kind == "skip":
            inputs = tags[layer.tag]
        else:
            inputs = max(layer.channels or inputs, tags[layer.tag])
            _skip_training_state(stream, first=layer is plan[0])
    stream.end()
    return tuple(layers)


def _skip_training_state(stream: DlibStream, *, first: bool) -> None:
    """Three flags, then gradients and outputs, which dlib empties before it saves a network."""
    for _ in range(3):
        stream.boolean()
    for _ in range(3):
        stream.tensor()
    if first:
        stream.expect(1)


def _read_layer(stream: DlibStream, layer: Layer, inputs: int) -> Layer:
    """`layer` with its weights. inputs: channels that reach it."""
    match layer.kind:
        case "con":
            return _read_convolution(stream, layer, inputs)
        case "affine":
            return _read_affine(stream, layer, inputs)
        case "fc":
            return _read_fully_connected(stream, layer, inputs)
        case "max_pool" | "avg_pool":
            stream.word(f"{layer.kind}_2")
            _expect_window(stream, layer.window)
        case "relu" | "add_prev":
            stream.word(f"{layer.kind}_")
        case "tag" | "skip":
            pass
    return layer


def _expect_window(stream: DlibStream, window: Window) -> None:
    stream.expect(*2 * (window.size,), *2 * (window.stride,), *2 * (window.padding,))


def _read_convolution(stream: DlibStream, layer: Layer, inputs: int) -> Layer:
    stream.word("con_4")
    shape = (layer.channels, inputs, layer.window.size, layer.window.size)
    size = int(np.prod(shape))
    values = stream.weights(size + layer.channels)
    stream.expect(layer.channels)
    _expect_window(stream, layer.window)
    stream.alias(shape)
    stream.alias((1, layer.channels, 1, 1))
    _skip_learning_rates(stream)
    return replace(layer, weights=values[:size].reshape(shape), bias=values[size:])


def _read_affine(stream: DlibStream, layer: Layer, inputs: int) -> Layer:
    """An affine layer, or the batch normalisation it stands for, which becomes one."""
    kind = stream.word("affine_", "bn_con2")
    values = stream.weights(2 * inputs)
    stream.alias((1, inputs, 1, 1))
    stream.alias((1, inputs, 1, 1))
    gamma, beta = values[:inputs], values[inputs:]
    if kind == "affine_":
        stream.expect(0)
        return replace(layer, weights=gamma, bias=beta)
    _training_means, _training_deviations = stream.tensor(), stream.tensor()
    mean, variance = stream.weights(inputs), stream.weights(inputs)
    _updates, _window = stream.integer(), stream.integer()
    _skip_learning_rates(stream)
    epsilon = stream.number()
    if not (0 <= epsilon <= 1 and variance.min() + epsilon >= SMALLEST_VARIANCE):
        raise stream.error("a variance out of range")
    scale = (gamma / np.sqrt(variance + np.float32(epsilon))).astype(np.float32)
    return replace(layer, weights=scale, bias=(beta - scale * mean).astype(np.float32))


def _read_fully_connected(stream: DlibStream, layer: Layer, inputs: int) -> Layer:
    stream.word("fc_2")
    stream.expect(layer.channels, inputs)
    values = stream.weights(inputs * layer.channels)
    stream.alias((inputs, layer.channels, 1, 1))
    stream.alias((0, 0, 0, 0))
    no_bias = 1
    stream.expect(no_bias)
    _skip_learning_rates(stream)
    return replace(layer, weights=values.reshape(inputs, layer.channels))


def _skip_learning_rates(stream: DlibStream) -> None:
    for _ in range(4):
        stream.number()
