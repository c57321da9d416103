"""Floor 9: `Library` and its topics, as users hold them. They call the floors below; no rule is decided here."""

from __future__ import annotations

from faceindex.library.library import Library
from faceindex.library.opened import default_library

__all__ = ["Library", "default_library"]
