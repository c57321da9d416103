"""The catalog's schema, as numbered steps; each is applied once, in a transaction of its own."""

from __future__ import annotations

import sqlite3
import unicodedata

from faceindex.errors import NewerSchema
from faceindex.store.kept import SCHEMA, derive_kept
from faceindex.store.people.person_ids import give_first_ids

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


def m003_change(catalog: sqlite3.Connection) -> None:
    """What a library needs that changes: compaction, edits, forgetting, people.

    `faces.segment` becomes the number of the segment in which the face's vector was first written, 0 when it has none
    (any more); the segment that holds it now is the one whose `first` to `last` include that number. Compaction thereby
    changes a few rows of `segments` and none of `faces`.
    """
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


def m004_faces_by_segment(catalog: sqlite3.Connection) -> None:
    """What an index of the vectors needs: the faces that were written after it, and how many of its own are left."""
    catalog.execute("CREATE INDEX faces_by_segment ON faces (segment)")


def m005_dates(catalog: sqlite3.Connection) -> None:
    """When photos were taken. Those of an earlier schema are to be looked at for it by the next ingest."""
    for statement in (
        "ALTER TABLE photos ADD COLUMN taken TEXT",
        "CREATE INDEX photos_by_taken ON photos (taken)",
        "CREATE TABLE unread_dates (photo INTEGER PRIMARY KEY REFERENCES photos ON DELETE CASCADE)",
        "INSERT INTO unread_dates SELECT id FROM photos",
    ):
        catalog.execute(statement)


def m006_acts(catalog: sqlite3.Connection) -> None:
    """What people decide, as acts about several faces that can be undone, and albums whose numbers last.

    `decisions` holds the faces of acts: those of one act by sides, and without an act where a face went with its photo.
    What was said before becomes acts: rows in a row that say the same. `clusters` is what clustering said, `albums`
    with `album_faces` what follows from it and from the acts. `album_seeds`: the faces for which an album's number was
    first given that no cluster has. `album_versions`: sets of faces, by fingerprint, that were an album.
    """
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


def m007_sources_of_dates(catalog: sqlite3.Connection) -> None:
    """Where a photo says when it was taken. Until now that was one place; more are read, so the others are asked again.

    So are the files that could not be read: more kinds of them can be.
    """
    for statement in (
        "ALTER TABLE photos ADD COLUMN taken_from TEXT",
        "UPDATE photos SET taken_from = 'EXIF DateTimeOriginal' WHERE taken IS NOT NULL",
        "INSERT OR IGNORE INTO unread_dates SELECT id FROM photos WHERE taken IS NULL",
        "UPDATE failures SET mtime_ns = -1",
    ):
        catalog.execute(statement)


def m008_ctimes(catalog: sqlite3.Connection) -> None:
    """When files last changed by the file system's own count; NULL until the next ingest sees them.

    `failures.out_of_reach`: files and folders that could not be looked at, which says nothing about the photo.
    """
    for statement in (
        "ALTER TABLE paths ADD COLUMN ctime_ns INTEGER",
        "ALTER TABLE failures ADD COLUMN ctime_ns INTEGER",
        "ALTER TABLE failures ADD COLUMN out_of_reach INTEGER NOT NULL DEFAULT 0",
    ):
        catalog.execute(statement)


def m009_imports(catalog: sqlite3.Connection) -> None:
    """Names that were read from files follow the files, unless people decided otherwise.

    `imports`: acts that files are the origin of, with the first act of each import. `names_in_files`: what a file said
    of a face when the library last followed it.
    """
    for statement in (
        """CREATE TABLE imports (
            act INTEGER PRIMARY KEY REFERENCES acts ON DELETE CASCADE, first INTEGER NOT NULL) WITHOUT ROWID""",
        "CREATE INDEX imports_by_first ON imports (first)",
        """CREATE TABLE names_in_files (
            face INTEGER PRIMARY KEY, name TEXT NOT NULL, file BLOB NOT NULL) WITHOUT ROWID""",
    ):
        catalog.execute(statement)


