"""The catalog's schema, as numbered steps; each is applied once, in a transaction of its own."""

from __future__ import annotations

import sqlite3

from faceindex.errors import NewerSchema

APPLICATION_ID = 0x46414345
"""'FACE': marks a SQLite file as a faceindex catalog."""


def m001_first_schema(catalog: sqlite3.Connection) -> None:
    """Photos by content, paths as names for them, failures, faces, segments, albums."""
    for statement in (
        "CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
        """CREATE TABLE segments (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            file TEXT NOT NULL UNIQUE, faces INTEGER NOT NULL, checksum BLOB NOT NULL)""",
        """CREATE TABLE photos (
            id INTEGER PRIMARY KEY AUTOINCREMENT, content BLOB NOT NULL UNIQUE,
            width INTEGER NOT NULL, height INTEGER NOT NULL, analysed TEXT NOT NULL)""",
        """CREATE TABLE paths (
            path BLOB PRIMARY KEY, photo INTEGER NOT NULL REFERENCES photos ON DELETE CASCADE,
            size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL) WITHOUT ROWID""",
        "CREATE INDEX paths_by_photo ON paths (photo)",
        """CREATE TABLE failures (
            path BLOB PRIMARY KEY, size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL,
            error TEXT NOT NULL, failed TEXT NOT NULL) WITHOUT ROWID""",
        """CREATE TABLE faces (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            photo INTEGER NOT NULL REFERENCES photos ON DELETE CASCADE,
            segment INTEGER NOT NULL REFERENCES segments,
            x INTEGER NOT NULL, y INTEGER NOT NULL, width INTEGER NOT NULL, height INTEGER NOT NULL,
            score REAL NOT NULL, landmarks BLOB NOT NULL)""",
        "CREATE INDEX faces_by_photo ON faces (photo)",
        "CREATE TABLE albums (id INTEGER PRIMARY KEY)",
        """CREATE TABLE album_faces (
            face INTEGER PRIMARY KEY REFERENCES faces ON DELETE CASCADE,
            album INTEGER NOT NULL REFERENCES albums ON DELETE CASCADE)""",
        "CREATE INDEX album_faces_by_album ON album_faces (album)",
    ):
        catalog.execute(statement)


def m002_quality(catalog: sqlite3.Connection) -> None:
    """The quality of faces, in [0, 1]; NULL for those that were stored before."""
    catalog.execute("ALTER TABLE faces ADD COLUMN quality REAL")


MIGRATIONS = (m001_first_schema, m002_quality)


def schema_version(catalog: sqlite3.Connection) -> int:
    """Number of migrations applied; 0 for an empty file."""
    return int(catalog.execute("PRAGMA user_version").fetchone()[0])


def refuse_newer(catalog: sqlite3.Connection, path: object) -> None:
    """Raises: NewerSchema when the catalog was written by a newer faceindex."""
    version = schema_version(catalog)
    if version > len(MIGRATIONS):
        raise NewerSchema(f"{path} has schema {version}, this faceindex knows {len(MIGRATIONS)}; upgrade faceindex")


def show_as_newest(catalog: sqlite3.Connection) -> None:
    """Let a reader, who may not migrate, see an older catalog as the newest schema would have it.

    A temporary view is found before the table of the same name; it remains right when a writer migrates meanwhile.
    """
    if schema_version(catalog) == 1:
        catalog.execute("CREATE TEMP VIEW faces AS SELECT *, NULL AS quality FROM main.faces")


def migrate(catalog: sqlite3.Connection) -> None:
    """Bring the catalog to the newest schema. The connection must be in autocommit mode."""
    for number, step in enumerate(MIGRATIONS, start=1):
        if schema_version(catalog) >= number:
            continue
        catalog.execute("BEGIN IMMEDIATE")
        try:
            step(catalog)
            catalog.execute(f"PRAGMA user_version = {number}")
            catalog.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            catalog.execute("COMMIT")
        except BaseException:
            catalog.execute("ROLLBACK")
            raise
