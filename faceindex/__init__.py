"""faceindex: every face of a photo collection, searchable, in albums.

>>> import faceindex
>>> with faceindex.Library("family.faces") as library:  # doctest: +SKIP
...     library.ingest(["~/Pictures"])
...     for match in library.search("who.jpg", k=10, threshold=0.5)[0].matches:
...         print(match.photo, match.distance)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from faceindex import telemetry
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
    ImportReport,
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

if TYPE_CHECKING:
    from faceindex.library import Library
    from faceindex.store.selection import Selection

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
    "ImportReport",
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


def __getattr__(name: str) -> object:
    """`Library` is imported when it is first used: worker processes never need FAISS or scikit-learn."""
    if name == "Library":
        from faceindex.library import Library

        return Library
    if name == "Selection":
        from faceindex.store.selection import Selection

        return Selection
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
