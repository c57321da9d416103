"""What a library needs that changes: compaction, edits, forgetting, people.

`faces.segment` becomes the number of the segment in which the face's vector was first written, 0 when it has none
(any more); the segment that holds it now is the one whose `first` to `last` include that number. Compaction thereby
changes a few rows of `segments` and none of `faces`.
"""

from __future__ import annotations

import sqlite3


def apply(catalog: sqlite3.Connection) -> None:
    """From schema 2 to schema 3."""
    for statement in (
        "ALTER TABLE segments ADD COLUMN first INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE segments ADD COLUMN last INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE segments ADD COLUMN bytes INTEGER",
        "UPDATE segments SET first = id, last = id",
        "ALTER TABLE photos ADD COLUMN warning TEXT",
        """CREATE TABLE new_faces (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            photo INTEGER NOT NULL REFERENCES photos ON DELETE CASCADE,
            segment INTEGER NOT NULL,
            x INTEGER NOT NULL, y INTEGER NOT NULL, width INTEGER NOT NULL, height INTEGER NOT NULL,
            score REAL NOT NULL, landmarks BLOB NOT NULL, quality REAL)""",
        "INSERT INTO new_faces SELECT id, photo, segment, x, y, width, height, score, landmarks, quality FROM faces",
        # Ids of removed faces must not come back: the new table goes on from the old one's highest id ever given.
        "DELETE FROM sqlite_sequence WHERE name = 'new_faces'",
        "INSERT INTO sqlite_sequence SELECT 'new_faces', seq FROM sqlite_sequence WHERE name = 'faces'",
        "DROP TABLE faces",
        "ALTER TABLE new_faces RENAME TO faces",
        "CREATE INDEX faces_by_photo ON faces (photo)",
        # The folders given to ingest: a photo is gone only where its folder is there.
        "CREATE TABLE roots (path BLOB PRIMARY KEY) WITHOUT ROWID",
        "CREATE TABLE people (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE)",
        """CREATE TABLE decisions (
            id INTEGER PRIMARY KEY AUTOINCREMENT, made TEXT NOT NULL, kind TEXT NOT NULL, person TEXT,
            face INTEGER NOT NULL, content BLOB NOT NULL,
            x INTEGER NOT NULL, y INTEGER NOT NULL, width INTEGER NOT NULL, height INTEGER NOT NULL)""",
        "CREATE INDEX decisions_by_content ON decisions (content)",
        "CREATE INDEX decisions_by_face ON decisions (face)",
        """CREATE TABLE person_faces (
            face INTEGER PRIMARY KEY REFERENCES faces ON DELETE CASCADE,
            person INTEGER NOT NULL REFERENCES people ON DELETE CASCADE)""",
        "CREATE INDEX person_faces_by_person ON person_faces (person)",
        # Forgotten faces, and forgotten photos as a box of no size, by the salted hash of their content.
        """CREATE TABLE tombstones (
            content BLOB NOT NULL,
            x INTEGER NOT NULL, y INTEGER NOT NULL, width INTEGER NOT NULL, height INTEGER NOT NULL,
            PRIMARY KEY (content, x, y, width, height)) WITHOUT ROWID""",
    ):
        catalog.execute(statement)
