"""Names in one spelling, renamed people, what acts changed, and faces that an edit of their photo took away.

`acts.renamed`: what `person` is called since. `acts.change`: whose and where the faces were before and after it, as
JSON; NULL when that was not kept. `lost_faces`: faces that people decided about and that are in no photo since what
is now `photo` was edited or replaced, with their vectors (float32), so that they are known again; `candidate` is a
face of that photo that may be the same, at this distance.
"""

from __future__ import annotations

import sqlite3
import unicodedata


def apply(catalog: sqlite3.Connection) -> None:
    """From schema 9 to schema 10."""
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
