"""How the photos of a library changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from faceindex.types.contents import FailedPhoto


@dataclass(frozen=True, slots=True)
class Removed:
    """What was taken out of a library: numbers of paths, of photos that had no other path, and of their faces."""

    paths: int
    photos: int
    faces: int


@dataclass(frozen=True, slots=True)
class Erased:
    """The receipt of forgetting: what is no longer on the disk.

    photos; their paths; faces with their vectors and rows; decisions: things said about them; segments: files of
    vectors that were written anew without them. tombstones: what was left behind so that they do not come back. notes:
    what is left elsewhere, in one line each.
    """

    photos: int
    paths: int
    faces: int
    decisions: int
    segments: int
    tombstones: int
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Pruned:
    """What `ingest --prune` did. away: paths that were kept, because the disk they are on may just not be there."""

    removed: Removed
    away: int


@dataclass(frozen=True, slots=True)
class NamesRead:
    """Names of faces that `ingest --xmp` found in photos and sidecars.

    photos: that have any. names: regions with a name. named: faces that got theirs. decided: faces that were left as
    people had decided before. without_face: regions where the library has no face. warnings: files with broken XMP.
    """

    photos: int
    names: int
    named: int
    decided: int
    without_face: int
    warnings: tuple[FailedPhoto, ...] = ()


@dataclass(frozen=True, slots=True)
class IngestReport:
    """What one ingest did. Every photo seen is counted once among new ... failed and out_of_reach.

    new: analysed and stored. unchanged: same path, size and time as before. moved: known content whose
    old path is gone. duplicate: known content that is still elsewhere too. failed: listed in `failures`.
    ignored: files that are no photos. forgotten: photos that were erased and stay so. stages: seconds of find, write
    and compact (in the main process) and of decode, detect, align and encode (summed over workers). interrupted:
    stopped by the user; what was analysed is stored. warnings: new photos that were read though something is wrong with
    their files. pruned: None unless pruning was asked for. xmp: None unless it was asked for.
    out_of_reach: could not be read now, through no fault of theirs; listed in `missed`, and nothing is stored of them.
    workers: processes at the end, and why so many.
    """

    seen: int
    new: int
    unchanged: int
    moved: int
    duplicate: int
    failed: int
    ignored: int
    new_faces: int
    total_faces: int
    failures: tuple[FailedPhoto, ...]
    seconds: float
    recipe: str
    stages: Mapping[str, float] = field(default_factory=dict)
    interrupted: bool = False
    forgotten: int = 0
    warnings: tuple[FailedPhoto, ...] = ()
    pruned: Pruned | None = None
    xmp: NamesRead | None = None
    out_of_reach: int = 0
    missed: tuple[FailedPhoto, ...] = ()
    workers: int = 0
    workers_reason: str = ""

    @property
    def photos_per_second(self) -> float:
        """Photos seen, by the time of the whole run."""
        return self.seen / self.seconds if self.seconds > 0 else 0.0


@dataclass(frozen=True, slots=True)
class Reencoded:
    """A library that was made of another one's photos by another recipe. library: its path.

    photos: paths that were there; away: that were not. faces: in the new library. acts: taken over. decided: faces that
    people decided about; found: how many of these the new library has. interrupted: stopped, and nothing taken over.
    """

    library: str
    recipe: str
    photos: int
    away: int
    faces: int
    acts: int
    decided: int
    found: int
    interrupted: bool = False
