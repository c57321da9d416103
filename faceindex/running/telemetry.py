"""Keeps the telemetry of onnxruntime and OpenVINO off: nothing in this package may open a network connection.

From version 1.29 on, wheels of onnxruntime report their use to the maker, and keep an identifier of the machine in the
user's cache folder (Privacy.md in the wheel). Only an environment variable prevents both, and only if it is set before
the first import; onnxruntime's function `disable_telemetry_events` comes too late.

OpenVINO reports by a package of its own, `openvino_telemetry`, with an identifier in the user's home, and does without
it where it cannot be imported.
"""

from __future__ import annotations

import os
import sys
import warnings

ENVIRONMENT = "ORT_DISABLE_TELEMETRY"
OFF = {ENVIRONMENT: "1"}
"""Variables to add to the environment of a process."""

_YES = ("1", "true", "yes", "on")
"""Values that onnxruntime 1.32 takes as yes; all others, even "2" and "", leave telemetry on."""

_FIRST_VERSION = (1, 29)


_OF_OPENVINO = "openvino_telemetry"


def turn_off() -> None:
    """Turn telemetry off in this process and its children, whatever the environment says.

    Warns once per process for each of the two that was imported before, so that it is too late.
    """
    if sys.modules.get(_OF_OPENVINO) is not None:
        warnings.warn(
            "openvino was imported before faceindex, and may report its use over the network: import faceindex first",
            stacklevel=3,  # the program that imports faceindex
        )
    else:
        sys.modules[_OF_OPENVINO] = None  # type: ignore[assignment]  # an import of it raises ImportError
    if _may_report():
        warnings.warn(
            "onnxruntime was imported before faceindex, and may report its use over the network: "
            f"import faceindex first, or set {ENVIRONMENT}=1 in the environment",
            stacklevel=3,  # the program that imports faceindex
        )
    os.environ.update(OFF)


def _may_report() -> bool:
    onnxruntime = sys.modules.get("onnxruntime")
    if onnxruntime is None or os.environ.get(ENVIRONMENT, "").strip().lower() in _YES:
        return False
    try:
        version = tuple(int(part) for part in onnxruntime.__version__.split(".")[:2])
    except (AttributeError, ValueError):  # a build from source
        return True
    return version >= _FIRST_VERSION
