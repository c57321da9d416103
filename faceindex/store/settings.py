"""Settings: what is decided for a library as a whole, as text by name."""

from __future__ import annotations

import sqlite3


def setting(connection: sqlite3.Connection, name: str) -> str | None:
    """The value of a setting; None when there is none of this name."""
    row = connection.execute("SELECT value FROM settings WHERE name = ?", (name,)).fetchone()
    return None if row is None else str(row[0])


def save_settings(transaction: sqlite3.Connection, **settings: object) -> None:
    """Store or replace settings."""
    transaction.executemany(
        "INSERT OR REPLACE INTO settings VALUES (?, ?)", [(name, str(value)) for name, value in settings.items()]
    )


def remove_setting(transaction: sqlite3.Connection, name: str) -> None:
    """Remove a setting, if it is there."""
    transaction.execute("DELETE FROM settings WHERE name = ?", (name,))
