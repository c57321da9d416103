"""Find the files under paths, in a stable order, with no photo opened."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from faceindex.errors import UsageError
from faceindex.photos.identity import claims_to_be_photo
from faceindex.regular_files import NOT_REGULAR, open_regular

ALBUMS_MANIFEST, ALBUMS_FORMAT = "albums.json", "faceindex albums 1"
"""What marks a folder of exported albums: this file, and the format that it begins with."""


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A regular file. path: absolute; size: bytes; mtime_ns: nanoseconds; named: given by the user."""

    path: str
    size: int
    mtime_ns: int
    named: bool


@dataclass(frozen=True, slots=True)
class UnreadableEntry:
    """A file or folder that cannot be looked at, and why."""

    path: str
    reason: str


def absolute(path: str | os.PathLike[str]) -> str:
    """`path` made absolute, a user's `~` expanded (a name may begin with one, too), symbolic links kept."""
    return os.path.abspath(os.path.expanduser(path))  # noqa: PTH100, PTH111  (Path's ways follow links, refuse names)


def find_files(
    paths: Iterable[str | os.PathLike[str]], *, skip: str | None = None
) -> Iterator[FoundFile | UnreadableEntry]:
    """Every regular file under `paths`, each once, folders depth first and sorted by name.

    What cannot be looked at is an UnreadableEntry, and so is a FIFO, socket or device that is given or has the name
    of a photo.

    Hidden files and folders (a leading dot) below the given paths are left out, as are faceindex
    libraries (`skip`, and any folder with a catalog and vectors) and folders of albums that were exported.
    Symbolic links are followed; a folder is entered once, so that loops end. Raises: UsageError when one of
    `paths` does not exist.
    """
    roots = {absolute(path): None for path in paths}
    for root in roots:
        if not os.path.lexists(root):
            raise UsageError(f"no such file or folder: {root}")
    entered: set[tuple[int, int]] = set()
    for root in roots:
        for entry in _walk(root, entered, skip=skip):
            if entry.path == root or entry.path not in roots:
                yield entry


def _walk(root: str, entered: set[tuple[int, int]], *, skip: str | None) -> Iterator[FoundFile | UnreadableEntry]:
    """Depth first without recursion: a tree may be deeper than Python's stack."""
    waiting = [root]
    while waiting:
        path = waiting.pop()
        try:
            status = os.stat(path)  # noqa: PTH116  (one call for type, size and time)
            if stat.S_ISREG(status.st_mode):
                yield FoundFile(path, status.st_size, status.st_mtime_ns, named=path == root)
                continue
            if not stat.S_ISDIR(status.st_mode):
                if path == root or claims_to_be_photo(path):
                    yield UnreadableEntry(path, NOT_REGULAR)
                continue
            identity = (status.st_dev, status.st_ino)
            if identity in entered or path == skip:
                continue
            entered.add(identity)
            with os.scandir(path) as listing:
                names = sorted((entry.name for entry in listing if not entry.name.startswith(".")), reverse=True)
        except OSError as error:
            yield UnreadableEntry(path, error.strerror or str(error))
            continue
        if not {"catalog.sqlite", "vectors"} <= set(names) and not _holds_albums(path, names):
            waiting.extend(os.path.join(path, name) for name in names)  # noqa: PTH118  (speed)


def _holds_albums(folder: str, names: list[str]) -> bool:
    if ALBUMS_MANIFEST not in names:
        return False
    try:
        with open_regular(Path(folder, ALBUMS_MANIFEST)) as file:
            return ALBUMS_FORMAT.encode() in file.read(100)
    except OSError:
        return False
