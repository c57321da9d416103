"""One SQLite connection to a catalog: snapshots to read in, transactions to write in, long reads in short blocks."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

from faceindex.store.derived import settle

BLOCK = 1000
"""Rows that an iterator reads at a time: no statement stays open while its caller works."""


class CatalogConnection:
    """What the parts of `Catalog` share."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """All reads inside see the library as of one commit."""
        self.connection.execute("BEGIN")
        try:
            yield
        finally:
            self.connection.execute("ROLLBACK")

    @contextmanager
    def transaction(self, *, dry_run: bool = False) -> Iterator[sqlite3.Connection]:
        """All changes inside are committed together, or none of them. dry_run: none of them."""
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            yield self.connection
            if dry_run:
                self.connection.execute("ROLLBACK")
                return
            settle(self.connection)
            self.connection.execute("COMMIT")
        except BaseException:
            if self.connection.in_transaction:
                self.connection.execute("ROLLBACK")
            raise

    @contextmanager
    def undone_afterwards(self) -> Iterator[None]:
        """Nothing of the changes inside stays; within a transaction."""
        self.connection.execute("SAVEPOINT looking")
        try:
            yield
        finally:
            self.connection.execute("ROLLBACK TO looking")
            self.connection.execute("RELEASE looking")

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()

    def by_blocks(
        self, statement: str, key: Callable[[tuple[Any, ...]], tuple[object, ...]], begin: tuple[object, ...]
    ) -> Iterator[tuple[Any, ...]]:
        """The rows of a statement that takes the key to begin after, and the number of rows, as its last parameters.

        Rows are read in short blocks: a statement that stays open would keep erased rows on the disk. key: of a row.
        """
        while rows := self.connection.execute(statement, (*begin, BLOCK)).fetchall():
            yield from rows
            if len(rows) < BLOCK:
                return
            begin = key(rows[-1])

    def _at_once(self) -> AbstractContextManager[None]:
        """A long statement inside reads one state of the library, row by row."""
        return nullcontext() if self.connection.in_transaction else self.snapshot()

    def _row(self, statement: str, *values: object) -> tuple[Any, ...]:
        row: tuple[Any, ...] | None = self.connection.execute(statement, values).fetchone()
        return row or ()
