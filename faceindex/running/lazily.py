"""Modules and functions that are imported when they are first used, so that commands start without what they do not
need.

A module that wants some says to whoever checks types what they are, and to Python where they are:

    if TYPE_CHECKING:
        import numpy as np

        from faceindex.people.review import answer, stale
    else:
        np = module("numpy")
        answer, stale = functions("faceindex.people.review", "answer", "stale")

Such a function can be called, and a class made an object of; `isinstance` needs the class itself.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any


class _Module:
    """Stands for a module. importlib.util.LazyLoader would, too, but fails when two threads use it first at once."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, name: str) -> Any:
        return getattr(import_module(self._name), name)


class _Function:
    """Stands for a function or class of a module."""

    def __init__(self, module: str, name: str) -> None:
        self._module, self._name = module, name

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return getattr(import_module(self._module), self._name)(*args, **kwargs)


def module(name: str) -> Any:
    """What stands for the module of this name."""
    return _Module(name)


def functions(module: str, *names: str) -> Any:
    """What stands for the functions or classes of a module: one, or a list of several."""
    found = [_Function(module, name) for name in names]
    return found[0] if len(found) == 1 else found
