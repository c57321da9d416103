"""The library as its users hold it: `Library` opens a folder; a module holds each of its topics."""

from __future__ import annotations

from faceindex.library.library import Library
from faceindex.library.opened import default_library

__all__ = ["Library", "default_library"]
