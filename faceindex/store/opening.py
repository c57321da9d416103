"""Opens a catalog's SQLite file, also on disks that are read-only, full or without locks."""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from faceindex.errors import LibraryDamaged
from faceindex.store.catalog import Catalog
from faceindex.store.lock import LOCK, NO_LOCKS
from faceindex.store.migrations import MIGRATIONS, migrate, refuse_newer, schema_version
from faceindex.system.files import FULL_SYNC
from faceindex.system.locks import takes_record_locks

BUSY_SECONDS = 120.0
"""Seconds that a transaction waits for another one: putting millions of faces into albums is one transaction."""


def open_reader(file: Path) -> Catalog:
    """A catalog that never writes. Raises: LibraryDamaged; NewerSchema.

    One of an older schema is read into memory and migrated there: only a writer may migrate the file.
    """
    catalog = _reader(file)
    with damage_named(file):
        if 0 < schema_version(catalog.connection) < len(MIGRATIONS):
            catalog = _in_memory(catalog)
            migrate(catalog.connection)
    return catalog


def open_writer(file: Path) -> Catalog:
    """A catalog whose commits are durable (WAL, synchronous=FULL), and which overwrites what it deletes.

    Raises: LibraryDamaged; NewerSchema; OSError where the file system takes no locks.
    """
    if not takes_record_locks(file.with_name(LOCK)):
        raise OSError(errno.ENOLCK, NO_LOCKS, str(file))
    catalog = _open(file, "mode=rwc")
    with damage_named(file):
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON", "secure_delete = ON"):
            catalog.connection.execute(f"PRAGMA {pragma}")
    return catalog


def _open(file: Path, mode: str) -> Catalog:
    with damage_named(file):
        connection: sqlite3.Connection = sqlite3.connect(
            f"{file.absolute().as_uri()}?{mode}",
            uri=True,
            isolation_level=None,
            check_same_thread=False,
            timeout=BUSY_SECONDS,
        )
        try:
            keep_private(connection)
            refuse_newer(connection, file)
        except BaseException:
            connection.close()
            raise
    return Catalog(connection)


def keep_private(connection: sqlite3.Connection) -> None:
    """Keep in memory what SQLite sorts, which may be names and paths: else it would write them to the folder for
    temporary files of all programs. On macOS, let what it syncs reach the disk, see `system.files.sync`."""
    connection.execute("PRAGMA temp_store = MEMORY")
    if FULL_SYNC is not None:
        connection.execute("PRAGMA fullfsync = ON")


@contextmanager
def damage_named(file: Path) -> Iterator[None]:
    """Turn SQLite's error about a damaged file into LibraryDamaged, with the file's name."""
    try:
        yield
    except sqlite3.OperationalError:
        raise
    except (sqlite3.DatabaseError, UnicodeDecodeError) as error:  # the latter in the words of a damaged schema
        raise LibraryDamaged(f"{file} is damaged ({error}); restore it from a backup") from error


def _reader(file: Path) -> Catalog:
    """A reader of a WAL catalog writes an index of the log beside it, and locks that. Where it cannot, nothing can be
    writing."""
    log, index_of_log = (file.with_name(file.name + suffix) for suffix in ("-wal", "-shm"))
    if (os.access(file.parent, os.W_OK) or index_of_log.exists()) and takes_record_locks(file.with_name(LOCK)):
        try:
            return _open(file, "mode=ro")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF not in (
                sqlite3.SQLITE_IOERR,
                sqlite3.SQLITE_CANTOPEN,
                sqlite3.SQLITE_FULL,
            ):
                raise
            if not log.exists():  # the disk is full; that may end, and then a writer may come
                return _in_memory(_open(file, "mode=ro&immutable=1"))
    if not log.exists():
        return _open(file, "mode=ro&immutable=1")
    with tempfile.TemporaryDirectory(prefix="faceindex-") as folder:
        for part in (file, log):
            shutil.copyfile(part, Path(folder, part.name))
        return _in_memory(_open(Path(folder, file.name), "mode=rw"))


def _in_memory(catalog: Catalog) -> Catalog:
    """A copy; the original is closed."""
    copy = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    keep_private(copy)
    with closing(catalog):
        catalog.connection.backup(copy)
    return Catalog(copy)
