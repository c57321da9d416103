"""When photos were taken. Those of an earlier schema are to be looked at for it by the next ingest."""

from __future__ import annotations

import sqlite3


def apply(catalog: sqlite3.Connection) -> None:
    """From schema 4 to schema 5."""
    for statement in (
        "ALTER TABLE photos ADD COLUMN taken TEXT",
        "CREATE INDEX photos_by_taken ON photos (taken)",
        "CREATE TABLE unread_dates (photo INTEGER PRIMARY KEY REFERENCES photos ON DELETE CASCADE)",
        "INSERT INTO unread_dates SELECT id FROM photos",
    ):
        catalog.execute(statement)
