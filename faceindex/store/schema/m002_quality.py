"""The quality of faces, in [0, 1]; NULL for those that were stored before."""

from __future__ import annotations

import sqlite3


def apply(catalog: sqlite3.Connection) -> None:
    """From schema 1 to schema 2."""
    catalog.execute("ALTER TABLE faces ADD COLUMN quality REAL")
