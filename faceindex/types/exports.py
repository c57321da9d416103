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
class PhotoArchive:
    """A ZIP file of photos. written: their number; left: those that are not in it, and why."""

    file: str
    written: int
    left: tuple[FailedPhoto, ...] = ()
