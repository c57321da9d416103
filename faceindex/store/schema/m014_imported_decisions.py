"""Names that came with an import of rows are undone together, too. `imports.decided`: they count as what people
decided; 0 for names that follow their files.
"""

from __future__ import annotations

import sqlite3


def apply(catalog: sqlite3.Connection) -> None:
    """From schema 13 to schema 14."""
    catalog.execute("ALTER TABLE imports ADD COLUMN decided INTEGER NOT NULL DEFAULT 0")
