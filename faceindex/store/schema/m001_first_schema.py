"""Photos by content, paths as names for them, failures, faces, segments, albums."""

from __future__ import annotations

import sqlite3


def apply(catalog: sqlite3.Connection) -> None:
    """From schema 0 to schema 1."""
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
