"""Encoders run by OpenVINO, in 32-bit floats or in BF16, which some processors multiply several times as fast."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from faceindex.errors import UsageError
from faceindex.models.cards import PRECISIONS
from faceindex.models.graphs import onnx_graph
from faceindex.running.lazily import module
from faceindex.system.machine import processor_lines
from faceindex.types import Pixels, Vectors

if TYPE_CHECKING:
    import numpy as np
else:
    np = module("numpy")


_INSTRUCTIONS = frozenset({"avx512_bf16", "amx_bf16", "bf16"})
"""Flags in /proc/cpuinfo, the last one on ARM. OpenVINO also emulates BF16, slowly, where there are none."""


@cache
def openvino_encoder(model: str, device: str, precision: str) -> Callable[[Pixels], Vectors]:
    """The encoder `model`: from chips, uint8 [n, s, s, 3], to float32 [n, d], by one thread.

    Raises: ModelError; UsageError as `check`.
    """
    check(device, precision)
    core = _core()
    hints = {
        "INFERENCE_NUM_THREADS": 1,
        "NUM_STREAMS": 1,
        "INFERENCE_PRECISION_HINT": precision,  # by default bf16 where the processor has it
        "EXECUTION_MODE_HINT": "ACCURACY" if precision == "f32" else "PERFORMANCE",
    }
    hints = hints if device.lower() == "cpu" else {"INFERENCE_PRECISION_HINT": precision}
    request = core.compile_model(
        core.read_model(onnx_graph(model, prelus=True)), device.upper(), hints
    ).create_infer_request()

    def encode(chips: Pixels) -> Vectors:
        return np.array(request.infer({0: chips})[0], dtype=np.float32)

    return encode


def check(device: str, precision: str) -> None:
    """Raises: UsageError if OpenVINO is not installed, or this machine lacks the device or the precision."""
    if precision not in PRECISIONS:
        raise UsageError(f"no precision is called {precision}; there are {', '.join(PRECISIONS)}")
    if find_spec("openvino") is None:
        raise UsageError("OpenVINO is not installed; `pip install 'faceindex[openvino]'` adds it")
    devices = [name.lower() for name in _core().available_devices]
    if device.lower() not in devices:
        raise UsageError(f"OpenVINO has no device {device} here, only {', '.join(devices)}")
    if precision == "bf16" and not (device.lower() == "cpu" and has_bf16()):
        raise UsageError(
            "this processor has no BF16 instructions (avx512_bf16 or amx_bf16), so that `--precision bf16` would be "
            "slower than f32; leave it out"
        )


def has_bf16() -> bool:
    """Whether the processor multiplies numbers in BF16, and OpenVINO uses that."""
    if "BF16" not in _core().get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
        return False
    lines = processor_lines()
    if not lines:  # another system, where OpenVINO's word has to be enough
        return True
    flags = next((line for line in lines if line.startswith(("flags", "Features"))), "")
    return not _INSTRUCTIONS.isdisjoint(flags.split())


@cache
def _core() -> Any:
    import openvino

    return openvino.Core()
