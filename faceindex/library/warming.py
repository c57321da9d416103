"""Loads what the first search, act and question of a process need, which takes half a second."""

from __future__ import annotations

from importlib import import_module

from faceindex.library.opened import Opened
from faceindex.search import index as face_index

_CODE = (
    *("scipy.sparse.csgraph", "faceindex.queries.matching", "faceindex.people.acting", "faceindex.people.grouping"),
    *("faceindex.people.history", "faceindex.people.uniting", "faceindex.people.review", "faceindex.people.queue"),
)
"""Modules that are imported when they are used first."""


def warm_up(opened: Opened) -> None:
    """Load it; an index only if it need not be built. Raises: FaceindexError; OSError."""
    for name in _CODE:
        import_module(name)
    if face_index.state(opened.folder) == "current":
        opened.loaded_index()
