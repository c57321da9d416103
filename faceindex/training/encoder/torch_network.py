"""dlib's layers as a torch module that learns, and back.

An affine layer after a convolution is folded into it, as in our ONNX file of the network; a network that learns from
nothing has batch normalisations there, which are folded when it is done.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from faceindex.models.dlib_networks import Encoder, Layer


class TorchNetwork(nn.Module):  # type: ignore[misc]
    """The network on torch. Input: uint8 or float [n, s, s, 3], RGB, 0 to 255. Output: float [n, d]."""

    def __init__(self, network: Encoder, *, normalised: bool = False) -> None:
        """normalised: a batch normalisation stands where the plan has an affine layer, and is learnt from nothing."""
        super().__init__()
        self.plan = network
        self.register_buffer("mean", torch.tensor(network.mean).reshape(3, 1, 1), persistent=False)
        self.learnt = nn.ModuleDict()
        for place, layer in enumerate(network.layers):
            following = network.layers[place + 1] if place + 1 < len(network.layers) else None
            if layer.kind == "con":
                self.learnt[str(place)] = _convolution(layer, None if normalised else following)
            elif layer.kind == "affine" and normalised:
                self.learnt[str(place)] = nn.BatchNorm2d(len(layer.weights))
            elif layer.kind == "fc":
                inputs, outputs = layer.weights.shape
                linear = nn.Linear(inputs, outputs, bias=False)
                linear.weight = nn.Parameter(torch.tensor(layer.weights.T.copy()))
                self.learnt[str(place)] = linear
        self.to(memory_format=torch.channels_last)

    def forward(self, chips: torch.Tensor) -> torch.Tensor:
        """The vectors of chips."""
        planes = chips.permute(0, 3, 1, 2).to(torch.float32)  # which is channels_last in memory
        value = (planes - self.mean) * (1 / 256)
        tags: dict[int, torch.Tensor] = {}
        for place, layer in enumerate(self.plan.layers):
            window = layer.window
            match layer.kind:
                case "con" | "affine":
                    value = self.learnt[str(place)](value) if str(place) in self.learnt else value
                case "fc":
                    with torch.autocast(value.device.type, enabled=False):  # vectors keep their 24 bits
                        value = self.learnt[str(place)](value.flatten(1).float())
                case "relu":
                    value = functional.relu(value)
                case "max_pool":
                    value = functional.max_pool2d(value, window.size, window.stride, window.padding)
                case "avg_pool" if window.size == 0:
                    value = value.mean((2, 3))
                case "avg_pool":
                    value = functional.avg_pool2d(value, window.size, window.stride, window.padding)
                case "tag":
                    tags[layer.tag] = value
                case "skip":
                    value = tags[layer.tag]
                case "add_prev":
                    value = _sum(value, tags[layer.tag])
        return value

    def network(self) -> Encoder:
        """The plan with what was learnt; an affine layer that is folded is the identity in it."""
        layers, learnt = list(self.plan.layers), dict(self.learnt.items())
        for place, layer in enumerate(self.plan.layers):
            module = learnt.get(str(place))
            if isinstance(module, nn.Conv2d):
                bias = np.zeros(layer.channels, np.float32) if module.bias is None else _array(module.bias)
                layers[place] = replace(layer, weights=_array(module.weight), bias=bias)
            elif isinstance(module, nn.BatchNorm2d):
                layers[place] = _affine(layer, module)
            elif isinstance(module, nn.Linear):
                layers[place] = replace(layer, weights=_array(module.weight).T.copy())
            elif layer.kind == "affine":
                ones = np.ones_like(layer.weights)
                layers[place] = replace(layer, weights=ones, bias=np.zeros_like(ones))
        return replace(self.plan, layers=tuple(layers))


def _convolution(layer: Layer, following: Layer | None) -> nn.Conv2d:
    window = layer.window
    outputs, inputs = layer.weights.shape[:2]
    made = nn.Conv2d(inputs, outputs, window.size, window.stride, window.padding)
    weights, bias = layer.weights, layer.bias
    if following is not None and following.kind == "affine":
        weights = weights * following.weights[:, None, None, None]
        bias = bias * following.weights + following.bias
    made.weight, made.bias = nn.Parameter(torch.tensor(weights)), nn.Parameter(torch.tensor(bias))
    return made


def _affine(layer: Layer, module: nn.BatchNorm2d) -> Layer:
    assert module.running_mean is not None
    assert module.running_var is not None
    scale = module.weight / torch.sqrt(module.running_var + module.eps)
    return replace(layer, weights=_array(scale), bias=_array(module.bias - scale * module.running_mean))


def _sum(one: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
    """dlib extends both with zeros to the larger of every dimension."""
    sizes = [max(a, b) for a, b in zip(one.shape[1:], other.shape[1:], strict=True)]
    first, second = (_extended(value, sizes) for value in (one, other))
    return first + second


def _extended(value: torch.Tensor, sizes: list[int]) -> torch.Tensor:
    missing = [want - have for want, have in zip(sizes, value.shape[1:], strict=True)]
    channels, rows, columns = missing
    return functional.pad(value, (0, columns, 0, rows, 0, channels)) if any(missing) else value


def _array(tensor: torch.Tensor) -> np.ndarray:
    return np.ascontiguousarray(tensor.detach().cpu().float().numpy())
