"""What was written for other programs."""

from __future__ import annotations

from dataclasses import dataclass

from faceindex.types.contents import FailedPhoto


@dataclass(frozen=True, slots=True)
class AlbumsExport:
    """What `albums export` did. Counts are of photos in albums: one in three albums counts three times.

    folder: absolute; manifest: the file in it that lists everything. made, kept, removed: links, copies and sidecars.
    sidecars: how many there are. missing: photos of which no file is there now; what was exported of them stays. left:
    files that were not made, changed or removed, and why. notes: what else is worth knowing.
    """

    folder: str
    manifest: str
    albums: int
    photos: int
    made: int
    kept: int
    removed: int
    sidecars: int = 0
    missing: tuple[str, ...] = ()
    left: tuple[FailedPhoto, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SidecarReport:
    """What `photos sidecars` did. written, unchanged: sidecars; nothing_to_say: photos without a name, and a sidecar.

    failed: photos and sidecars that could not be read or written, and why.
    """

    written: int
    unchanged: int
    nothing_to_say: int
    failed: tuple[FailedPhoto, ...] = ()


@dataclass(frozen=True, slots=True)
class TableChanges:
    """Rows of a table in a database that an export added, changed and deleted."""

    added: int
    changed: int
    deleted: int


@dataclass(frozen=True, slots=True)
class DatabaseReport:
    """What an export to a database changed, by table. schema: in which the tables are. total_faces: rows of `faces`."""

    schema: str
    faces: TableChanges
    photos: TableChanges
    people: TableChanges
    total_faces: int
    seconds: float


@dataclass(frozen=True, slots=True)
class PhotoArchive:
    """A ZIP file of photos. written: their number; left: those that are not in it, and why."""

    file: str
    written: int
    left: tuple[FailedPhoto, ...] = ()
