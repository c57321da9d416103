"""The catalog table by table, to be exported and imported: everything but where vectors lie."""

from __future__ import annotations

import os
import secrets
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from faceindex.errors import NewerSchema, UsageError
from faceindex.files.writing import make_folder, new_file
from faceindex.store.catalog import Catalog
from faceindex.store.derived import DERIVED_TABLES, PAIRED, settle
from faceindex.store.hdf5.segments import Segment
from faceindex.store.journal.act_keys import LIBRARY_ID
from faceindex.store.migrations import MIGRATIONS, migrate
from faceindex.store.photos import writing
from faceindex.store.writer import Writer

Row = tuple[Any, ...]

_NOT_COPIED = ("segments", *DERIVED_TABLES)
_OWN_SETTINGS = (
    *("recipe", "detector", "landmarks", "jitter", "precision", "fingerprint", "vectors_only"),
    *("faces_state", "indexed", "erasing", PAIRED, LIBRARY_ID),
)
"""Tables about the library itself, not about its photos and people."""

_NUMBERS = "sqlite_sequence"
"""SQLite's own table of the highest ids ever given."""


@dataclass(frozen=True, slots=True)
class Column:
    """kind: "INTEGER", "REAL", "TEXT" or "BLOB". optional: whether it may be NULL. Of texts and blobs: least and most,
    their lengths in bytes; zeros: whether one has a byte of zero."""

    name: str
    kind: str
    optional: bool
    least: int = 0
    most: int = 0
    zeros: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A table of a catalog, of so many rows."""

    name: str
    columns: tuple[Column, ...]
    rows: int


def tables(catalog: Catalog) -> list[Table]:
    """All tables with something to be copied. The catalog must be in a snapshot."""
    names = catalog.connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").fetchall()
    own = [name for (name,) in names if not name.startswith("sqlite_") and name not in _NOT_COPIED]
    return [_table(catalog.connection, name) for name in (*own, _NUMBERS)]


def rows_of(connection: sqlite3.Connection, table: Table) -> Iterator[Row]:
    """The rows of a table, in the order of its columns."""
    names = ", ".join(f'"{column.name}"' for column in table.columns)
    yield from connection.execute(f'SELECT {names} FROM "{table.name}"')


@contextmanager
def loaded(
    library: Path, schema: int, tables_and_rows: Iterable[tuple[str, Sequence[str], Iterable[Row]]]
) -> Iterator[Catalog]:
    """A catalog of the newest schema, made from tables of an older one in an unnamed file in the folder `library`:
    nothing of it is left, nor of a new folder, unless the caller keeps something there.

    tables_and_rows: name, names of columns, and rows. Raises: NewerSchema; UsageError when they are of no catalog;
    OSError and sqlite3.OperationalError when the disk is full.
    """
    if schema > len(MIGRATIONS):
        raise NewerSchema(f"it has schema {schema}, this faceindex knows {len(MIGRATIONS)}; upgrade faceindex")
    with _nameless(library) as connection:
        try:
            _load(connection, schema, tables_and_rows)
        except (sqlite3.Error, OverflowError) as error:
            if getattr(error, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR):
                raise
            raise UsageError(f"its tables are not those of a catalog of schema {schema} ({error})") from error
        yield Catalog(connection)


def is_untouched(catalog: Catalog) -> bool:
    """Whether nothing was ever stored in this catalog or decided about it: no id was ever given."""
    return not any(
        catalog.connection.execute(f"SELECT 1 FROM {held} LIMIT 1").fetchone()
        for held in ("failures", "tombstones", f"{_NUMBERS} WHERE seq > 0")
    )


def take_all(writer: Writer, source: Catalog, segment: Segment | None) -> None:
    """Copy `source` into an untouched catalog, with all ids. segment: of all vectors; its file is on disk."""
    with writer.catalog.transaction() as transaction:
        transaction.execute("PRAGMA defer_foreign_keys = ON")
        for table in tables(source):
            if table.name == "settings":
                continue
            _fill(transaction, table.name, [column.name for column in table.columns], rows_of(source.connection, table))
        if segment is not None:
            writing.insert_segment(transaction, segment)
            for name in ("faces", "not_faces"):
                transaction.execute(f"UPDATE {name} SET segment = ? WHERE segment > 0", (segment.number,))
        transaction.execute("DELETE FROM settings WHERE name = 'albums_due'")
        settings = [pair for pair in source.settings().items() if pair[0] not in _OWN_SETTINGS]
        transaction.executemany("INSERT OR REPLACE INTO settings VALUES (?, ?)", settings)
        writing.note_change_of_faces(transaction)


@contextmanager
def scratch_copy(library: Path, catalog: Catalog | None) -> Iterator[Catalog]:
    """A copy of `catalog`, or an empty one, of the newest schema, in an unnamed file in the folder `library`: nothing
    of it is left. Raises: as `loaded`."""
    with _nameless(library, catalog) as connection:
        migrate(connection)
        yield Catalog(connection)


@contextmanager
def _nameless(library: Path, filled_from: Catalog | None = None) -> Iterator[sqlite3.Connection]:
    """SQLite's own temporary files lie where all programs have theirs. This one has a name for a moment, which the next
    writer removes if that was the last."""
    folder = library / "vectors"
    make_folder(library)
    make_folder(folder)
    file = folder / f"import-{secrets.token_hex(8)}.tmp"
    try:
        os.close(new_file(file))
        if filled_from is not None:
            filled_from.connection.execute("VACUUM INTO ?", (str(file),))
        connection = sqlite3.connect(file, isolation_level=None)
        for pragma in ("journal_mode = OFF", "synchronous = OFF", "locking_mode = EXCLUSIVE", "temp_store = MEMORY"):
            connection.execute(f"PRAGMA {pragma}")
        connection.execute("SELECT 1 FROM sqlite_master").fetchall()
    finally:
        file.unlink(missing_ok=True)
    try:
        yield connection
    finally:
        connection.close()
        for empty in (folder, library):
            with suppress(OSError):
                empty.rmdir()


def _load(
    connection: sqlite3.Connection, schema: int, tables_and_rows: Iterable[tuple[str, Sequence[str], Iterable[Row]]]
) -> None:
    for step in MIGRATIONS[:schema]:
        step(connection)
    connection.execute(f"PRAGMA user_version = {schema}")
    connection.execute("PRAGMA foreign_keys = OFF")
    connection.execute("BEGIN")
    known = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    for name, columns, found in tables_and_rows:
        if name not in known or name in _NOT_COPIED or not set(columns) <= _names(connection, name):
            raise UsageError(f"a catalog of schema {schema} has no table {name} of {', '.join(columns)}")
        _fill(connection, name, columns, found)
    if "touched" in known:
        settle(connection)
    connection.execute("COMMIT")
    migrate(connection)
    if connection.execute("PRAGMA foreign_key_check").fetchone():
        raise UsageError("its rows refer to missing rows")


def _table(connection: sqlite3.Connection, name: str) -> Table:
    if name == _NUMBERS:
        lengths = _lengths(connection, name, "name", "TEXT")
        columns: tuple[Column, ...] = (Column("name", "TEXT", False, *lengths), Column("seq", "INTEGER", False))
    else:
        columns = tuple(
            Column(column, kind.upper(), not required and not key, *_lengths(connection, name, column, kind.upper()))
            for _, column, kind, required, _, key in connection.execute(f'PRAGMA table_info("{name}")').fetchall()
        )
    return Table(name, columns, int(connection.execute(f'SELECT COUNT(*) FROM "{name}"').fetchone()[0]))


def _lengths(connection: sqlite3.Connection, table: str, column: str, kind: str) -> tuple[int, int, bool]:
    if kind not in ("TEXT", "BLOB"):
        return 0, 0, False
    own = f'CAST("{column}" AS BLOB)'
    least, most, zeros = connection.execute(
        f"""SELECT MIN(COALESCE(LENGTH({own}), 0)), MAX(LENGTH({own})), MAX(INSTR({own}, x'00') > 0) FROM "{table}" """
    ).fetchone()
    return int(least or 0), int(most or 0), bool(zeros)


def _names(connection: sqlite3.Connection, table: str) -> set[str]:
    return {name for _, name, *_ in connection.execute(f'PRAGMA table_info("{table}")')}


def _fill(connection: sqlite3.Connection, table: str, columns: Sequence[str], found: Iterable[Row]) -> None:
    connection.execute(f'DELETE FROM "{table}"')  # what migrations put there
    names, marks = ", ".join(f'"{name}"' for name in columns), ", ".join("?" * len(columns))
    connection.executemany(f'INSERT INTO "{table}" ({names}) VALUES ({marks})', found)
