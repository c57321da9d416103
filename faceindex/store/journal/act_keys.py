"""By what an act is known in every library that it comes to, and its place among the acts of other libraries."""

from __future__ import annotations

import secrets
import sqlite3
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from faceindex.store.settings import setting

LIBRARY_ID = "library_id"
"""The setting with a library's own id."""

_FORM = "%Y-%m-%dT%H:%M:%S.%f"


class ActKey(NamedTuple):
    """Acts of merged libraries are in this order. at: UTC. library: where it was decided. uid: of this act alone."""

    at: str
    library: str
    uid: str


def new_library_id() -> str:
    """Random text, for a new library."""
    return secrets.token_hex(8)


def library_id(connection: sqlite3.Connection) -> str:
    """The id of a library."""
    return setting(connection, LIBRARY_ID) or ""


def new_key(transaction: sqlite3.Connection) -> ActKey:
    """The key of an act that is decided now.

    It comes after every act that the library has, whatever their clocks said: who decides has seen those.
    """
    at = datetime.now(UTC).strftime(_FORM)
    row = transaction.execute("SELECT at FROM acts ORDER BY id DESC LIMIT 1").fetchone()
    if row is not None and row[0] is not None and row[0] >= at:
        at = (datetime.strptime(row[0], _FORM) + timedelta(microseconds=1)).strftime(_FORM)
    return ActKey(at, library_id(transaction), secrets.token_hex(16))
