"""When files last changed by the file system's own count; NULL until the next ingest sees them.

`failures.out_of_reach`: files and folders that could not be looked at, which says nothing about the photo.
"""

from __future__ import annotations

import sqlite3


def apply(catalog: sqlite3.Connection) -> None:
    """From schema 7 to schema 8."""
    for statement in (
        "ALTER TABLE paths ADD COLUMN ctime_ns INTEGER",
        "ALTER TABLE failures ADD COLUMN ctime_ns INTEGER",
        "ALTER TABLE failures ADD COLUMN out_of_reach INTEGER NOT NULL DEFAULT 0",
    ):
        catalog.execute(statement)
