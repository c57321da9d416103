"""The folders that photos come from, as an ingest remembers them."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import suppress

from faceindex.photos.finding.addresses import absolute, is_in, is_url
from faceindex.photos.finding.entries import FoundFile, SkippedEntry, UnreadableEntry
from faceindex.photos.finding.find import find_files
from faceindex.photos.finding.sources import source_of


def to_remember(roots: Sequence[str], folders: Sequence[str], known: Sequence[str]) -> list[str]:
    """The given `folders`, and of single photos those folders that are in no other root."""
    given = set(map(absolute, roots)) & set(folders)
    above = [*known, *given]
    return [folder for folder in folders if folder in given or not any(is_in(folder, root) for root in above)]


def folder_of(root: str) -> str:
    """The folder that `root` means: itself, or the folder of a single photo."""
    path = absolute(root)
    return path if source_of(path).is_folder(path) else os.path.dirname(path)  # noqa: PTH120  (also for addresses)


def find_connected(
    roots: Sequence[str],
    known: Collection[str],
    missing: list[UnreadableEntry],
    *,
    skip: str,
    exclude: Collection[str],
    on_skip: Callable[[SkippedEntry], None],
) -> Iterator[FoundFile | UnreadableEntry]:
    """As `find_files`, but local folders that were ingested before and are not there now are put into `missing`.

    So looks the folder of a disk that is not mounted. A path that was never ingested may be misspelt, and raises.
    known: the folders that were ingested before.
    """
    given = dict.fromkeys(map(absolute, roots))
    missing += filter(None, (_missing(root) for root in given if root in known))
    away = {entry.path for entry in missing}
    yield from find_files([root for root in given if root not in away], skip=skip, exclude=exclude, on_skip=on_skip)


def _missing(folder: str) -> UnreadableEntry | None:
    if is_url(folder):  # a server that does not answer, and a bucket that is gone, raise OutOfReach already
        return None
    source = source_of(folder)
    if source.missing(folder):
        return UnreadableEntry(folder, "the folder is missing; is its disk connected?")
    if not source.is_folder(folder):
        return None
    with suppress(OSError):  # the search for files tells it
        if next(iter(source.names_in(folder)), None) is None:
            return UnreadableEntry(folder, "the folder is empty; is its disk connected?")
    return None
