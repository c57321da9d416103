"""How the photos of a library changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from faceindex.types.contents import FailedPhoto
from faceindex.types.decisions import LostFace


@dataclass(frozen=True, slots=True)
class Removed:
    """What was taken out of a library: numbers of paths, of photos that had no other path, and of their faces."""

    paths: int
    photos: int
    faces: int


@dataclass(frozen=True, slots=True)
class Erased:
    """The receipt of forgetting: what is no longer on the disk.

    photos: of which no face is left, or that were named; their paths; faces with their vectors and rows; decisions:
    things said about them; segments: files of vectors that were written anew without them. kept_photos: that lost some
    of these faces, and stay because they have others. tombstones: what was left behind so that they do not come back.
    notes: what is left elsewhere, in one line each. dry_run: nothing was erased; this is what would be.
    """

    photos: int
    paths: int
    faces: int
    decisions: int
    segments: int
    tombstones: int
    kept_photos: int = 0
    notes: tuple[str, ...] = ()
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class Lifted:
    """What lifting tombstones did. tombstones: that are gone. photos: that are in the library and were analysed again;
    faces: that came back in them. waiting: photos that are not, which the next ingest takes. failed: could not be read.
    """

    tombstones: int
    photos: int
    faces: int
    waiting: int
    failed: tuple[FailedPhoto, ...] = ()


@dataclass(frozen=True, slots=True)
class Pruned:
    """What `ingest --prune` did. away: paths that were kept, because the disk they are on may just not be there.

    left_out: paths, of those that were removed, of files that are there and are left out now, see Skipped.
    """

    removed: Removed
    away: int
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class Skipped:
    """What an ingest did not look at. A folder is counted once, with all that is in it.

    hidden: the name begins with a dot; files only when they have the name of a photo. system: thumbnails, previews,
    bins and snapshots of systems and other programs. excluded: by `--exclude` and files named .faceindexignore. kept:
    paths of photos that were stored before and stay in the library although they are left out now.
    """

    hidden_files: int = 0
    hidden_folders: int = 0
    system_files: int = 0
    system_folders: int = 0
    excluded_files: int = 0
    excluded_folders: int = 0
    kept: int = 0

    @property
    def hidden(self) -> int:
        """Files and folders."""
        return self.hidden_files + self.hidden_folders

    @property
    def system(self) -> int:
        """Files and folders."""
        return self.system_files + self.system_folders

    @property
    def excluded(self) -> int:
        """Files and folders."""
        return self.excluded_files + self.excluded_folders


@dataclass(frozen=True, slots=True)
class NamesRead:
    """Names of faces that `ingest --xmp` found in photos and sidecars.

    photos: that have any. names: regions with a name. named: faces that got theirs, or another one since the file was
    changed. decided: faces with a name in a file that were left as they are: people decided about them, or they follow
    the file already. removed: faces without a name now, since the file names them no more. without_face: regions where
    the library has no face. warnings: files whose XMP is broken, or of another state of the photo.
    """

    photos: int
    names: int
    named: int
    decided: int
    without_face: int
    warnings: tuple[FailedPhoto, ...] = ()
    removed: int = 0


@dataclass(frozen=True, slots=True)
class IngestReport:
    """What one ingest did. Every photo seen is counted once among new ... failed and out_of_reach.

    new: analysed and stored. unchanged: same path, size and time as before. moved: known content whose
    old path is gone. duplicate: known content that is still elsewhere too. failed: could not be read. out_of_reach:
    files and folders that could not be looked at, by no fault of theirs. `failures` and `missed` list them. skipped:
    left out.
    ignored: files that are no photos. forgotten: photos that were erased and stay so. stages: seconds of find, write
    and compact (in the main process) and of decode, detect, align and encode (summed over workers). interrupted:
    stopped by the user; what was analysed is stored. warnings: new photos that were read though something is wrong with
    their files. pruned: None unless pruning was asked for. xmp: None unless it was asked for.
    workers: processes at the end, and why so many. lost: faces with a name that photos do not show any more since they
    were edited or replaced.
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
    skipped: Skipped = field(default_factory=Skipped)
    lost: tuple[LostFace, ...] = ()

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
