"""What an index of the vectors needs: the faces that were written after it, and how many of its own are left."""

from __future__ import annotations

import sqlite3


def apply(catalog: sqlite3.Connection) -> None:
    """From schema 3 to schema 4."""
    catalog.execute("CREATE INDEX faces_by_segment ON faces (segment)")
