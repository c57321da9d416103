"""What is kept so that reading need not count: see `faceindex.store.derived`. What follows from the journal there
follows as soon as somebody writes."""

from __future__ import annotations

import sqlite3

from faceindex.store.derived import SCHEMA, derive_all


def apply(catalog: sqlite3.Connection) -> None:
    """From schema 10 to schema 11."""
    for statement in SCHEMA:
        catalog.execute(statement)
    derive_all(catalog)
    catalog.execute("INSERT OR REPLACE INTO settings VALUES ('albums_due', '1')")
