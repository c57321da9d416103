"""Modules of Python that only some systems have: None on the others."""

from __future__ import annotations

import importlib
from typing import Any


def _known(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


fcntl = _known("fcntl")
msvcrt = _known("msvcrt")
resource = _known("resource")
