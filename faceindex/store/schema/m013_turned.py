"""By how many degrees, clockwise, a photo was turned before its faces were upright."""

from __future__ import annotations

import sqlite3


def apply(catalog: sqlite3.Connection) -> None:
    """From schema 12 to schema 13."""
    catalog.execute("ALTER TABLE photos ADD COLUMN turned INTEGER NOT NULL DEFAULT 0")
