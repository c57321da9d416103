"""Whether a photo that is not at its path any more was removed or renamed, or is on a disk that is not there now."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

Whereabouts = Literal["there", "removed", "away"]

_NOT_THERE = frozenset((errno.ENOENT, errno.ENOTDIR))


def missing(path: str) -> bool:
    """Whether there is nothing at `path`; not so when it may not be looked at, or when its disk does not answer."""
    try:
        os.lstat(path)
    except OSError as error:
        return error.errno in _NOT_THERE
    return False


def out_of_reach(path: str) -> bool:
    """Whether there is something at `path` that this process cannot read now: permissions, or a disk that fails."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        try:
            if stat.S_ISREG(os.fstat(descriptor).st_mode):
                os.read(descriptor, 1)
        finally:
            os.close(descriptor)
    except OSError as error:
        return error.errno not in _NOT_THERE
    return False


def removed(path: str, roots: Sequence[str]) -> bool:
    """Whether nothing is at `path` and that is no wonder: the folder it was in, or one above it, has other things.

    An empty folder may be where a disk was mounted, and a missing one of `roots` (the folders that photos were
    ingested from) may be on such a disk: what was in it is away, not removed.
    """
    if not missing(path):
        return False
    folder = Path(path).parent
    above = [root for root in map(Path, roots) if folder.is_relative_to(root)]
    root = max(above, key=lambda root: len(root.parts), default=folder)
    while folder != root and missing(str(folder)):
        folder = folder.parent
    try:
        return any(folder.iterdir())
    except OSError:
        return False


def whereabouts(path: str, roots: Sequence[str]) -> Whereabouts:
    """Where the photo is that was at `path`: still there, removed or only away; see `removed`."""
    if not missing(path):
        return "there"
    return "removed" if removed(path, roots) else "away"


def renamed(old: str, new: str) -> bool:
    """Whether `old` is but another spelling of `new`, as on disks that take capital for small letters."""
    if old == new or old.casefold() != new.casefold():
        return False
    try:
        before, after = os.lstat(old), os.lstat(new)
    except OSError:
        return False
    return os.path.samestat(before, after) and before.st_nlink == 1
