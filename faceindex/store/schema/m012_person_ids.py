"""People have public ids that survive renames, see `faceindex.store.people.person_ids`."""

from __future__ import annotations

import sqlite3

from faceindex.store.people.person_ids import give_first_ids


def apply(catalog: sqlite3.Connection) -> None:
    """From schema 11 to schema 12."""
    catalog.execute("CREATE TABLE person_ids (name TEXT PRIMARY KEY, id TEXT NOT NULL UNIQUE) WITHOUT ROWID")
    give_first_ids(catalog)
