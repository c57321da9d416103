"""Reads the named faces of Nextcloud's apps FaceRecognition (0.9) and Recognize (2.2 to 12) from their tables.

Tables and columns are those of the apps' migrations (lib/Migration), without the prefix that Nextcloud gives them.
"""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from io import TextIOWrapper
from pathlib import Path
from typing import NamedTuple, TextIO

from faceindex.errors import UsageError
from faceindex.files.reading import open_regular
from faceindex.files.unreadable import unreadable
from faceindex.store.foreign.dumps import Loaded, load_csv, load_dump
from faceindex.store.foreign.reading import foreign_database, is_database

_TABLES = {
    "facerecog_faces": ("id", "image", "person", "x", "y", "width", "height", "left", "right", "top", "bottom"),
    "facerecog_images": ("id", "file"),
    "facerecog_persons": ("id", "name", "is_visible"),
    "recognize_face_detections": ("id", "file_id", "cluster_id", "x", "y", "width", "height"),
    "recognize_face_clusters": ("id", "title"),
    "filecache": ("fileid", "storage", "path", "size"),
    "storages": ("numeric_id", "id"),
}
_FACES = (
    ("facerecog_faces", "facerecog_images", "facerecog_persons"),
    ("recognize_face_detections", "recognize_face_clusters"),
)

_QUERY = """
    SELECT CAST(filecache.fileid AS INTEGER), storages.id, path, CAST(size AS INTEGER), name,
        x, y, width, height, pixels
    FROM (
        SELECT image.file AS file, person.name AS name, COALESCE(face.x, face."left") AS x,
            COALESCE(face.y, face.top) AS y, COALESCE(face.width, face."right" - face."left") AS width,
            COALESCE(face.height, face.bottom - face.top) AS height, 1 AS pixels, face.id AS number
        FROM facerecog_faces AS face JOIN facerecog_images AS image ON image.id = face.image
        JOIN facerecog_persons AS person ON person.id = face.person
        WHERE lower(COALESCE(is_visible, '1')) NOT IN ('0', 'f', 'false')
        UNION ALL
        SELECT file_id, title, x, y, width, height, 0, face.id
        FROM recognize_face_detections AS face JOIN recognize_face_clusters AS cluster ON cluster.id = face.cluster_id
    ) AS named JOIN filecache ON filecache.fileid = named.file
    LEFT JOIN storages ON storages.numeric_id = filecache.storage
    WHERE name IS NOT NULL AND name != '' ORDER BY 1, pixels, CAST(number AS INTEGER)"""


class NextcloudFace(NamedTuple):
    """A row. storage: its id, such as home::ann. path: within the storage. in_pixels: whether x, y, width and height
    are pixels of the upright photo; else they are parts of its sides."""

    file: int
    storage: str | None
    path: str
    bytes: int | None
    person: str
    x: object
    y: object
    width: object
    height: object
    in_pixels: int


@contextmanager
def nextcloud_tables(path: Path) -> Iterator[sqlite3.Connection]:
    """A temporary database with the tables in an SQL dump, a folder of CSV files named after them, or an SQLite file.

    Raises: UsageError if tables are missing or a file is damaged; MachineError.
    """
    with (
        tempfile.TemporaryDirectory(prefix="faceindex-") as folder,
        closing(sqlite3.connect(Path(folder, "tables.db"), isolation_level=None)) as connection,
    ):
        connection.execute("BEGIN")
        loaded = Loaded(connection, _TABLES)
        _load(path, loaded)
        _require(path, loaded)
        connection.execute("COMMIT")
        for table in ("facerecog_images", "facerecog_persons", "recognize_face_clusters", "filecache", "storages"):
            first = _TABLES[table][0]
            connection.execute(f'CREATE INDEX "by_{table}" ON "{table}" ("{first}")')
        yield connection


def nextcloud_faces(connection: sqlite3.Connection) -> Iterator[NextcloudFace]:
    """The faces that have a name, those of one file together."""
    return (NextcloudFace(*row) for row in connection.execute(_QUERY))


def _load(path: Path, loaded: Loaded) -> None:
    if path.is_dir():
        for file in sorted(path.iterdir()):
            stem = file.stem.lower()
            table = next((one for one in _TABLES if stem == one or stem.endswith(f"_{one}")), None)
            if file.suffix.lower() == ".csv" and table is not None:
                _read(file, partial(load_csv, path=file, table=table, put=loaded.put))
    elif is_database(path):
        with foreign_database(path, "Nextcloud") as source:
            _copy(source, loaded)
    else:
        _read(path, lambda text: load_dump(text, path, _TABLES, loaded.put))


def _read(file: Path, load: Callable[[TextIO], None]) -> None:
    try:
        with open_regular(file) as data, TextIOWrapper(data, "utf-8-sig", "surrogateescape", newline="") as text:
            load(text)
    except OSError as error:
        raise unreadable(file, error) from error


def _copy(source: sqlite3.Connection, loaded: Loaded) -> None:
    """Copy the tables that an SQLite database has, under any prefix."""
    for (name,) in source.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
        table = next((one for one in _TABLES if name == one or name.endswith(f"_{one}")), None)
        if table is None:
            continue
        there = [row[1] for row in source.execute(f'PRAGMA table_info("{name}")')]
        kept = [column for column in _TABLES[table] if column in there]
        listed = ", ".join(f'"{column}"' for column in kept)
        for row in source.execute(f'SELECT {listed} FROM "{name}"'):
            loaded.put(table, kept, list(row))


def _require(path: Path, loaded: Loaded) -> None:
    """Raises: UsageError if there are not all tables of one app, or columns that join them are missing."""
    if not any(loaded.found.keys() >= set(tables) for tables in _FACES):
        raise UsageError(
            f"{path} has no faces of Nextcloud with names: it needs {', '.join(_FACES[0])} or {', '.join(_FACES[1])}"
        )
    if "filecache" not in loaded.found:
        raise UsageError(f"{path} does not say where files are: it needs the table filecache, and storages")
    joined = {"facerecog_faces": "image", "facerecog_images": "file", "filecache": "path"}
    for table, column in joined.items():
        if table in loaded.found and column not in loaded.found[table]:
            raise UsageError(f"{path} is of a version that is not known: {table} has no column {column}")