def m010_names(catalog: sqlite3.Connection) -> None:
    """Names in one spelling, renamed people, what acts changed, and faces that an edit of their photo took away.

    `acts.renamed`: what `person` is called since. `acts.change`: whose and where the faces were before and after it, as
    JSON; NULL when that was not kept. `lost_faces`: faces that people decided about and that are in no photo since what
    is now `photo` was edited or replaced, with their vectors (float32), so that they are known again; `candidate` is a
    face of that photo that may be the same, at this distance.
    """
    for statement in (
        "ALTER TABLE acts ADD COLUMN renamed TEXT",
        "ALTER TABLE acts ADD COLUMN change TEXT",
        """CREATE TABLE lost_faces (
            face INTEGER PRIMARY KEY, photo INTEGER NOT NULL REFERENCES photos ON DELETE CASCADE, vector BLOB,
            lost TEXT NOT NULL, candidate INTEGER, distance REAL)""",
        "CREATE INDEX lost_faces_by_photo ON lost_faces (photo)",
        # People without a face go as soon as somebody writes.
        "INSERT OR REPLACE INTO settings VALUES ('albums_due', '1')",
    ):
        catalog.execute(statement)
    _compose_names(catalog)


def _compose_names(catalog: sqlite3.Connection) -> None:
    """One person where a name was stored decomposed, as macOS gives it, and composed."""
    for number, name in catalog.execute("SELECT id, name FROM people").fetchall():
        composed = unicodedata.normalize("NFC", name)
        if composed == name:
            continue
        row = catalog.execute("SELECT id FROM people WHERE name = ?", (composed,)).fetchone()
        if row is None:
            catalog.execute("UPDATE people SET name = ? WHERE id = ?", (composed, number))
            continue
        for table in ("person_faces", "albums"):
            catalog.execute(f"UPDATE {table} SET person = ? WHERE person = ?", (row[0], number))
        catalog.execute("DELETE FROM people WHERE id = ?", (number,))
    for (name,) in catalog.execute("SELECT DISTINCT person FROM acts WHERE person NOTNULL").fetchall():
        composed = unicodedata.normalize("NFC", name)
        if composed != name:
            catalog.execute("UPDATE acts SET person = ? WHERE person = ?", (composed, name))


def m011_kept(catalog: sqlite3.Connection) -> None:
    """What is kept so that reading need not count: see `faceindex.store.kept`. What follows from the journal there
    follows as soon as somebody writes."""
    for statement in SCHEMA:
        catalog.execute(statement)
    derive_kept(catalog)
    catalog.execute("INSERT OR REPLACE INTO settings VALUES ('albums_due', '1')")


def m012_person_ids(catalog: sqlite3.Connection) -> None:
    """People have public ids that survive renames, see `faceindex.store.people.person_ids`."""
    catalog.execute("CREATE TABLE person_ids (name TEXT PRIMARY KEY, id TEXT NOT NULL UNIQUE) WITHOUT ROWID")
    give_first_ids(catalog)


def m013_turned(catalog: sqlite3.Connection) -> None:
    """By how many degrees, clockwise, a photo was turned before its faces were upright."""
    catalog.execute("ALTER TABLE photos ADD COLUMN turned INTEGER NOT NULL DEFAULT 0")


def m014_imported_decisions(catalog: sqlite3.Connection) -> None:
    """Names that came with an import of rows are undone together, too. `imports.decided`: they count as what people
    decided; 0 for names that follow their files."""
    catalog.execute("ALTER TABLE imports ADD COLUMN decided INTEGER NOT NULL DEFAULT 0")


MIGRATIONS = (
    m001_first_schema,
    m002_quality,
    m003_change,
    m004_faces_by_segment,
    m005_dates,
    m006_acts,
    m007_sources_of_dates,
    m008_ctimes,
    m009_imports,
    m010_names,
    m011_kept,
    m012_person_ids,
    m013_turned,
    m014_imported_decisions,
)


def schema_version(catalog: sqlite3.Connection) -> int:
    """Number of migrations applied; 0 for an empty file."""
    return int(catalog.execute("PRAGMA user_version").fetchone()[0])


def refuse_newer(catalog: sqlite3.Connection, path: object) -> None:
    """Raises: NewerSchema when the catalog was written by a newer faceindex."""
    version = schema_version(catalog)
    if version > len(MIGRATIONS):
        raise NewerSchema(f"{path} has schema {version}, this faceindex knows {len(MIGRATIONS)}; upgrade faceindex")


def migrate(catalog: sqlite3.Connection) -> None:
    """Bring the catalog to the newest schema. The connection must be in autocommit mode."""
    catalog.execute("PRAGMA foreign_keys = OFF")  # a table is made anew by dropping it; it cannot be set inside BEGIN
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
            if catalog.in_transaction:  # on a full disk SQLite has rolled back itself
                catalog.execute("ROLLBACK")
            raise
    catalog.execute("PRAGMA foreign_keys = ON")
