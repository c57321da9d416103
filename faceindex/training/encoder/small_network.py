"""A small network that learns from nothing: dlib's residual blocks, a quarter as wide and few."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from faceindex.models.dlib_networks import Encoder, Layer, Metric, Window
from faceindex.training.losses import DISTANCE_THRESHOLD, MARGIN, Floats

DIMENSION = 128
MEAN = (122.782, 117.001, 104.298)
"""dlib's, of red, green and blue."""


def small_network(side: int, seed: int) -> Encoder:
    """With weights drawn as He, Zhang, Ren and Sun 2015 (Delving Deep into Rectifiers) draw them. side: of chips."""
    plan = [_con(16, 7, 2), Layer("affine"), Layer("relu"), Layer("max_pool", window=Window(3, 2)), *_block(16)]
    for channels in (32, 64, 128):
        plan += _block(channels, down=True)
    plan += [Layer("avg_pool", window=Window(0)), Layer("fc", DIMENSION)]
    return Encoder(MEAN, side, tuple(_drawn(plan, np.random.default_rng(seed))), Metric(MARGIN, DISTANCE_THRESHOLD))


def _con(channels: int, size: int, stride: int = 1) -> Layer:
    return Layer("con", channels, Window(size, stride, size // 2 if stride == 1 else 0))


def _block(channels: int, *, down: bool = False) -> list[Layer]:
    first = [Layer("tag", tag=1), _con(channels, 3, 2 if down else 1), Layer("affine"), Layer("relu")]
    second = [_con(channels, 3), Layer("affine")]
    halved = [Layer("tag", tag=2), Layer("skip", tag=1), Layer("avg_pool", window=Window(2, 2))] if down else []
    return [*first, *second, *halved, Layer("add_prev", tag=2 if down else 1), Layer("relu")]


def _drawn(plan: list[Layer], random: np.random.Generator) -> list[Layer]:
    layers, inputs = [], 3
    for layer in plan:
        weights: Floats = np.empty(0)
        bias: Floats = np.empty(0)
        match layer.kind:
            case "con":
                shape = (layer.channels, inputs, layer.window.size, layer.window.size)
                spread = np.sqrt(2 / np.prod(shape[1:]))
                weights, bias = random.standard_normal(shape) * spread, np.zeros(layer.channels)
                inputs = layer.channels
            case "affine":
                weights, bias = np.ones(inputs), np.zeros(inputs)
            case "fc":
                weights = random.standard_normal((inputs, layer.channels)) / np.sqrt(inputs)
        layers.append(replace(layer, weights=weights.astype(np.float32), bias=bias.astype(np.float32)))
    return layers
