"""What a library needs to be merged with others.

`acts.uid`: random text that an act has in every library that it comes to. `acts.library`: the `library_id` of the
library in which it was decided. `acts.at`: UTC with microseconds; it rises from act to act, also when a clock is set
back. Acts by rising id are in the order of (at, library, uid). Acts of an earlier schema get the same three values in
each copy of the library, also in one that is only read.

`merged_paths.source`: the row of `merged_libraries` that the path came from, until it is ingested here. `merged_names`:
what a person of a merged library is called here.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta


def apply(catalog: sqlite3.Connection) -> None:
    """From schema 15 to schema 16."""
    for statement in (
        "ALTER TABLE acts ADD COLUMN uid TEXT",
        "ALTER TABLE acts ADD COLUMN library TEXT",
        "ALTER TABLE acts ADD COLUMN at TEXT",
        "CREATE UNIQUE INDEX acts_by_uid ON acts (uid)",
        "CREATE TABLE merged_libraries (id INTEGER PRIMARY KEY, library TEXT NOT NULL UNIQUE, name TEXT NOT NULL)",
        """CREATE TABLE merged_paths (
            path BLOB PRIMARY KEY REFERENCES paths ON DELETE CASCADE, source INTEGER NOT NULL) WITHOUT ROWID""",
        """CREATE TABLE merged_names (library TEXT NOT NULL, name TEXT NOT NULL, here TEXT NOT NULL,
            PRIMARY KEY (library, name)) WITHOUT ROWID""",
    ):
        catalog.execute(statement)
    library = _library_id(catalog)
    catalog.execute("INSERT OR REPLACE INTO settings VALUES ('library_id', ?)", (library,))
    keys = [(uid, library, at, act) for act, uid, at in _keys(catalog, library)]
    catalog.executemany("UPDATE acts SET uid = ?, library = ?, at = ? WHERE id = ?", keys)


def _library_id(catalog: sqlite3.Connection) -> str:
    digest = hashlib.blake2b(digest_size=8)
    for statement in (
        "SELECT name, value FROM settings ORDER BY name",
        "SELECT id, content, analysed FROM photos ORDER BY id LIMIT 100",
        "SELECT id, checksum FROM segments ORDER BY id LIMIT 100",
    ):
        for row in catalog.execute(statement):
            digest.update(repr(row).encode(errors="surrogatepass"))
    return digest.hexdigest()


def _keys(catalog: sqlite3.Connection, library: str) -> Iterator[tuple[int, str, str]]:
    """(id, uid, at) of every act."""
    digests = {}
    rows = catalog.execute(
        "SELECT act, side, content, x, y, width, height FROM decisions WHERE act NOTNULL ORDER BY act, id"
    )
    for act, *said in rows:
        if act not in digests:
            digests[act] = hashlib.blake2b(digest_size=16)
        digests[act].update(repr(said).encode())
    last = datetime.min.replace(tzinfo=UTC)
    for act, made, *said in catalog.execute("SELECT id, made, kind, person, undoes, renamed FROM acts ORDER BY id"):
        digest = digests.pop(act, None) or hashlib.blake2b(digest_size=16)
        digest.update(repr((library, act, made, *said)).encode(errors="surrogatepass"))
        last = max(_time(made), last + timedelta(microseconds=1))
        yield act, digest.hexdigest(), last.strftime("%Y-%m-%dT%H:%M:%S.%f")


def _time(made: str) -> datetime:
    try:
        found = datetime.fromisoformat(made)
    except ValueError:
        return datetime.min.replace(tzinfo=UTC)
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)
