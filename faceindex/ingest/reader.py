"""The reader: what is to be done about a found file, given what the catalog knows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from faceindex.errors import UnreadablePhoto
from faceindex.ingest.hard_links import HardLinks
from faceindex.ingest.workers.circumstances import is_circumstance
from faceindex.photos.decoders.extras import can_be_read_now
from faceindex.photos.finding.find import UNTIMED, FoundFile
from faceindex.photos.identity import Identity
from faceindex.photos.read import identify
from faceindex.store.care.tombstones import WHOLE_PHOTO
from faceindex.store.catalog import Catalog
from faceindex.store.catalog.photos import KnownPath


@dataclass(frozen=True, slots=True)
class Unchanged:
    """Stored under this path as it is. retimed: with a ctime that is to be stored; None when it is as it was."""

    retimed: FoundFile | None = None


@dataclass(frozen=True, slots=True)
class StillUnreadable:
    """Failed before and has not changed since: not opened again. retimed: as in Unchanged."""

    error: str
    retimed: FoundFile | None = None


@dataclass(frozen=True, slots=True)
class NoPhoto:
    """Neither by name nor by content a photo."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Should be a photo and cannot be read, for what is in it."""

    file: FoundFile
    error: str


@dataclass(frozen=True, slots=True)
class OutOfReach:
    """May not be opened, is gone by now, or its disk fails: nothing is known of the photo.

    silent: no byte of it came for long; it may come later.
    """

    error: str
    silent: bool = False


@dataclass(frozen=True, slots=True)
class Known:
    """The content is in the library as `photo`. former: the path it had before this one, if that is known."""

    file: FoundFile
    photo: int
    former: list[str]


@dataclass(frozen=True, slots=True)
class Unknown:
    """The content is new to the library, or faces of it lost their vectors."""

    file: FoundFile
    content: bytes


@dataclass(frozen=True, slots=True)
class Forgotten:
    """The photo was erased by `photos remove --erase` or `people forget`, and is not to come back."""


Finding = Unchanged | StillUnreadable | NoPhoto | Unreadable | OutOfReach | Known | Unknown | Forgotten


def look_at(
    file: FoundFile,
    catalog: Catalog,
    *,
    retry: bool = False,
    force: bool = False,
    identify: Callable[..., Identity | None] = identify,
    links: HardLinks | None = None,
) -> Finding:
    """Compare `file` with the catalog; it is opened and hashed only when its path, size or one of its times are new.

    A new ctime alone may be a change that size and mtime hide, as of `exiftool -P`, or a link, another owner, another
    mount: content that is as it was is not analysed. Inodes are not compared: network mounts change them.

    retry: open it, too, when it could not be read the last time. Earlier versions also stored failures that were no
    fault of the photo: it is opened again anyhow. force: open it in any case. identify: what reads it. links: what was
    read of it under other names.
    """
    known = catalog.known_path(file.path)
    if known is not None and not force and _seems_unchanged(file, known):
        retimed = file if known.ctime_ns is None else None  # stored before ctimes were
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
        return NoPhoto()
    file = replace(file, size=identity.size, mtime_ns=identity.mtime_ns, ctime_ns=identity.ctime_ns)
    if WHOLE_PHOTO in catalog.tombstones().of(identity.content):
        return Forgotten()
    photo = catalog.photo_with(identity.content)
    if photo is None or catalog.waits(photo):
        return Unknown(file, identity.content)
    if known is not None and known.photo == photo and (known.size, known.mtime_ns) == (file.size, file.mtime_ns):
        return Unchanged(file)
    return Known(file, photo, catalog.paths_of(photo))


def _mended(error: str) -> bool:
    """Whether what made a photo fail may be over, without a change of the file."""
    return is_circumstance(error) or can_be_read_now(error)


def _seems_unchanged(file: FoundFile, known: KnownPath) -> bool:
    if (known.size, known.mtime_ns) != (file.size, file.mtime_ns) or file.mtime_ns == UNTIMED:
        return False
    return None in (known.ctime_ns, file.ctime_ns) or known.ctime_ns == file.ctime_ns
