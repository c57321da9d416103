"""What a search for photos meets: files, what cannot be looked at, and what is left out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

IGNORE_FILE = ".faceindexignore"
"""A file with rules for the folder that it is in, as in .gitignore."""

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
