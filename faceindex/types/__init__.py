"""Floor 0: results as frozen dataclasses, with units. Nothing here knows a file, a network or a database."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from faceindex.types.answers import (
        USUAL,
        BatchAnswer,
        Candidate,
        Company,
        ComparedFace,
        Exemplar,
        IdentifiedFace,
        Match,
        ProbeFace,
        Verification,
    )
    from faceindex.types.arrays import FaceIds, Labels, Pixels, Qualities, Vectors
    from faceindex.types.audits import Audit, Finding
    from faceindex.types.care import Backup, CheckedPart, CheckReport, Damage, RepairReport
    from faceindex.types.changes import Erased, IngestReport, Lifted, NamesRead, Pruned, Reencoded, Removed, Skipped
    from faceindex.types.contents import (
        Album,
        FailedPhoto,
        Folder,
        IndexReport,
        Person,
        PhotoRecord,
        PhotosAround,
        Status,
    )
    from faceindex.types.decisions import (
        ActChange,
        AlbumChange,
        ClusterReport,
        Decided,
        DrawnFace,
        Joined,
        LostFace,
        NameQuestion,
        NeverSuggested,
        NotFace,
        PastAct,
        PersonChange,
        Price,
        Question,
        Suggestion,
        Target,
    )
    from faceindex.types.exports import AlbumsExport, DatabaseReport, PhotoArchive, SidecarReport, TableChanges
    from faceindex.types.faces import BY_BOX, DRAWN, AnalysedPhoto, Box, Face, FaceRecord
    from faceindex.types.imports import ImportReport
    from faceindex.types.jobs import JobState, Progress
    from faceindex.types.merges import ContradictingActs, MergeReport, SameName, Saying
    from faceindex.types.names_imported import NamesImported, UnsureName
    from faceindex.types.pages import Page, PageStarts
    from faceindex.types.versions import Stale, Version

__all__ = [
    "BY_BOX",
    "DRAWN",
    "USUAL",
    "ActChange",
    "Album",
    "AlbumChange",
    "AlbumsExport",
    "AnalysedPhoto",
    "Audit",
    "Backup",
    "BatchAnswer",
    "Box",
    "Candidate",
    "CheckReport",
    "CheckedPart",
    "ClusterReport",
    "Company",
    "ComparedFace",
    "ContradictingActs",
    "Damage",
    "DatabaseReport",
    "Decided",
    "DrawnFace",
    "Erased",
    "Exemplar",
    "Face",
    "FaceIds",
    "FaceRecord",
    "FailedPhoto",
    "Finding",
    "Folder",
    "IdentifiedFace",
    "ImportReport",
    "IndexReport",
    "IngestReport",
    "JobState",
    "Joined",
    "Labels",
    "Lifted",
    "LostFace",
    "Match",
    "MergeReport",
    "NameQuestion",
    "NamesImported",
    "NamesRead",
    "NeverSuggested",
    "NotFace",
    "Page",
    "PageStarts",
    "PastAct",
    "Person",
    "PersonChange",
    "PhotoArchive",
    "PhotoRecord",
    "PhotosAround",
    "Pixels",
    "Price",
    "ProbeFace",
    "Progress",
    "Pruned",
    "Qualities",
    "Question",
    "Reencoded",
    "Removed",
    "RepairReport",
    "SameName",
    "Saying",
    "SidecarReport",
    "Skipped",
    "Stale",
    "Status",
    "Suggestion",
    "TableChanges",
    "Target",
    "UnsureName",
    "Vectors",
    "Verification",
    "Version",
]

_NAMES = {
    "answers": [
        "USUAL",
        "BatchAnswer",
        "Candidate",
        "Company",
        "ComparedFace",
        "Exemplar",
        "IdentifiedFace",
        "Match",
        "ProbeFace",
        "Verification",
    ],
    "arrays": ["FaceIds", "Labels", "Pixels", "Qualities", "Vectors"],
    "audits": ["Audit", "Finding"],
    "care": ["Backup", "CheckedPart", "CheckReport", "Damage", "RepairReport"],
    "changes": ["Erased", "IngestReport", "Lifted", "NamesRead", "Pruned", "Reencoded", "Removed", "Skipped"],
    "contents": ["Album", "FailedPhoto", "Folder", "IndexReport", "Person", "PhotoRecord", "PhotosAround", "Status"],
    "decisions": [
        "ActChange",
        "AlbumChange",
        "ClusterReport",
        "Decided",
        "DrawnFace",
        "Joined",
        "LostFace",
        "NameQuestion",
        "NeverSuggested",
        "NotFace",
        "PastAct",
        "PersonChange",
        "Price",
        "Question",
        "Suggestion",
        "Target",
    ],
    "exports": ["AlbumsExport", "DatabaseReport", "PhotoArchive", "SidecarReport", "TableChanges"],
    "faces": ["BY_BOX", "DRAWN", "AnalysedPhoto", "Box", "Face", "FaceRecord"],
    "imports": ["ImportReport"],
    "merges": ["ContradictingActs", "MergeReport", "SameName", "Saying"],
    "jobs": ["JobState", "Progress"],
    "names_imported": ["NamesImported", "UnsureName"],
    "pages": ["Page", "PageStarts"],
    "versions": ["Stale", "Version"],
}
"""For each module the names that are here."""

_MODULES = {name: module for module, names in _NAMES.items() for name in names}


def __getattr__(name: str) -> object:
    """Types are imported when they are first used: making a frozen dataclass takes half a millisecond."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"faceindex.types.{_MODULES[name]}"), name)
