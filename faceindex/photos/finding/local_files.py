"""Photos that are files on this machine's disks."""

from __future__ import annotations

import errno
import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager

from faceindex.errors import UsageError
from faceindex.files.reading import open_regular
from faceindex.photos.finding.entries import FoundFile, SkippedEntry, UnreadableEntry
from faceindex.photos.finding.local_walk import walk_files
from faceindex.photos.finding.open_files import FileStatus, OpenFile

_NOT_THERE = frozenset((errno.ENOENT, errno.ENOTDIR))


class LocalFiles:
    """The PhotoSource for regular files; links are followed."""

    def require(self, root: str) -> None:
        """See PhotoSource."""
        if not os.path.lexists(root):
            raise UsageError(f"no such file or folder: {root}")

    def walk(
        self, root: str, entered: set[tuple[int, int]], *, skip: str | None, exclude: Collection[str]
    ) -> Iterator[FoundFile | UnreadableEntry | SkippedEntry]:
        """See PhotoSource."""
        return walk_files(root, entered, skip=skip, exclude=exclude)

    def status(self, path: str) -> FileStatus:
        """See PhotoSource."""
        return _status_of(os.stat(path))  # noqa: PTH116  (one call for size and time)

    @contextmanager
    def opened(self, path: str) -> Iterator[OpenFile]:
        """See PhotoSource."""
        with open_regular(path) as file:
            descriptor = file.fileno()
            yield OpenFile(file, _status_of(os.fstat(descriptor)), lambda: _status_of(os.fstat(descriptor)))

    def names_in(self, folder: str) -> Iterator[str]:
        """See PhotoSource."""
        with os.scandir(folder) as listing:
            for entry in listing:
                yield entry.name

    def missing(self, path: str) -> bool:
        """See PhotoSource."""
        try:
            os.lstat(path)
        except OSError as error:
            return error.errno in _NOT_THERE
        return False

    def is_folder(self, path: str) -> bool:
        """See PhotoSource."""
        return os.path.isdir(path)  # noqa: PTH112

    def worth_opening(self, path: str) -> bool:
        """See PhotoSource: every file may be opened."""
        return True


def _status_of(status: os.stat_result) -> FileStatus:
    return FileStatus(status.st_size, status.st_mtime_ns, status.st_ctime_ns)
