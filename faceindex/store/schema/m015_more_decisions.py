"""What users decide of more kinds: what is no face, faces drawn by hand, chosen covers, and who is left alone.

`not_faces`: rows of `faces` that the journal takes out, see `faceindex.store.journal.left_out`; `cluster`: that the
face was in; `indexed`: the state of which an index was saved then. `every_face`: both tables. `faces.origin`: NULL when
a detector found the face. `covers`: faces that were chosen, with the act; the highest act comes first.
"""

from __future__ import annotations

import sqlite3

_COLUMNS = "photo, segment, x, y, width, height, score, landmarks, quality, origin"
_ALBUM_OF = "INSERT INTO touched SELECT 'album', album FROM album_faces WHERE face = {} ON CONFLICT DO NOTHING;"
_PERSON_OF = "INSERT INTO touched SELECT 'person', person FROM people_faces WHERE face = {} ON CONFLICT DO NOTHING;"
_FACES = "INSERT INTO touched VALUES ('faces', 0) ON CONFLICT DO NOTHING;"
_UNPAIR = """INSERT INTO unpaired SELECT {} WHERE EXISTS (SELECT 1 FROM settings WHERE name = 'paired')
    ON CONFLICT DO NOTHING;"""

_TRIGGERS = {
    "INSERT ON covers": _ALBUM_OF.format("NEW.face") + _PERSON_OF.format("NEW.face") + _FACES,
    "DELETE ON covers": _ALBUM_OF.format("OLD.face") + _PERSON_OF.format("OLD.face") + _FACES,
    "UPDATE ON covers": _ALBUM_OF.format("NEW.face") + _PERSON_OF.format("NEW.face") + _FACES,
    "INSERT ON unknown_faces": _FACES + _UNPAIR.format("-NEW.face"),
    "DELETE ON unknown_faces": _FACES + _UNPAIR.format("-OLD.face"),
    "UPDATE OF unknown ON albums": "INSERT INTO touched VALUES ('album', NEW.id) ON CONFLICT DO NOTHING;",
    "INSERT ON not_faces": _FACES,
    "DELETE ON not_faces": _FACES,
}


def apply(catalog: sqlite3.Connection) -> None:
    """From schema 14 to schema 15."""
    for statement in (
        "ALTER TABLE faces ADD COLUMN origin TEXT",
        "ALTER TABLE albums ADD COLUMN unknown INTEGER NOT NULL DEFAULT 0",
        """CREATE TABLE not_faces (
            face INTEGER PRIMARY KEY, photo INTEGER NOT NULL REFERENCES photos ON DELETE CASCADE,
            segment INTEGER NOT NULL,
            x INTEGER NOT NULL, y INTEGER NOT NULL, width INTEGER NOT NULL, height INTEGER NOT NULL,
            score REAL NOT NULL, landmarks BLOB NOT NULL, quality REAL, origin TEXT, cluster INTEGER, indexed TEXT)""",
        "CREATE INDEX not_faces_by_photo ON not_faces (photo)",
        f"CREATE VIEW every_face AS SELECT id, {_COLUMNS} FROM faces UNION ALL SELECT face, {_COLUMNS} FROM not_faces",
        """CREATE TABLE covers (
            face INTEGER PRIMARY KEY REFERENCES faces ON DELETE CASCADE, act INTEGER NOT NULL)""",
        "CREATE TABLE unknown_faces (face INTEGER PRIMARY KEY REFERENCES faces ON DELETE CASCADE)",
        "CREATE INDEX faces_with_origin ON faces (id) WHERE origin NOTNULL",
        "CREATE INDEX acts_by_kind ON acts (kind)",
        *(
            f"CREATE TRIGGER touched_15_{number:02d} AFTER {event} BEGIN {body} END"
            for number, (event, body) in enumerate(_TRIGGERS.items())
        ),
    ):
        catalog.execute(statement)
