"""What a chip costs each encoder by the number of chips at once, on one core, by each engine that is installed.

The sizes that faceindex uses follow from this: `faceindex/faces/engine.py`. Works take turns; processor time.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from importlib.util import find_spec

import numpy as np
from harness.measure import in_turn
from harness.report import Report

from faceindex.models.cards import model_cards
from faceindex.models.graph_interface import CHIPS, VECTORS
from faceindex.models.graphs import ENCODER
from faceindex.models.networks import onnx_session
from faceindex.models.openvino_networks import has_bf16, openvino_encoder
from faceindex.types import Pixels

SIZES = (1, 2, 4, 8, 16, 32)


def run(report: Report, *, rounds: int = 15) -> None:
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    random = np.random.default_rng(0)
    for model in ("sface", ENCODER):
        side = model_cards()[model].size or 0
        chips = random.integers(0, 256, (max(SIZES), side, side, 3), dtype=np.uint8)
        for engine, encode in engines(model).items():
            works = {size: _passes(encode, chips[:size]) for size in SIZES}
            found = in_turn({str(size): work for size, work in works.items()}, rounds)
            for size in SIZES:
                passes = max(1, max(SIZES) // 4 // size) * size
                each = [one.processor / passes * 1000 for one in found[str(size)]]
                report.add(f"{model}, {engine}, {size} at once, ms a chip", each)


def engines(model: str) -> dict[str, Callable[[Pixels], object]]:
    """What encodes chips, by name."""
    session = onnx_session(model, "cpu")
    found: dict[str, Callable[[Pixels], object]] = {"onnx": lambda chips: session.run([VECTORS], {CHIPS: chips})}
    if find_spec("openvino"):
        found["openvino f32"] = openvino_encoder(model, "cpu", "f32")
        if has_bf16():
            found["openvino bf16"] = openvino_encoder(model, "cpu", "bf16")
    return found


def _passes(encode: Callable[[Pixels], object], chips: Pixels) -> Callable[[], None]:
    """As many passes over these chips as are about a quarter of the largest batch."""

    def work() -> None:
        for _ in range(max(1, max(SIZES) // 4 // len(chips))):
            encode(chips)

    return work
