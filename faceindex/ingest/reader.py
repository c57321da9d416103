"""The reader: what is to be done about a found file, given what the catalog knows."""

from __future__ import annotations

from dataclasses import dataclass, replace

from faceindex.errors import UnreadablePhoto
from faceindex.ingest.circumstances import is_circumstance
from faceindex.photos import raw
from faceindex.photos.find import FoundFile
from faceindex.photos.read import identify
from faceindex.store.catalog import Catalog
from faceindex.store.tombstones import WHOLE_PHOTO

_NO_TIME = -1


@dataclass(frozen=True, slots=True)
class Unchanged:
    """Same path, size and time as when it was stored: not even opened."""


@dataclass(frozen=True, slots=True)
class StillUnreadable:
    """Failed before and has not changed since: not opened again."""

    error: str


@dataclass(frozen=True, slots=True)
class NoPhoto:
    """Neither by name nor by content a photo."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Should be a photo and cannot be read. file: to be known by, of no time when the photo is out of reach."""

    file: FoundFile
    error: str

    @property
    def out_of_reach(self) -> bool:
        """Whether it could not be opened, as on a disk that fails or without permission: not the photo's fault."""
        return self.file.mtime_ns == _NO_TIME


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


Finding = Unchanged | StillUnreadable | NoPhoto | Unreadable | Known | Unknown | Forgotten


def look_at(file: FoundFile, catalog: Catalog, *, retry: bool = False) -> Finding:
    """Compare `file` with the catalog; it is opened and hashed only when its path, size or time are new.

    retry: open it, too, when it could not be read the last time. Earlier versions also stored failures that were no
    fault of the photo: it is opened again anyhow.
    """
    known = catalog.known_path(file.path)
    if known is not None and (known.size, known.mtime_ns) == (file.size, file.mtime_ns):
        if known.error is None:
            return Unchanged()
        if not retry and not _mended(known.error):
            return StillUnreadable(known.error)
    try:
        identity = identify(file.path, named=file.named)
    except UnreadablePhoto as error:
        # A disk that fails, or permissions that lack, may be mended without a change of the file.
        if isinstance(error.__cause__, OSError):
            return Unreadable(replace(file, mtime_ns=_NO_TIME), error.reason)
        return Unreadable(file, error.reason)
    if identity is None:
        return NoPhoto()
    file = replace(file, size=identity.size, mtime_ns=identity.mtime_ns)
    if WHOLE_PHOTO in catalog.tombstones().of(identity.content):
        return Forgotten()
    photo = catalog.photo_with(identity.content)
    if photo is None or catalog.waits(photo):
        return Unknown(file, identity.content)
    return Known(file, photo, catalog.paths_of(photo))


def _mended(error: str) -> bool:
    """Whether what made a photo fail may be over, without a change of the file."""
    return is_circumstance(error) or (error == raw.NOT_INSTALLED and raw.installed())
