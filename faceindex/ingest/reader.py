"""The reader: decides what to do with a found file, from what the catalog knows about it."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from faceindex.errors import UnreadablePhoto
from faceindex.ingest.hard_links import HardLinks
from faceindex.ingest.workers.machine_errors import is_circumstance
from faceindex.photos.decoders.extras import can_be_read_now
from faceindex.photos.finding.entries import UNTIMED, FoundFile, UnreadableEntry
from faceindex.photos.identity import Identity
from faceindex.photos.read import identify
from faceindex.store.care.tombstones import WHOLE_PHOTO
from faceindex.store.catalog import Catalog
from faceindex.store.catalog.photos import KnownPath


@dataclass(frozen=True, slots=True)
class Unchanged:
    """Stored under this path and unchanged. retimed: the file with a new ctime to store; None if that is unchanged."""

    retimed: FoundFile | None = None


@dataclass(frozen=True, slots=True)
class StillUnreadable:
    """Could not be read before and is unchanged, so it is not opened again. retimed: as in Unchanged."""

    error: str
    retimed: FoundFile | None = None


@dataclass(frozen=True, slots=True)
class NotAPhoto:
    """Not a photo, by name and by content."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Looks like a photo, but its content cannot be read."""

    file: FoundFile
    error: str


@dataclass(frozen=True, slots=True)
class OutOfReach:
    """No permission, missing by now, or a failing disk: this says nothing about the photo.

    silent: no byte arrived in time; it may arrive later.
    """

    error: str
    silent: bool = False


@dataclass(frozen=True, slots=True)
class Known:
    """The content is in the library as `photo`. former: the photo's paths before this one."""

    file: FoundFile
    photo: int
    former: list[str]


@dataclass(frozen=True, slots=True)
class Unknown:
    """The content is new to the library, or is in it with faces that lost their vectors."""

    file: FoundFile
    content: bytes


@dataclass(frozen=True, slots=True)
class Forgotten:
    """The photo was erased by `photos remove --erase` or `people forget`, and must not come back."""


Finding = Unchanged | StillUnreadable | NotAPhoto | Unreadable | OutOfReach | Known | Unknown | Forgotten


def classify(
    file: FoundFile,
    catalog: Catalog,
    *,
    retry: bool = False,
    force: bool = False,
    identify: Callable[..., Identity | None] = identify,
    links: HardLinks | None = None,
) -> Finding:
    """Compare `file` with the catalog. It is opened and hashed only if its path, size or one of its times is new.

    A new ctime can mean a change that keeps size and mtime (`exiftool -P`), or only a new link, owner or mount;
    unchanged content is not analysed again. Inodes are not compared, because they change on network mounts.

    retry: also open a file that could not be read before. Earlier versions stored some failures that were not the
    photo's fault; these are always opened again. force: open every file. identify: reads the file. links: what was read
    of the same file under other names.
    """
    known = catalog.known_path(file.path)
    if known is not None and not force and _seems_unchanged(file, known):
        retimed = file if known.ctime_ns is None else None  # stored before ctimes were stored
        if known.error is None:
            return Unchanged(retimed)
        if not retry and not _mended(known.error):
            return StillUnreadable(known.error, retimed)
    try:
        identity = (links or HardLinks()).identify(file, identify)
    except UnreadablePhoto as error:
        if error.out_of_reach:
            return OutOfReach(error.reason, silent=isinstance(error.__cause__, TimeoutError))
        return Unreadable(file, error.reason)
    if identity is None:
        return NotAPhoto()
    file = replace(file, size=identity.size, mtime_ns=identity.mtime_ns, ctime_ns=identity.ctime_ns)
    if WHOLE_PHOTO in catalog.tombstones().of(identity.content):
        return Forgotten()
    photo = catalog.photo_with(identity.content)
    if photo is None or catalog.waits(photo):
        return Unknown(file, identity.content)
    if known is not None and known.photo == photo and (known.size, known.mtime_ns) == (file.size, file.mtime_ns):
        return Unchanged(file)
    return Known(file, photo, catalog.paths_of(photo))


def changed_among(
    batch: Sequence[FoundFile | UnreadableEntry], catalog: Catalog
) -> Sequence[FoundFile | UnreadableEntry]:
    """The entries of a batch that `classify` is to look at: all but files that are stored under this path, unchanged,
    with all their times.

    The catalog is asked once for the paths from the first to the last, as a walk finds files almost in their order.
    """
    paths = [os.fsencode(entry.path) for entry in batch]
    known = catalog.files_between(min(paths), max(paths), most=2 * len(paths))
    if known is None:
        return batch
    return [
        entry
        for entry, path in zip(batch, paths, strict=True)
        if isinstance(entry, UnreadableEntry)
        or entry.mtime_ns == UNTIMED
        or known.get(path) != (entry.size, entry.mtime_ns, entry.ctime_ns)
    ]


def _mended(error: str) -> bool:
    """Whether the cause of a failure may have ended without a change of the file."""
    return is_circumstance(error) or can_be_read_now(error)


def _seems_unchanged(file: FoundFile, known: KnownPath) -> bool:
    if (known.size, known.mtime_ns) != (file.size, file.mtime_ns) or file.mtime_ns == UNTIMED:
        return False
    return None in (known.ctime_ns, file.ctime_ns) or known.ctime_ns == file.ctime_ns
