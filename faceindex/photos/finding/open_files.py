"""A file that is open for reading, on any kind of source, and the data that show whether it has changed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO


@dataclass(frozen=True, slots=True)
class FileStatus:
    """Shows whether a file has changed: size in bytes, mtime_ns and ctime_ns as in FoundFile."""

    size: int
    mtime_ns: int
    ctime_ns: int | None = None


@dataclass(frozen=True, slots=True)
class OpenFile:
    """A file that is open for reading. status: when it was opened. look: returns the present status."""

    file: BinaryIO
    status: FileStatus
    look: Callable[[], FileStatus]
