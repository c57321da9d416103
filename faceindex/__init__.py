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

from faceindex.running import telemetry

if TYPE_CHECKING:
    from faceindex.arrays import cluster_vectors, score_albums, search_vectors
    from faceindex.errors import (
        FaceindexError,
        JobCancelled,
        LibraryDamaged,
        LibraryError,
        LibraryLocked,
        LibraryUnwritable,
        MachineError,
        ModelError,
        NameInUse,
        NewerSchema,
        NoFaceFound,
        NotInLibrary,
        OutOfReach,
        RecipeMismatch,
        SilentDisk,
        StaleError,
        UnreadablePhoto,
        UsageError,
    )
    from faceindex.evaluation.albums import AlbumScore, Pairwise
    from faceindex.evaluation.bcubed import BCubed
    from faceindex.evaluation.cross_fit import CrossFit, HeldOut, Suspect
    from faceindex.evaluation.reliability import Reliability
    from faceindex.evaluation.strangers import Fpir
    from faceindex.faces.analyse import Analyser, analyse
    from faceindex.faces.engine import Engine
    from faceindex.faces.recipe import Recipe, recipe
    from faceindex.ingest.workers.executor import Analysed, Executor, Fault, Task
    from faceindex.ingest.workers.pool import ProcessPool
    from faceindex.judgement.calibration import Calibration
    from faceindex.library import Library
    from faceindex.library.albums import Albums
    from faceindex.library.browsing import Browsing
    from faceindex.library.care import Care
    from faceindex.library.crops import Crops
    from faceindex.library.faces import Faces
    from faceindex.library.history import History
    from faceindex.library.index import Index
    from faceindex.library.job import Job
    from faceindex.library.people import People
    from faceindex.library.photos import Photos
    from faceindex.library.sheets import Sheets
    from faceindex.models.cards import CalibrationCard, HeadCard, LearntCard, PartCard, ProjectionCard, RecipeCard
    from faceindex.photos.decode import Photo
    from faceindex.photos.finding.entries import FoundFile, SkippedEntry, UnreadableEntry
    from faceindex.photos.finding.open_files import FileStatus, OpenFile
    from faceindex.photos.finding.sources import PhotoSource
    from faceindex.photos.pictures import PictureLike, Readable
    from faceindex.queries.pairs import VerifiedPair
    from faceindex.queries.probes import Probe
    from faceindex.store.selection import Selection
    from faceindex.types import (
        ActChange,
        Album,
        AlbumChange,
        AlbumsExport,
        AnalysedPhoto,
        Audit,
        Backup,
        BatchAnswer,
        Box,
        Candidate,
        CheckedPart,
        CheckReport,
        ClusterReport,
        Company,
        ComparedFace,
        ContradictingActs,
        Damage,
        DatabaseReport,
        Decided,
        DrawnFace,
        Erased,
        Exemplar,
        Face,
        FaceRecord,
        FailedPhoto,
        Finding,
        Folder,
        IdentifiedFace,
        ImportReport,
        IndexReport,
        IngestReport,
        JobState,
        Joined,
        Lifted,
        LostFace,
        Match,
        MergeReport,
        NameQuestion,
        NamesImported,
        NamesRead,
        NeverSuggested,
        NotFace,
        Page,
        PageStarts,
        PastAct,
        Person,
        PersonChange,
        PhotoArchive,
        PhotoRecord,
        PhotosAround,
        Price,
        ProbeFace,
        Progress,
        Pruned,
        Question,
        Reencoded,
        Removed,
        RepairReport,
        SameName,
        Saying,
        SidecarReport,
        Skipped,
        Stale,
        Status,
        Suggestion,
        TableChanges,
        Target,
        UnsureName,
        Verification,
        Version,
    )

telemetry.turn_off()  # before anything can import onnxruntime

