"""Whether a photo that is not at its path any more was removed or renamed, or is on a disk that is not there now."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Literal

from faceindex.files.regular import NOT_REGULAR
from faceindex.photos.finding.addresses import is_in, is_url
from faceindex.photos.finding.sources import source_of

Whereabouts = Literal["there", "removed", "away"]


def missing(path: str) -> bool:
    """Whether there is nothing at `path`; not so when it may not be looked at, or when its disk does not answer."""
    return source_of(path).missing(path)


def out_of_reach(path: str) -> bool:
    """Whether there is something at `path` that this process cannot read now: permissions, or a disk that fails."""
    try:
        with source_of(path).opened(path) as opened:
            opened.file.read(1)
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return False
    except OSError as error:
        return error.strerror != NOT_REGULAR
    return False


def removed(path: str, roots: Sequence[str]) -> bool:
    """Whether nothing is at `path` and that is no wonder: the folder it was in, or one above it, has other things.

    An empty folder may be where a disk was mounted, and a missing one of `roots` (the folders that photos were
    ingested from) may be on such a disk: what was in it is away, not removed. So it is with buckets.
    """
    source = source_of(path)
    if not source.missing(path):
        return False
    folder = os.path.dirname(path)  # noqa: PTH120  (of addresses, too)
    root = max((root for root in roots if is_in(folder, root)), key=len, default=folder)
    while folder != root and source.missing(folder):
        folder = os.path.dirname(folder)  # noqa: PTH120
    try:
        return next(iter(source.names_in(folder)), None) is not None
    except OSError:
        return False


def whereabouts(path: str, roots: Sequence[str]) -> Whereabouts:
    """Where the photo is that was at `path`: still there, removed or only away; see `removed`."""
    if not missing(path):
        return "there"
    return "removed" if removed(path, roots) else "away"


def renamed(old: str, new: str) -> bool:
    """Whether `old` is but another spelling of `new`, as on disks that take capital for small letters."""
    if old == new or old.casefold() != new.casefold() or is_url(old) or is_url(new):
        return False
    try:
        before, after = os.lstat(old), os.lstat(new)
    except OSError:
        return False
    return os.path.samestat(before, after) and before.st_nlink == 1
