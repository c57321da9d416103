"""Sources of photos. A PhotoSource lists, stats and opens photos, and all other code uses it for that."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from faceindex.photos.finding.addresses import is_url
from faceindex.photos.finding.entries import FoundFile, SkippedEntry, UnreadableEntry
from faceindex.photos.finding.local_files import LocalFiles
from faceindex.photos.finding.open_files import FileStatus, OpenFile


class PhotoSource(Protocol):
    """Photos in one kind of place. A photo is identified by its path, absolute or a URL, and any process finds the
    source of a path by `source_of`: so workers open photos themselves.

    A question that cannot be answered now raises OSError with a number; only FileNotFoundError means that nothing
    exists.
    """

    def require(self, root: str) -> None:
        """Check that `root` can be walked. Raises: UsageError if nothing exists there; OutOfReach."""

    def walk(
        self, root: str, entered: set[tuple[int, int]], *, skip: str | None, exclude: Collection[str]
    ) -> Iterator[FoundFile | UnreadableEntry | SkippedEntry]:
        """Everything at or under `root`, in a stable order, as it is listed: see `find_files`."""

    def status(self, path: str) -> FileStatus:
        """The status of the file at `path`. Raises: OSError."""

    def opened(self, path: str) -> AbstractContextManager[OpenFile]:
        """The opened file at `path`; never anything but a file. Raises: OSError."""

    def names_in(self, folder: str) -> Iterator[str]:
        """The names in a folder, as they are listed. Raises: OSError."""

    def missing(self, path: str) -> bool:
        """Whether nothing exists at `path`; False if that is unknown now."""

    def is_folder(self, path: str) -> bool:
        """Whether a folder exists at `path`; False if that is unknown now."""

    def worth_opening(self, path: str) -> bool:
        """Whether to open a file with this name, which the user did not give, to see from its first bytes if it is a
        photo."""


_local = LocalFiles()


def source_of(path: str) -> PhotoSource:
    """The source that lists, stats and opens `path`, which is absolute or an address."""
    if not is_url(path):
        return _local
    from faceindex.photos.finding.remote_files import remote_files  # few users have photos at addresses

    return remote_files()


def expect(paths: Sequence[str]) -> None:
    """Say which files this thread will open next, so that those at addresses are read ahead."""
    urls = [path for path in paths if is_url(path)]
    if urls:
        from faceindex.photos.finding.remote_files import remote_files  # as above

        remote_files().expect(urls)