__version__ = "0.1.0"
__all__ = [
    "ActChange",
    "Album",
    "AlbumChange",
    "AlbumScore",
    "Albums",
    "AlbumsExport",
    "Analysed",
    "AnalysedPhoto",
    "Analyser",
    "Audit",
    "BCubed",
    "Backup",
    "BatchAnswer",
    "Box",
    "Browsing",
    "Calibration",
    "CalibrationCard",
    "Candidate",
    "Care",
    "CheckReport",
    "CheckedPart",
    "ClusterReport",
    "Company",
    "ComparedFace",
    "ContradictingActs",
    "Crops",
    "CrossFit",
    "Damage",
    "DatabaseReport",
    "Decided",
    "DrawnFace",
    "Engine",
    "Erased",
    "Executor",
    "Exemplar",
    "Face",
    "FaceRecord",
    "FaceindexError",
    "Faces",
    "FailedPhoto",
    "Fault",
    "FileStatus",
    "Finding",
    "Folder",
    "FoundFile",
    "Fpir",
    "HeadCard",
    "HeldOut",
    "History",
    "IdentifiedFace",
    "ImportReport",
    "Index",
    "IndexReport",
    "IngestReport",
    "Job",
    "JobCancelled",
    "JobState",
    "Joined",
    "LearntCard",
    "Library",
    "LibraryDamaged",
    "LibraryError",
    "LibraryLocked",
    "LibraryUnwritable",
    "Lifted",
    "LostFace",
    "MachineError",
    "Match",
    "MergeReport",
    "ModelError",
    "NameInUse",
    "NameQuestion",
    "NamesImported",
    "NamesRead",
    "NeverSuggested",
    "NewerSchema",
    "NoFaceFound",
    "NotFace",
    "NotInLibrary",
    "OpenFile",
    "OutOfReach",
    "Page",
    "PageStarts",
    "Pairwise",
    "PartCard",
    "PastAct",
    "People",
    "Person",
    "PersonChange",
    "Photo",
    "PhotoArchive",
    "PhotoRecord",
    "PhotoSource",
    "Photos",
    "PhotosAround",
    "PictureLike",
    "Price",
    "Probe",
    "ProbeFace",
    "ProcessPool",
    "Progress",
    "ProjectionCard",
    "Pruned",
    "Question",
    "Readable",
    "Recipe",
    "RecipeCard",
    "RecipeMismatch",
    "Reencoded",
    "Reliability",
    "Removed",
    "RepairReport",
    "SameName",
    "Saying",
    "Selection",
    "Sheets",
    "SidecarReport",
    "SilentDisk",
    "Skipped",
    "SkippedEntry",
    "Stale",
    "StaleError",
    "Status",
    "Suggestion",
    "Suspect",
    "TableChanges",
    "Target",
    "Task",
    "UnreadableEntry",
    "UnreadablePhoto",
    "UnsureName",
    "UsageError",
    "Verification",
    "VerifiedPair",
    "Version",
    "analyse",
    "cluster_vectors",
    "recipe",
    "score_albums",
    "search_vectors",
]

_MODULES = {
    "cluster_vectors": "arrays",
    "search_vectors": "arrays",
    "score_albums": "arrays",
    "AlbumScore": "evaluation.albums",
    "BCubed": "evaluation.bcubed",
    "Pairwise": "evaluation.albums",
    "Analysed": "ingest.workers.executor",
    "Analyser": "faces.analyse",
    "OpenFile": "photos.finding.open_files",
    "FileStatus": "photos.finding.open_files",
    "UnreadableEntry": "photos.finding.entries",
    "SkippedEntry": "photos.finding.entries",
    "FoundFile": "photos.finding.entries",
    "Sheets": "library.sheets",
    "Photos": "library.photos",
    "People": "library.people",
    "Index": "library.index",
    "History": "library.history",
    "Faces": "library.faces",
    "Care": "library.care",
    "Browsing": "library.browsing",
    "Crops": "library.crops",
    "Albums": "library.albums",
    "Calibration": "judgement.calibration",
    "CalibrationCard": "models.cards",
    "CrossFit": "evaluation.cross_fit",
    "Engine": "faces.engine",
    "Fpir": "evaluation.strangers",
    "HeldOut": "evaluation.cross_fit",
    "Library": "library",
    "Photo": "photos.decode",
    "PhotoSource": "photos.finding.sources",
    "PictureLike": "photos.pictures",
    "Readable": "photos.pictures",
    "Probe": "queries.probes",
    "Executor": "ingest.workers.executor",
    "Fault": "ingest.workers.executor",
    "Job": "library.job",
    "ProcessPool": "ingest.workers.pool",
    "Recipe": "faces.recipe",
    "RecipeCard": "models.cards",
    "HeadCard": "models.cards",
    "LearntCard": "models.cards",
    "PartCard": "models.cards",
    "ProjectionCard": "models.cards",
    "Reliability": "evaluation.reliability",
    "Selection": "store.selection",
    "Suspect": "evaluation.cross_fit",
    "Task": "ingest.workers.executor",
    "VerifiedPair": "queries.pairs",
    "analyse": "faces.analyse",
    "recipe": "faces.recipe",
}
"""The modules of names that are neither types nor errors."""


def __getattr__(name: str) -> object:
    """Names are imported when they are first used, so that a worker needs no FAISS, and reading files needs no
    numpy."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = _MODULES.get(name) or ("errors" if hasattr(import_module("faceindex.errors"), name) else "types")
    return getattr(import_module(f"faceindex.{module}"), name)
