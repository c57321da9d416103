"""Every file at or under a path on this machine's disks, folders depth first and sorted by name."""

from __future__ import annotations

import os
import stat
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from faceindex.files.reading import NOT_REGULAR
from faceindex.photos.finding.entries import IGNORE_FILE, FoundFile, SkippedEntry, UnreadableEntry
from faceindex.photos.finding.exclusion import given_rules, kind_of
from faceindex.photos.finding.own_folders import is_own_folder
from faceindex.photos.finding.system_folders import is_marked, is_photo_library
from faceindex.photos.identity import claims_to_be_photo
from faceindex.system.paths import entry_path

if TYPE_CHECKING:
    from faceindex.photos.finding.ignore_rules import IgnoreRules


def walk_files(
    root: str, entered: set[tuple[int, int]], *, skip: str | None, exclude: Collection[str]
) -> Iterator[FoundFile | UnreadableEntry | SkippedEntry]:
    """Everything at or under `root`, files and skipped entries, depth first.

    entered: the folders that were entered so far; it grows.
    """
    waiting: list[tuple[str, os.DirEntry[str] | None, IgnoreRules | None]] = [(root, None, None)]
    while waiting:
        path, at, rules = waiting.pop()
        try:
            # One call for type, size and times.
            status = at.stat() if at is not None else os.stat(path)  # noqa: PTH116
            if not stat.S_ISDIR(status.st_mode):
                if found := _no_folder(path, status, exclude if path == root else None):
                    yield found
                continue
            identity = (status.st_dev, status.st_ino)
            if identity in entered or path == skip:
                continue
            entered.add(identity)
            with os.scandir(path) as listing:
                entries = sorted(listing, key=_name, reverse=True)
            names = {entry.name for entry in entries}
            if path == root:
                rules = _rules_of(root, exclude)
            if IGNORE_FILE in names:
                rules = _rules_with_file(rules, path)
        except OSError as error:
            yield UnreadableEntry(path, error.strerror or str(error))
            continue
        if is_own_folder(path, names):
            continue
        if path != root and is_marked(path, names):
            yield SkippedEntry(path, "system", is_folder=True)
            continue
        in_library = is_photo_library(path, names)
        for entry in entries:
            is_folder = _is_folder(entry)
            kind = kind_of(entry.name, entry_path(entry), rules, is_folder=is_folder, in_library=in_library)
            if kind is None:
                waiting.append((entry_path(entry), entry, rules))
            elif kind == "excluded" or is_folder or claims_to_be_photo(entry.name):
                yield SkippedEntry(entry_path(entry), kind, is_folder)


def _no_folder(
    path: str, status: os.stat_result, exclude: Collection[str] | None
) -> FoundFile | UnreadableEntry | SkippedEntry | None:
    """The entry for `path` if it is not a folder. exclude: the user's patterns, if the user gave this very path."""
    if exclude and given_rules(str(Path(path).parent), exclude).exclude(path, is_folder=False):
        return SkippedEntry(path, "excluded", is_folder=False)
    if stat.S_ISREG(status.st_mode):
        inode = (status.st_dev, status.st_ino) if status.st_nlink > 1 else None
        return FoundFile(path, status.st_size, status.st_mtime_ns, exclude is not None, status.st_ctime_ns, inode)
    return UnreadableEntry(path, NOT_REGULAR) if exclude is not None or claims_to_be_photo(path) else None


def _name(entry: os.DirEntry[str]) -> str:
    return entry.name


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself, or to a place without permission
        return False


def _rules_of(root: str, exclude: Collection[str]) -> IgnoreRules | None:
    """The rules for a given folder: the user's, and those of files in the folders above it. Raises: OSError."""
    rules = given_rules(root, exclude) if exclude else None
    for folder in reversed(Path(root).parents):
        if os.path.exists(folder / IGNORE_FILE):  # noqa: PTH110  (Path.exists raises without permission)
            rules = _rules_with_file(rules, str(folder))
    return rules


def _rules_with_file(rules: IgnoreRules | None, folder: str) -> IgnoreRules:
    from faceindex.photos.finding.ignore_rules import IgnoreRules

    return (rules or IgnoreRules()).with_file_in(folder)
