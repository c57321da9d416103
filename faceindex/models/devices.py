"""Devices that onnxruntime can use here, by their short names: cpu, cuda, coreml and others."""

from __future__ import annotations

import contextlib
import warnings
from functools import cache

from faceindex.errors import Note, UsageError

CPU = "CPUExecutionProvider"
_SUFFIX = "ExecutionProvider"


@cache
def usable_device(device: str) -> str:
    """`device` in small letters, or "cpu" with a note if this onnxruntime has no such device.

    Raises: UsageError if no onnxruntime has it.
    """
    import onnxruntime

    asked = device.lower()
    if asked == "cpu":
        return asked
    _note_two_packages()
    here = [_short(name) for name in onnxruntime.get_available_providers()]
    if asked in here:
        return asked
    known = [_short(name) for name in onnxruntime.get_all_providers()]
    missing = f"onnxruntime has no device {device} here, only {', '.join(here)}"
    if asked not in known:
        raise UsageError(missing)
    hint = (
        "; `pip uninstall onnxruntime`, then `pip install 'onnxruntime-gpu[cuda,cudnn]'` adds cuda"
        if asked == "cuda"
        else ""
    )
    warnings.warn(f"{missing}, so that networks run on the CPU{hint}", Note, stacklevel=2)
    return "cpu"


def provider(device: str) -> str:
    """The execution provider of onnxruntime for `device`; notes and errors as `usable_device`."""
    import onnxruntime

    names: list[str] = onnxruntime.get_available_providers()
    return next(name for name in names if _short(name) == usable_device(device))


def provider_options(device: str) -> dict[str, str]:
    """Options of onnxruntime's provider.

    CUDA computes in full float32, so that its vectors agree with the CPU's, and does not try all ways of each
    convolution for each new shape, which takes it seconds.
    """
    return {"use_tf32": "0", "cudnn_conv_algo_search": "HEURISTIC"} if usable_device(device) == "cuda" else {}


def load_libraries(device: str) -> None:
    """Load the libraries that `device` needs from their own packages, where those are installed.

    `onnxruntime-gpu[cuda,cudnn]` brings CUDA and cuDNN as packages, in folders that the system does not search.
    """
    import onnxruntime

    if usable_device(device) == "cuda" and hasattr(onnxruntime, "preload_dlls"):
        with contextlib.redirect_stdout(None):  # it prints what it misses; `note_fallback` says it where it matters
            onnxruntime.preload_dlls()


def note_fallback(device: str, used: list[str]) -> None:
    """Give a note, once, if a session for `device` uses other providers alone: onnxruntime does so when a driver is
    missing."""
    if provider(device) not in used:
        _note_driver(device)


@cache
def _note_driver(device: str) -> None:
    missing = f"the device {device} cannot be started (a driver or a library of it is missing)"
    warnings.warn(f"{missing}, so that networks run on the CPU", Note, stacklevel=2)


def _note_two_packages() -> None:
    """onnxruntime-gpu has the same files as onnxruntime: whichever was installed last is used, or a mixture."""
    if _installed("onnxruntime") and _installed("onnxruntime-gpu"):
        warnings.warn(
            "onnxruntime and onnxruntime-gpu are both installed and share one folder, so that either may be used: "
            "`pip uninstall onnxruntime onnxruntime-gpu`, then `pip install 'onnxruntime-gpu[cuda,cudnn]'`",
            Note,
            stacklevel=3,
        )


def _installed(package: str) -> bool:
    from importlib.metadata import PackageNotFoundError, distribution

    try:
        distribution(package)
    except PackageNotFoundError:
        return False
    return True


def _short(provider: str) -> str:
    return provider.removesuffix(_SUFFIX).lower()
