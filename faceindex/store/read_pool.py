"""The connections that read a library: a bounded number for however many threads, each lent for one statement.

A server has more threads than files it may open, and threads that come and go. So no thread owns a connection: a
statement borrows one, reads its rows and hands it back; a snapshot keeps one until it ends.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, cast

from faceindex.store.catalog import Catalog

MOST = 8
"""Most connections at once; a thread waits while all are in use. SQLite reads no faster with more than there are
cores."""

_inherited: list[object] = []
"""Connections of a parent process: SQLite's may neither be used nor closed after a fork."""


class ReadPool:
    """Lends connections. A thread that holds one gets the same one again, so that it never waits for a second."""

    def __init__(self, open_catalog: Callable[[], Catalog]) -> None:
        self._open = open_catalog
        self._idle: list[sqlite3.Connection] = []
        self._opened = 0
        self._time = 0
        self._begin()

    def get(self) -> Catalog:
        """The catalog that all threads of this process share. Raises: as opening one does."""
        if self._process != os.getpid():
            self._leave_to_parent()
        if not self._opened:
            with self.lent():
                pass
        return self._catalog

    @contextmanager
    def lent(self) -> Iterator[sqlite3.Connection]:
        """A connection that nobody else uses meanwhile."""
        held: sqlite3.Connection | None = getattr(self._holding, "connection", None)
        if held is not None:
            yield held
            return
        connection, time = self._take()
        self._holding.connection = connection
        try:
            yield connection
        finally:
            self._holding.connection = None
            self._hand_back(connection, time)

    @property
    def held(self) -> sqlite3.Connection | None:
        """The connection that this thread holds."""
        return getattr(self._holding, "connection", None)

    @property
    def opened(self) -> int:
        """Connections that are open now."""
        return self._opened

    def close(self) -> None:
        """Close all connections, those in use when they come back; the next statement opens one again."""
        if self._process != os.getpid():
            self._leave_to_parent()
        with self._changed:
            idle, self._idle = self._idle, []
            self._opened -= len(idle)
            self._time += 1
        for connection in idle:
            connection.close()

    def __del__(self) -> None:
        if self._process == os.getpid():
            for connection in self._idle:
                connection.close()

    def _take(self) -> tuple[sqlite3.Connection, int]:
        with self._changed:
            while not self._idle and self._opened >= MOST:
                self._changed.wait()
            if self._idle:
                return self._idle.pop(), self._time
            self._opened += 1
            time = self._time
        try:
            return self._open().connection, time
        except BaseException:
            self._forget_one()
            raise

    def _hand_back(self, connection: sqlite3.Connection, time: int) -> None:
        with self._changed:
            if time == self._time and not connection.in_transaction:
                self._idle.append(connection)
                self._changed.notify()
                return
        connection.close()
        self._forget_one()

    def _forget_one(self) -> None:
        with self._changed:
            self._opened -= 1
            self._changed.notify()

    def _begin(self) -> None:
        self._process = os.getpid()
        self._changed = threading.Condition(threading.Lock())
        self._holding = threading.local()
        self._idle, self._opened, self._time = [], 0, 0
        self._catalog = _SharedCatalog(self)

    def _leave_to_parent(self) -> None:
        _inherited.append((self._idle, self._holding))
        self._begin()


class _SharedCatalog(Catalog):
    """Reads with any idle connection."""

    def __init__(self, pool: ReadPool) -> None:
        super().__init__(cast(sqlite3.Connection, _SharedConnection(pool)))
        self._pool = pool

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        with self._pool.lent(), super().snapshot():
            yield

    def close(self) -> None:
        self._pool.close()


class _SharedConnection:
    """What readers use of a connection.

    Outside a snapshot the rows of a statement are all read before it returns. Inside one they come as they are read,
    and must be read there.
    """

    def __init__(self, pool: ReadPool) -> None:
        self._pool = pool

    def execute(self, statement: str, values: Sequence[object] = ()) -> Any:
        with self._pool.lent() as connection:
            cursor = connection.execute(statement, values)
            return cursor if connection.in_transaction else _Rows(cursor.fetchall())

    @property
    def in_transaction(self) -> bool:
        return self._pool.held is not None and self._pool.held.in_transaction


class _Rows(list[tuple[Any, ...]]):
    """Rows that were read, used as a cursor is."""

    def __init__(self, rows: list[tuple[Any, ...]]) -> None:
        super().__init__(rows)
        self._next = 0

    def fetchone(self) -> tuple[Any, ...] | None:
        if self._next >= len(self):
            return None
        self._next += 1
        return self[self._next - 1]

    def fetchall(self) -> list[tuple[Any, ...]]:
        return self[self._next :]
