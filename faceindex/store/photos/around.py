"""Photos around a photo: of the same moment, in the same folder, before and after it; and the folders of a library."""

from __future__ import annotations

import os
import sqlite3
from collections import Counter
from datetime import datetime, timedelta

from faceindex.store.catalog import Catalog
from faceindex.types import Folder, PhotoRecord, PhotosAround

MOMENT = timedelta(minutes=30)
"""Photos that were taken at most so long before or after are of the same moment."""


def photos_around(catalog: Catalog, photo: PhotoRecord, most: int) -> PhotosAround:
    """The photos before and after, by path, and at most so many others of the same moment, or of the same folder."""
    connection = catalog.connection
    ids = _of_moment(connection, photo, most)
    by_date = bool(ids)
    others = [_first(catalog, number) for number in ids] if by_date else _in_folder(catalog, photo, most)
    path = os.fsencode(photo.path)
    before, after = (
        connection.execute(f"SELECT path FROM paths WHERE path {sign} ? ORDER BY path {order} LIMIT 1", (path,))
        for sign, order in (("<", "DESC"), (">", ""))
    )
    return PhotosAround(
        _at(catalog, before.fetchone()),
        _at(catalog, after.fetchone()),
        tuple(one for one in others if one is not None and one.photo != photo.photo),
        by_date,
    )


def folders(connection: sqlite3.Connection) -> list[Folder]:
    """Every folder that has photos, and the folders that these are in, by path; with the number of photos below."""
    own = Counter(_folder_of(path) for (path,) in connection.execute("SELECT path FROM paths"))
    below = Counter[bytes]()
    for folder, count in own.items():
        while folder.strip(b"/:"):
            below[folder] += count
            folder = _folder_of(folder)
    every = sum(own.values())
    shared = max((len(path) for path, count in below.items() if count == every), default=0)
    # Above the folder that all photos have in common nothing is told apart.
    return [Folder(os.fsdecode(path), count) for path, count in sorted(below.items()) if len(path) >= shared]


def _of_moment(connection: sqlite3.Connection, photo: PhotoRecord, most: int) -> list[int]:
    """By time, the nearest ones; none when nobody knows the time of day."""
    try:
        taken = datetime.fromisoformat(photo.taken or "").replace(tzinfo=None)
    except ValueError:
        return []
    if "T" not in (photo.taken or ""):
        return []
    first, last = ((taken + sign * MOMENT).isoformat() for sign in (-1, 1))
    rows = connection.execute(
        "SELECT id, taken FROM photos WHERE taken >= ? AND taken <= ? ORDER BY taken, id", (first, last + "~")
    ).fetchall()
    place = next((at for at, (number, _) in enumerate(rows) if number == photo.photo), 0)
    begin = max(0, min(place - most // 2, len(rows) - most - 1))
    found = [number for number, _ in rows[begin : begin + most + 1]]
    return found if len(found) > 1 else []


def _in_folder(catalog: Catalog, photo: PhotoRecord, most: int) -> list[PhotoRecord | None]:
    """Photos beside it in its own folder, by path."""
    path = os.fsencode(photo.path)
    folder = _folder_of(path)
    found = []
    for sign, order, count in (("<", "DESC", most // 2), (">", "", most - most // 2)):
        rows = catalog.connection.execute(
            f"SELECT path FROM paths WHERE path {sign} ? ORDER BY path {order} LIMIT ?", (path, count)
        ).fetchall()
        beside_it = [row for row in rows if _folder_of(row[0]) == folder]
        found += beside_it[::-1] if order else beside_it
    return [_at(catalog, row) for row in found]


def _folder_of(path: bytes) -> bytes:
    return path.rpartition(b"/")[0]


def _first(catalog: Catalog, number: int) -> PhotoRecord | None:
    paths = catalog.paths_of(number)
    return catalog.photo(paths[0]) if paths else None


def _at(catalog: Catalog, row: tuple[bytes] | None) -> PhotoRecord | None:
    return None if row is None else catalog.photo(os.fsdecode(row[0]))
