"""Find the files under paths, in a stable order, with no photo opened."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from faceindex.files.regular import NOT_REGULAR, open_regular
from faceindex.photos.finding.addresses import HELD, absolute, is_held
from faceindex.photos.finding.system_folders import (
    has_photos_of_library,
    is_marked,
    is_photo_library,
    is_system_file,
    is_system_folder,
)
from faceindex.photos.identity import claims_to_be_photo

if TYPE_CHECKING:
    from faceindex.photos.finding.ignore_rules import IgnoreRules


__all__ = [
    "ALBUMS_FORMAT",
    "ALBUMS_MANIFEST",
    "HELD",
    "IGNORE_FILE",
    "UNTIMED",
    "FoundFile",
    "SkippedEntry",
    "SkippedKind",
    "UnreadableEntry",
    "absolute",
    "find_files",
    "given_rules",
    "is_held",
    "kind_of",
    "walk_files",
]

IGNORE_FILE = ".faceindexignore"
"""A file with rules for the folder that it is in, as in .gitignore."""

ALBUMS_MANIFEST, ALBUMS_FORMAT = "albums.json", "faceindex albums 1"
"""What marks a folder of exported albums: this file, and the format that it begins with."""

SkippedKind = Literal["hidden", "system", "excluded"]
"""Why a file or folder is left out: its name begins with a dot; it is a thumbnail, preview, bin or snapshot of a system
or another program; the user's rules say so."""


UNTIMED = -1
"""The mtime_ns of what gives neither a time nor a version: it may have changed whenever it is met."""


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A regular file, or an object at an address. path: absolute; size: bytes; named: given by the user.

    mtime_ns: when it was changed, nanoseconds; of what has a version (ETag) too, the part below a second stands for it.
    ctime_ns: when the file or what is known of it (name, mode) last changed, nanoseconds; None when that is not known.
    inode: device and number of a file with several names (hard links); None of others.
    """

    path: str
    size: int
    mtime_ns: int
    named: bool
    ctime_ns: int | None = field(default=None, compare=False)
    inode: tuple[int, int] | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class UnreadableEntry:
    """A file or folder that cannot be looked at, and why."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class SkippedEntry:
    """A file that may be a photo, or a folder with all that is in it, that is left out."""

    path: str
    kind: SkippedKind
    is_folder: bool


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
    from faceindex.photos.finding.sources import source_of  # which need what is defined here

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


def walk_files(
    root: str, entered: set[tuple[int, int]], *, skip: str | None, exclude: Collection[str]
) -> Iterator[FoundFile | UnreadableEntry | SkippedEntry]:
    """Everything at or under `root`, files and what is left out, depth first.

    entered: folders that were entered, which grows.
    """
    waiting: list[tuple[str, IgnoreRules | None]] = [(root, None)]
    while waiting:
        path, rules = waiting.pop()
        try:
            status = os.stat(path)  # noqa: PTH116  (one call for type, size and times)
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
        if {"catalog.sqlite", "vectors"} <= names or _holds_albums(path, names):
            continue
        if path != root and is_marked(path, names):
            yield SkippedEntry(path, "system", is_folder=True)
            continue
        in_library = is_photo_library(path, names)
        for entry in entries:
            is_folder = _is_folder(entry)
            kind = kind_of(entry.name, entry.path, rules, is_folder=is_folder, in_library=in_library)
            if kind is None:
                waiting.append((entry.path, rules))
            elif kind == "excluded" or is_folder or claims_to_be_photo(entry.name):
                yield SkippedEntry(entry.path, kind, is_folder)


def _no_folder(
    path: str, status: os.stat_result, exclude: Collection[str] | None
) -> FoundFile | UnreadableEntry | SkippedEntry | None:
    """What `path` is. exclude: the user's patterns, if the user gave this very path."""
    if exclude and given_rules(str(Path(path).parent), exclude).exclude(path, is_folder=False):
        return SkippedEntry(path, "excluded", is_folder=False)
    if stat.S_ISREG(status.st_mode):
        inode = (status.st_dev, status.st_ino) if status.st_nlink > 1 else None
        return FoundFile(path, status.st_size, status.st_mtime_ns, exclude is not None, status.st_ctime_ns, inode)
    return UnreadableEntry(path, NOT_REGULAR) if exclude is not None or claims_to_be_photo(path) else None


def kind_of(
    name: str, path: str, rules: IgnoreRules | None, *, is_folder: bool, in_library: bool
) -> SkippedKind | None:
    """Why what is called so is left out; None when it is not. in_library: of Photos, iPhoto or Aperture."""
    if is_system_folder(name) if is_folder else is_system_file(name):
        return "system"
    if name.startswith("."):
        return "hidden"
    if in_library and is_folder and not has_photos_of_library(name):
        return "system"
    if rules is not None and rules.exclude(path, is_folder=is_folder):
        return "excluded"
    return None


def _name(entry: os.DirEntry[str]) -> str:
    return entry.name


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself, or into what may not be looked at
        return False


def _rules_of(root: str, exclude: Collection[str]) -> IgnoreRules | None:
    """The rules that hold for a given folder: what is excluded, and files in the folders above it. Raises: OSError."""
    rules = given_rules(root, exclude) if exclude else None
    for folder in reversed(Path(root).parents):
        if os.path.exists(folder / IGNORE_FILE):  # noqa: PTH110  (Path.exists raises where it may not look)
            rules = _rules_with_file(rules, str(folder))
    return rules


def given_rules(root: str, exclude: Collection[str]) -> IgnoreRules:
    """What the user leaves out, relative to `root`. Raises: UsageError when it is no pattern."""
    from faceindex.photos.finding.ignore_rules import IgnoreRules  # pathspec takes 30 ms to load, and few have rules

    return IgnoreRules.of(root, exclude)


def _rules_with_file(rules: IgnoreRules | None, folder: str) -> IgnoreRules:
    from faceindex.photos.finding.ignore_rules import IgnoreRules

    return (rules or IgnoreRules()).with_file_in(folder)


def _holds_albums(folder: str, names: Collection[str]) -> bool:
    if ALBUMS_MANIFEST not in names:
        return False
    try:
        with open_regular(Path(folder, ALBUMS_MANIFEST)) as file:
            return ALBUMS_FORMAT.encode() in file.read(100)
    except OSError:
        return False
