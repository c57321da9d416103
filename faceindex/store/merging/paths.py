"""Which photo is at a path that several libraries know.

A path names one photo. Where two libraries have different photos at one path, two machines may have a file of the same
name, so none is lost: the newer file keeps the path, and the other photo gets a name that says its content. When a
library that was merged before has another photo at its own path, the file was edited there.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from faceindex.photos.finding.entries import FoundFile
from faceindex.store.catalog.photos import NO_FILE

_MOST = 900  # values in one statement


@dataclass(frozen=True, slots=True)
class PathHere:
    """What is at a path. content: of the photo; None for a file that could not be read. library: that it came from."""

    size: int
    mtime_ns: int
    ctime_ns: int | None
    content: bytes | None
    library: str | None


def paths_here(connection: sqlite3.Connection, paths: Iterable[str]) -> dict[str, PathHere]:
    """Those of `paths` that are known, of photos and of files that could not be read."""
    found: dict[str, PathHere] = {}
    for some in blocks(sorted({os.fsencode(path) for path in paths})):
        marks = ", ".join("?" * len(some))
        rows = connection.execute(
            f"""SELECT path, size, mtime_ns, ctime_ns, NULL, NULL FROM failures
                WHERE path IN ({marks}) AND NOT out_of_reach
            UNION ALL SELECT paths.path, size, mtime_ns, ctime_ns, content, library FROM paths
                JOIN photos ON photos.id = photo LEFT JOIN merged_paths ON merged_paths.path = paths.path
                LEFT JOIN merged_libraries ON merged_libraries.id = source WHERE paths.path IN ({marks})""",
            (*some, *some),
        )
        found |= {os.fsdecode(path): PathHere(*rest) for path, *rest in rows}
    return found


def blocks(values: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
    """`values` in parts that one statement takes."""
    for start in range(0, len(values), _MOST):
        yield values[start : start + _MOST]


def placed(file: FoundFile, content: bytes, there: PathHere | None, library: str) -> FoundFile | None:
    """Where the photo of `content`, at `file` in a library, goes: None where it is already."""
    if there is None:
        return file
    if there.content == content or there.content is None:
        return file if _age(file, content) > _age(there, content) else None
    if there.library == library or _age(file, content) > _age(there, there.content):
        return file
    return renamed(file, content)


def renamed(file: FoundFile, content: bytes) -> FoundFile:
    """The name that a photo gets in place of a path that another photo has; no file is looked for there."""
    return FoundFile(f"{file.path} [{content.hex()[:8]}]", NO_FILE, file.mtime_ns, False, None)


def make_room(transaction: sqlite3.Connection, files: Iterable[tuple[FoundFile, PathHere]]) -> list[tuple[str, str]]:
    """Rename the photos at the paths of `files`. Returns: path, and name in its place, of each."""
    moved = []
    for file, there in files:
        assert there.content is not None
        name = renamed(file, there.content).path
        path = os.fsencode(file.path)
        transaction.execute("DELETE FROM merged_paths WHERE path = ?", (path,))
        transaction.execute(
            "UPDATE OR REPLACE paths SET path = ?, size = ?, ctime_ns = NULL WHERE path = ?",
            (os.fsencode(name), NO_FILE, path),
        )
        moved.append((file.path, name))
    return moved


def _age(file: FoundFile | PathHere, content: bytes) -> tuple[int, int, int, bytes]:
    changed = -1 if file.ctime_ns is None else file.ctime_ns
    return file.mtime_ns, changed, file.size, content
