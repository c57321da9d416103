"""faceindex: every face of a photo collection, searchable, in albums.

>>> import faceindex
>>> with faceindex.Library("family.faces") as library:  # doctest: +SKIP
...     library.ingest(["~/Pictures"])
...     for match in library.search("who.jpg", k=10, threshold=0.5)[0].matches:
...         print(match.photo, match.distance)
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from faceindex import telemetry

if TYPE_CHECKING:
    from faceindex.errors import (
        FaceindexError,
        LibraryDamaged,
        LibraryError,
        LibraryLocked,
        LibraryUnwritable,
        ModelError,
        NewerSchema,
        NoFaceFound,
        RecipeMismatch,
        UnreadablePhoto,
        UsageError,
    )
    from faceindex.library import Library
    from faceindex.store.selection import Selection
    from faceindex.types import (
        Album,
        AlbumsExport,
        Box,
        ClusterReport,
        Decided,
        Erased,
        FaceRecord,
        FailedPhoto,
        IdentifiedFace,
        IndexReport,
        IngestReport,
        Match,
        NamesRead,
        PastAct,
        Person,
        PhotoRecord,
        ProbeFace,
        Pruned,
        Removed,
        SidecarReport,
        Status,
        Suggestion,
        Verification,
    )

telemetry.turn_off()  # before anything can import onnxruntime

__version__ = "0.1.0"
__all__ = [
    "Album",
    "AlbumsExport",
    "Box",
    "ClusterReport",
    "Decided",
    "Erased",
    "FaceRecord",
    "FaceindexError",
    "FailedPhoto",
    "IdentifiedFace",
    "IndexReport",
    "IngestReport",
    "Library",
    "LibraryDamaged",
    "LibraryError",
    "LibraryLocked",
    "LibraryUnwritable",
    "Match",
    "ModelError",
    "NamesRead",
    "NewerSchema",
    "NoFaceFound",
    "PastAct",
    "Person",
    "PhotoRecord",
    "ProbeFace",
    "Pruned",
    "RecipeMismatch",
    "Removed",
    "Selection",
    "SidecarReport",
    "Status",
    "Suggestion",
    "UnreadablePhoto",
    "UsageError",
    "Verification",
]


_MODULES = {"Library": "library", "Selection": "store.selection"}
"""Where the names are that are neither types nor errors."""


def __getattr__(name: str) -> object:
    """Names are imported when they are first used: workers need no FAISS, and who only reads files needs no numpy."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = _MODULES.get(name) or ("errors" if hasattr(import_module("faceindex.errors"), name) else "types")
    return getattr(import_module(f"faceindex.{module}"), name)
