"""Files with several names (hard links), as in backup snapshots: each file is read once per run."""

from __future__ import annotations

from collections.abc import Callable

from faceindex.photos.finding.entries import FoundFile
from faceindex.photos.identity import Identity

_MOST = 100_000
"""Most files to remember."""


class HardLinks:
    """Remembers what was read of files that have further names.

    Two names are the same file only if device, inode, size and times are equal.
    """

    def __init__(self) -> None:
        self._read: dict[tuple[object, ...], Identity] = {}

    def identify(self, file: FoundFile, identify: Callable[..., Identity | None]) -> Identity | None:
        """The result of `identify` for the file, or for another name of it. Raises: as `identify`."""
        if file.inode is None:
            return identify(file.path, named=file.named)
        known = self._read.get((file.inode, file.size, file.mtime_ns, file.ctime_ns))
        if known is not None:
            return known
        found = identify(file.path, named=file.named)
        if found is not None and len(self._read) < _MOST:
            self._read[file.inode, found.size, found.mtime_ns, found.ctime_ns] = found
        return found
