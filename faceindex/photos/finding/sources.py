"""Where photos come from. What lists, stats and opens them is a PhotoSource, and everything else asks that one."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import AbstractContextManager
from typing import Protocol

from faceindex.photos.finding.addresses import is_url
from faceindex.photos.finding.find import FoundFile, SkippedEntry, UnreadableEntry
from faceindex.photos.finding.local_files import LocalFiles
from faceindex.photos.finding.open_files import FileStatus, OpenFile


class PhotoSource(Protocol):
    """Photos of one kind of place. They are known by their paths, absolute ones or URLs, and a process that gets such a
    path finds its source by it (`source_of`): so that workers open photos themselves.

    What cannot be asked now raises OSError with a number, of which FileNotFoundError alone says that nothing is there.
    """

    def require(self, root: str) -> None:
        """Nothing, if `root` can be walked. Raises: UsageError when nothing is there, and OutOfReach."""

    def walk(
        self, root: str, entered: set[tuple[int, int]], *, skip: str | None, exclude: Collection[str]
    ) -> Iterator[FoundFile | UnreadableEntry | SkippedEntry]:
        """Everything at or under `root`, in a stable order, as it is listed: see `find_files`."""

    def status(self, path: str) -> FileStatus:
        """Of the file at `path`. Raises: OSError."""

    def opened(self, path: str) -> AbstractContextManager[OpenFile]:
        """The file at `path`, and never what is no file. Raises: OSError."""

    def names_in(self, folder: str) -> Iterator[str]:
        """Names of all that is in a folder, as it is listed. Raises: OSError."""

    def missing(self, path: str) -> bool:
        """Whether nothing is at `path`; not so when that cannot be said now."""

    def is_folder(self, path: str) -> bool:
        """Whether a folder is at `path`; not so when that cannot be said now."""

    def worth_opening(self, path: str) -> bool:
        """Whether a file of this name, which nobody gave, is to be asked by its first bytes whether it is a photo."""


_local = LocalFiles()


def source_of(path: str) -> PhotoSource:
    """What lists, stats and opens what is at `path`, which is absolute or an address."""
    if not is_url(path):
        return _local
    from faceindex.photos.finding.remote_files import remote_files  # few have photos elsewhere

    return remote_files()
