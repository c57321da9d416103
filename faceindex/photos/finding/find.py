"""Finds the files under paths, in a stable order, without opening photos."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Iterator

from faceindex.photos.finding.addresses import absolute
from faceindex.photos.finding.entries import FoundFile, SkippedEntry, UnreadableEntry
from faceindex.photos.finding.sources import source_of


def find_files(
    paths: Iterable[str | os.PathLike[str]],
    *,
    skip: str | None = None,
    exclude: Collection[str] = (),
    on_skip: Callable[[SkippedEntry], None] = lambda _: None,
) -> Iterator[FoundFile | UnreadableEntry]:
    """Every regular file under `paths`, each once, folders depth first and sorted by name.

    An entry that cannot be read gives an UnreadableEntry, and so does a FIFO, socket or device that is given or has the
    name of a photo.

    `on_skip` is called for skipped entries below the given paths, see SkippedKind. `exclude` has patterns as in
    .gitignore, relative to each of `paths`; files named .faceindexignore have such patterns for their folder. If such a
    file cannot be read, its folder gives an UnreadableEntry. A given path is not skipped itself, except for a file that
    matches `exclude`. Skipped without a call are faceindex libraries (`skip`, and any folder with a catalog and
    vectors) and folders of exported albums.

    Symbolic links are followed; each folder is entered once, so that loops end. Raises: UsageError if one of `paths`
    does not exist, one of `exclude` is not a pattern, or addresses of such a kind cannot be read here; OutOfReach if
    the server of an address does not answer, refuses the login, or has no such bucket.
    """
    roots = {absolute(path): None for path in paths}
    for root in roots:
        source_of(root).require(root)
    entered: set[tuple[int, int]] = set()
    for root in roots:
        for entry in source_of(root).walk(root, entered, skip=skip, exclude=exclude):
            if entry.path != root and entry.path in roots:
                continue
            if isinstance(entry, SkippedEntry):
                on_skip(entry)
            else:
                yield entry
