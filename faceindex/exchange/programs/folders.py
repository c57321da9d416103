"""Walks folders that another program has kept files in."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path


def walked(path: Path, error: Callable[[str, str], None]) -> Iterator[tuple[str, list[str]]]:
    """Each folder at or under `path` with the names of its files, both sorted; links are not followed.

    error: called with a folder that cannot be listed, and the reason.
    """

    def failed(problem: OSError) -> None:
        error(str(problem.filename), problem.strerror or str(problem))

    for folder, below, files in os.walk(path, onerror=failed):
        below.sort()
        yield folder, sorted(files)


def size_of(path: str) -> int | None:
    """The size of a file in bytes; None if there is none."""
    try:
        return os.stat(path).st_size  # noqa: PTH116
    except OSError:
        return None
