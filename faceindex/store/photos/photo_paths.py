"""Photos by their paths, and conditions for paths under a folder."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any

from faceindex.types import PhotoRecord

_PHOTOS = """SELECT path, paths.photo, photos.width, photos.height,
        (SELECT COUNT(*) FROM faces WHERE faces.photo = paths.photo), warning, taken, taken_from
    FROM paths JOIN photos ON photos.id = paths.photo WHERE """


def first_paths(
    connection: sqlite3.Connection,
    under: str | None,
    condition: str,
    values: Sequence[object],
    after: str | None,
    most: int,
) -> list[PhotoRecord]:
    """The first paths, after the path `after` if given, of photos of which `condition` is true; at or under `under`."""
    last, found = b"" if after is None else os.fsencode(after), list[tuple[Any, ...]]()
    if under is not None and (own := os.fsencode(under)) > last:
        found = connection.execute(f"{_PHOTOS} path = ? AND {condition}", (own, *values)).fetchall()
    bounds = [last] if under is None else [max(last, folder_range(under)[0]), folder_range(under)[1]]
    where = " AND ".join(["path > ?", "path < ?"][: len(bounds)])
    statement = f"{_PHOTOS} {where} AND {condition} ORDER BY path LIMIT ?"
    found += connection.execute(statement, (*bounds, *values, most - len(found))).fetchall()
    return [PhotoRecord(os.fsdecode(row[0]), *row[1:]) for row in found]


def paths_between(connection: sqlite3.Connection, first: str, last: str) -> list[tuple[str, int]]:
    """Paths of photos that are, byte by byte, more than `first` and less than `last`, in order; with the photo's id."""
    statement = "SELECT path, photo FROM paths WHERE path > ? AND path < ? ORDER BY path"
    rows = connection.execute(statement, (os.fsencode(first), os.fsencode(last)))
    return [(os.fsdecode(path), photo) for path, photo in rows]


def paths_of_faces(connection: sqlite3.Connection, faces: Iterable[int]) -> dict[int, str]:
    """The first path of the photo of each of `faces` that is in the library."""
    rows = connection.execute(
        """SELECT faces.id, MIN(path) FROM faces JOIN paths USING (photo)
        WHERE faces.id IN (SELECT value FROM json_each(?)) GROUP BY faces.id""",
        (json.dumps(sorted(set(faces))),),
    )
    return {face: os.fsdecode(path) for face, path in rows}


def folder_range(path: str) -> tuple[bytes, bytes]:
    """Paths in the folder `path` are more than the first and less than the second."""
    folder = os.fsencode(path).rstrip(b"/") + b"/"
    return folder, folder[:-1] + b"0"  # 0 comes after /


def under_path(path: str | None) -> tuple[str, tuple[bytes, ...]]:
    """A WHERE clause for paths at or under `path`, and its values."""
    if path is None:
        return "", ()
    return "WHERE (path = ? OR (path >= ? AND path < ?))", (os.fsencode(path), *folder_range(path))


def count_photos(connection: sqlite3.Connection, faces: Iterable[int]) -> int:
    """How many photos these faces are in, also what users say is none."""
    statement = "SELECT COUNT(DISTINCT photo) FROM every_face WHERE id IN (SELECT value FROM json_each(?))"
    return int(connection.execute(statement, (json.dumps(sorted(faces)),)).fetchone()[0])
