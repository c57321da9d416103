"""Opens the SQLite database of another program without changing it, also while the program runs."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from faceindex.errors import UsageError
from faceindex.files.reading import require_regular
from faceindex.files.unreadable import unreadable

PATIENCE = 5.0
"""Seconds that another program may keep the database locked."""

LONGEST_VALUE = 1 << 20
"""Limit for a value in bytes: names, paths and boxes are short."""

_ENDS = ("-wal", "-journal")
_MAGIC = b"SQLite format 3\0"


@contextmanager
def foreign_database(path: Path, program: str) -> Iterator[sqlite3.Connection]:
    """A copy of the database at `path`, in a private temporary folder, so that the program is not held up.

    Raises: UsageError if the file is not a database or is damaged; MachineError.
    """
    try:
        require_regular(path)
        if not is_database(path):
            raise UsageError(f"{path} is not an SQLite database of {program}")
        with tempfile.TemporaryDirectory(prefix="faceindex-") as folder:
            copy = Path(folder, "copy.db")
            _copy(path, copy)
            with closing(sqlite3.connect(f"file:{copy}?mode=rw", uri=True)) as connection:
                _make_safe(connection)
                yield connection
    except OSError as error:
        raise unreadable(path, error) from error
    except sqlite3.Error as error:
        raise UsageError(f"{path} cannot be read as a database of {program}: {error}") from error


def is_database(path: Path) -> bool:
    """Whether the file begins as an SQLite database."""
    with path.open("rb") as file:
        return file.read(len(_MAGIC)) == _MAGIC


def require_tables(connection: sqlite3.Connection, columns: dict[str, tuple[str, ...]], path: Path, what: str) -> None:
    """Raises: UsageError if a table or column is missing."""
    for table, wanted in columns.items():
        found = {row[1] for row in connection.execute(f'PRAGMA table_info("{table}")')}
        if missing := [column for column in wanted if column not in found]:
            thing = f"column {table}.{missing[0]}" if found else f"table {table}"
            raise UsageError(f"{path} is not {what}: it has no {thing}")


def _make_safe(connection: sqlite3.Connection) -> None:
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LONGEST_VALUE)
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.execute("PRAGMA query_only = ON")
    connection.text_factory = lambda value: value.decode("utf-8", "surrogateescape")


def _copy(path: Path, copy: Path) -> None:
    """Copy one state of the database. If another program keeps it locked, copy its files and see whether they fit."""
    try:
        with (
            closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=PATIENCE)) as source,
            closing(sqlite3.connect(copy)) as target,
        ):
            source.backup(target)
    except sqlite3.OperationalError:
        copy.unlink(missing_ok=True)
        shutil.copyfile(path, copy)
        for end in _ENDS:
            if (log := Path(f"{path}{end}")).is_file():
                shutil.copyfile(log, f"{copy}{end}")
        with closing(sqlite3.connect(copy)) as connection:
            if connection.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
                raise UsageError(f"{path} is being written or is damaged; close the program and try again") from None
