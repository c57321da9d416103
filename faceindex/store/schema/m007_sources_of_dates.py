"""Where a photo says when it was taken. Until now that was one place; more are read, so the others are asked again.

So are the files that could not be read: more kinds of them can be.
"""

from __future__ import annotations

import sqlite3


def apply(catalog: sqlite3.Connection) -> None:
    """From schema 6 to schema 7."""
    for statement in (
        "ALTER TABLE photos ADD COLUMN taken_from TEXT",
        "UPDATE photos SET taken_from = 'EXIF DateTimeOriginal' WHERE taken IS NOT NULL",
        "INSERT OR IGNORE INTO unread_dates SELECT id FROM photos WHERE taken IS NULL",
        "UPDATE failures SET mtime_ns = -1",
    ):
        catalog.execute(statement)
