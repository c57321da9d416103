"""Names that were read from files follow the files, unless people decided otherwise.

`imports`: acts that files are the origin of, with the first act of each import. `names_in_files`: what a file said
of a face when the library last followed it.
"""

from __future__ import annotations

import sqlite3


def apply(catalog: sqlite3.Connection) -> None:
    """From schema 8 to schema 9."""
    for statement in (
        """CREATE TABLE imports (
            act INTEGER PRIMARY KEY REFERENCES acts ON DELETE CASCADE, first INTEGER NOT NULL) WITHOUT ROWID""",
        "CREATE INDEX imports_by_first ON imports (first)",
        """CREATE TABLE names_in_files (
            face INTEGER PRIMARY KEY, name TEXT NOT NULL, file BLOB NOT NULL) WITHOUT ROWID""",
    ):
        catalog.execute(statement)
