"""Finds files that the library knows and that no longer exist."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence

from faceindex.errors import SilentDisk
from faceindex.ingest.photo_reader import PhotoReader
from faceindex.photos.finding.whereabouts import Whereabouts, whereabouts
from faceindex.running.stop import Stop
from faceindex.store.writer import Writer
from faceindex.types import Pruned

_AT_ONCE = 200  # paths in one question to the process


class Vanished:
    """Finds missing files under `folders`. stop: ends it."""

    def __init__(self, writer: Writer, reader: PhotoReader, folders: Sequence[str], stop: Stop) -> None:
        self._writer = writer
        self._reader = reader
        self._folders = folders
        self._stop = stop

    def prune(self, *, skipped: Collection[str]) -> Pruned | None:
        """Remove the photos whose files were deleted, and count those whose folder is missing; None if the user stopped
        it.

        skipped: paths in the library of files that are skipped now; they are removed, too.
        Raises: SilentDisk; MachineError.
        """
        found = self._where(path for folder in self._folders for path in self._writer.catalog.files(folder))
        if found is None:
            return None
        unwanted = sorted(set(skipped).difference(found["removed"], found["disconnected"]))
        removed = self._writer.remove_paths([*found["removed"], *unwanted])
        return Pruned(removed, away=len(found["disconnected"]), left_out=len(unwanted))

    def forget_failures(self, known: Collection[str]) -> None:
        """Forget the failures of deleted files. known: paths that this run has just seen.

        Raises: SilentDisk; MachineError.
        """
        failed = (path for folder in self._folders for path in self._writer.catalog.failed_paths(folder))
        found = self._where(path for path in failed if path not in known)
        if found and found["removed"]:
            self._writer.remove_paths(found["removed"])

    def _where(self, paths: Iterable[str]) -> dict[Whereabouts, list[str]] | None:
        """The paths by what became of their files; None if the user stopped it."""
        roots, all_paths = self._writer.catalog.roots(), list(paths)
        found: dict[Whereabouts, list[str]] = defaultdict(list)
        for start in range(0, len(all_paths), _AT_ONCE):
            some = all_paths[start : start + _AT_ONCE]
            try:
                for path, where in zip(some, self._reader.ask(_whereabouts, some[0], some, roots), strict=True):
                    found[where].append(path)
            except TimeoutError as error:
                if self._stop.is_set():
                    return None
                raise SilentDisk(f"{some[0]} and others: {error}; nothing was removed from the library") from error
        return found


def _whereabouts(_: str, paths: Sequence[str], roots: Sequence[str]) -> list[Whereabouts]:
    return [whereabouts(path, roots) for path in paths]
