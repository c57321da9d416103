"""Find the files under paths, in a stable order, with no photo opened."""

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

    What cannot be looked at is an UnreadableEntry, and so is a FIFO, socket or device that is given or has the name
    of a photo.

    `on_skip` is told what is left out below the given paths, see SkippedKind. `exclude` are patterns as in .gitignore,
    relative to each of `paths`; files named .faceindexignore have such patterns for the folder that they are in. Where
    such a file cannot be read, its folder is an UnreadableEntry. What is given itself is not left out, except a file
    that `exclude` is about. Left out without a word are faceindex libraries (`skip`, and any folder with a catalog and
    vectors) and folders of albums that were exported.

    Symbolic links are followed; a folder is entered once, so that loops end. Raises: UsageError when one of
    `paths` does not exist, one of `exclude` is no pattern, or nothing here reads addresses of such a kind; OutOfReach
    when the server of an address does not answer, refuses the login, or has no such bucket.
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
