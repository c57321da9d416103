"""onnxruntime's telemetry stays off: nothing in this package may open a network connection.

From 1.29 on, the wheels of onnxruntime report its use to their maker, and keep an identifier of the machine in the
user's cache folder (Privacy.md in the wheel). Only an environment variable prevents both, and only when it is set
before the first import: onnxruntime's function `disable_telemetry_events` comes too late.
"""

from __future__ import annotations

import os
import sys
import warnings

ENVIRONMENT = "ORT_DISABLE_TELEMETRY"
OFF = {ENVIRONMENT: "1"}
"""What to add to the environment of a process."""

_YES = ("1", "true", "yes", "on")
"""What onnxruntime 1.32 takes for yes; everything else, "2" and "" included, leaves telemetry on."""

_FIRST_VERSION = (1, 29)


def turn_off() -> None:
    """Turn telemetry off in this process and its children, whatever the user's environment says.

    Warns, once a process, where onnxruntime was imported before and it is too late.
    """
    if _may_report():
        warnings.warn(
            "onnxruntime was imported before faceindex, and may report its use over the network: "
            f"import faceindex first, or set {ENVIRONMENT}=1 in the environment",
            stacklevel=3,  # whoever imports faceindex
        )
    os.environ.update(OFF)


def _may_report() -> bool:
    onnxruntime = sys.modules.get("onnxruntime")
    if onnxruntime is None or os.environ.get(ENVIRONMENT, "").strip().lower() in _YES:
        return False
    try:
        version = tuple(int(part) for part in onnxruntime.__version__.split(".")[:2])
    except (AttributeError, ValueError):  # a build of somebody's own
        return True
    return version >= _FIRST_VERSION
