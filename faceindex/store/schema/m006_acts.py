"""What people decide, as acts about several faces that can be undone, and albums whose numbers last.

`decisions` holds the faces of acts: those of one act by sides, and without an act where a face went with its photo.
What was said before becomes acts: rows in a row that say the same. `clusters` is what clustering said, `albums`
with `album_faces` what follows from it and from the acts. `album_seeds`: the faces for which an album's number was
first given that no cluster has. `album_versions`: sets of faces, by fingerprint, that were an album.
"""

from __future__ import annotations

import sqlite3


def apply(catalog: sqlite3.Connection) -> None:
    """From schema 5 to schema 6."""
    for statement in (
        """CREATE TABLE acts (
            id INTEGER PRIMARY KEY AUTOINCREMENT, made TEXT NOT NULL, kind TEXT NOT NULL, person TEXT,
            undoes INTEGER REFERENCES acts ON DELETE CASCADE)""",
        "CREATE INDEX acts_by_undone ON acts (undoes)",
        """CREATE TABLE new_decisions (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            act INTEGER REFERENCES acts ON DELETE CASCADE, side INTEGER NOT NULL,
            face INTEGER NOT NULL, content BLOB NOT NULL,
            x INTEGER NOT NULL, y INTEGER NOT NULL, width INTEGER NOT NULL, height INTEGER NOT NULL)""",
        """CREATE TEMPORARY TABLE runs AS SELECT id, made, kind, person, SUM(begins) OVER (ORDER BY id) AS act FROM (
            SELECT id, made, kind, person, LAG(kind, 1, '') OVER said != kind OR LAG(made, 1, '') OVER said != made
                OR LAG(person) OVER said IS NOT person AS begins
            FROM decisions WHERE kind != 'follow' WINDOW said AS (ORDER BY id))""",
        "INSERT INTO acts (id, made, kind, person) SELECT act, made, kind, person FROM runs GROUP BY act",
        """INSERT INTO new_decisions SELECT decisions.id, act, 0, face, content, x, y, width, height
            FROM decisions LEFT JOIN runs USING (id)""",
        "DROP TABLE runs",
        "DROP TABLE decisions",
        "ALTER TABLE new_decisions RENAME TO decisions",
        "CREATE INDEX decisions_by_content ON decisions (content)",
        "CREATE INDEX decisions_by_face ON decisions (face)",
        "CREATE INDEX decisions_by_act ON decisions (act)",
        "ALTER TABLE people ADD COLUMN hidden INTEGER NOT NULL DEFAULT 0",
        "CREATE TABLE hidden_faces (face INTEGER PRIMARY KEY REFERENCES faces ON DELETE CASCADE)",
        """CREATE TABLE new_albums (
            id INTEGER PRIMARY KEY AUTOINCREMENT, person INTEGER REFERENCES people ON DELETE SET NULL,
            hidden INTEGER NOT NULL DEFAULT 0)""",
        "INSERT INTO new_albums (id) SELECT id FROM albums",
        "DROP TABLE albums",
        "ALTER TABLE new_albums RENAME TO albums",
        "CREATE INDEX albums_by_person ON albums (person)",
        """CREATE TABLE clusters (
            face INTEGER PRIMARY KEY REFERENCES faces ON DELETE CASCADE, cluster INTEGER NOT NULL)""",
        "CREATE INDEX clusters_by_cluster ON clusters (cluster)",
        "INSERT INTO clusters SELECT face, album FROM album_faces",
        """CREATE TABLE album_seeds (
            album INTEGER NOT NULL, face INTEGER NOT NULL REFERENCES faces ON DELETE CASCADE,
            PRIMARY KEY (album, face)) WITHOUT ROWID""",
        "CREATE INDEX album_seeds_by_face ON album_seeds (face)",
        "CREATE TABLE album_versions (id INTEGER PRIMARY KEY, album INTEGER NOT NULL, faces BLOB NOT NULL)",
        # Who is whose: what was decided, and the other faces of albums that are somebody's.
        """CREATE VIEW people_faces AS SELECT face, person, 1 AS confirmed FROM person_faces
            UNION ALL SELECT face, person, 0 FROM album_faces JOIN albums ON albums.id = album
            WHERE person IS NOT NULL AND face NOT IN (SELECT face FROM person_faces)""",
        # Albums follow from the acts as soon as somebody writes.
        "INSERT OR REPLACE INTO settings VALUES ('albums_due', '1')",
    ):
        catalog.execute(statement)
