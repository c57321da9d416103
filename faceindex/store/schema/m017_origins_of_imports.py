"""`imports.origin`: the program, and its file, that the names of an import came from; NULL where that was not kept."""

from __future__ import annotations

import sqlite3


def apply(catalog: sqlite3.Connection) -> None:
    """From schema 16 to schema 17."""
    catalog.execute("ALTER TABLE imports ADD COLUMN origin TEXT")
