"""Whether a photo that is missing at its path was removed or renamed, or is on a disk that is not connected now."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Literal

from faceindex.files.reading import NOT_REGULAR
from faceindex.photos.finding.addresses import is_in, is_url
from faceindex.photos.finding.sources import source_of

Whereabouts = Literal["present", "removed", "disconnected"]


def missing(path: str) -> bool:
    """Whether nothing exists at `path`; False if that is unknown: no permission, or a disk that does not answer."""
    return source_of(path).missing(path)


def out_of_reach(path: str) -> bool:
    """Whether a file exists at `path` that this process cannot read now: no permission, or a failing disk."""
    try:
        with source_of(path).opened(path) as opened:
            opened.file.read(1)
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return False
    except OSError as error:
        return error.strerror != NOT_REGULAR
    return False


def removed(path: str, roots: Sequence[str]) -> bool:
    """Whether the file at `path` was removed: it is missing, and its folder, or one above, has other files.

    An empty folder may be the mount point of a disk, and a missing one of `roots` (the folders that were ingested
    from) may be on such a disk: then the file is disconnected, not removed. The same is true of buckets.
    """
    source = source_of(path)
    if not source.missing(path):
        return False
    folder = os.path.dirname(path)  # noqa: PTH120  (also of addresses)
    root = max((root for root in roots if is_in(folder, root)), key=len, default=folder)
    while folder != root and source.missing(folder):
        folder = os.path.dirname(folder)  # noqa: PTH120
    try:
        return next(iter(source.names_in(folder)), None) is not None
    except OSError:
        return False


def whereabouts(path: str, roots: Sequence[str]) -> Whereabouts:
    """What became of the photo at `path`: it is still present, or it was removed, or its disk is disconnected."""
    if not missing(path):
        return "present"
    return "removed" if removed(path, roots) else "disconnected"


def renamed(old: str, new: str) -> bool:
    """Whether `old` and `new` are the same file on a disk that ignores the case of letters."""
    if old == new or old.casefold() != new.casefold() or is_url(old) or is_url(new):
        return False
    try:
        before, after = os.lstat(old), os.lstat(new)
    except OSError:
        return False
    return os.path.samestat(before, after) and before.st_nlink == 1
