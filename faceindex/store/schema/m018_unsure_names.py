"""`unsure_names`: names that another program said of a photo, and the faces that may be meant. Somebody is asked.

`name` is as the import stored names. `probability`: that it is this face. `origin`: the program and its file. `act`:
the first act of the import, NULL if it named no face; once that is undone, nobody is asked.
"""

from __future__ import annotations

import sqlite3


def apply(catalog: sqlite3.Connection) -> None:
    """From schema 17 to schema 18."""
    catalog.execute(
        """CREATE TABLE unsure_names (
            face INTEGER NOT NULL, name TEXT NOT NULL, probability REAL NOT NULL, origin TEXT NOT NULL, act INTEGER,
            PRIMARY KEY (face, name)) WITHOUT ROWID"""
    )
    catalog.execute("CREATE INDEX unsure_names_by_probability ON unsure_names (probability DESC, face, name)")
    for number, change in enumerate(("INSERT", "DELETE", "UPDATE")):
        catalog.execute(
            f"""CREATE TRIGGER touched_18_{number:02d} AFTER {change} ON unsure_names BEGIN
            INSERT INTO touched VALUES ('faces', 0) ON CONFLICT DO NOTHING; END"""
        )
