"""Files with several names (hard links), as backups of snapshots have them: each is read once in a run."""

from __future__ import annotations

from collections.abc import Callable

from faceindex.photos.finding.find import FoundFile
from faceindex.photos.identity import Identity

_MOST = 100_000
"""Files that are remembered, at most."""


class HardLinks:
    """Remembers what was read of files that have further names.

    Nothing is taken for the same but one inode of one device, of the size and the times at which it was read.
    """

    def __init__(self) -> None:
        self._read: dict[tuple[object, ...], Identity] = {}

    def identify(self, file: FoundFile, identify: Callable[..., Identity | None]) -> Identity | None:
        """What `identify` says of the file, or said of it under another name. Raises: as `identify`."""
        if file.inode is None:
            return identify(file.path, named=file.named)
        known = self._read.get((file.inode, file.size, file.mtime_ns, file.ctime_ns))
        if known is not None:
            return known
        found = identify(file.path, named=file.named)
        if found is not None and len(self._read) < _MOST:
            self._read[file.inode, found.size, found.mtime_ns, found.ctime_ns] = found
        return found
