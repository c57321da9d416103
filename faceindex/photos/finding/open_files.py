"""A file that is open for reading, wherever it is, and what tells whether it has changed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO


@dataclass(frozen=True, slots=True)
class FileStatus:
    """What tells whether a file has changed: size in bytes, mtime_ns and ctime_ns as of FoundFile."""

    size: int
    mtime_ns: int
    ctime_ns: int | None = None


@dataclass(frozen=True, slots=True)
class OpenFile:
    """A file that is open for reading. status: when it was opened. look: what its status is now."""

    file: BinaryIO
    status: FileStatus
    look: Callable[[], FileStatus]
