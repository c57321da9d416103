"""The results of a search for photos: files, entries that cannot be read, and skipped entries."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

IGNORE_FILE = ".faceindexignore"
"""A file with rules for its folder, as in .gitignore."""

SkippedKind = Literal["hidden", "system", "excluded"]
"""Why a file or folder is skipped: its name begins with a dot; it is a thumbnail, preview, trash or snapshot of a
system or another program; or the user's rules exclude it."""

UNTIMED = -1
"""The mtime_ns of a file that has neither a time nor a version: it may have changed whenever it is found."""


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A regular file, or an object at an address. path: absolute; size: bytes; named: given by the user.

    mtime_ns: time of the last change, nanoseconds; if the file has a version (ETag), the part below a second encodes
    it. ctime_ns: time of the last change of the file or of its name, mode etc., nanoseconds; None if unknown. inode:
    device and number of a file with several names (hard links); None for others.
    """

    path: str
    size: int
    mtime_ns: int
    named: bool
    ctime_ns: int | None = field(default=None, compare=False)
    inode: tuple[int, int] | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class UnreadableEntry:
    """A file or folder that cannot be read, and why."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class SkippedEntry:
    """A file that may be a photo, or a folder with everything in it, that is skipped."""

    path: str
    kind: SkippedKind
    is_folder: bool
