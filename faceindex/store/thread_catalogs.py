"""A connection for each thread that reads a library, closed when the thread has ended."""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Callable

from faceindex.store.catalog import Catalog

_inherited: list[Catalog] = []
"""Connections of a parent process: SQLite's may neither be used nor closed after a fork."""


class ThreadCatalogs:
    """Opens catalogs, one for each thread, and keeps them as long as their threads live.

    A thread's catalog is held by the thread alone. What still reads from it when the thread has ended, such as an
    iterator that was handed to another thread, holds its connection, too; see `catalog._Connection`.
    """

    def __init__(self, open_catalog: Callable[[], Catalog]) -> None:
        self._open = open_catalog
        self._lock = threading.Lock()
        self._begin()

    def get(self) -> Catalog:
        """This thread's catalog. Raises: as opening one does."""
        if self._process != os.getpid():
            self._leave_to_parent()
        catalog: Catalog | None = getattr(self._local, "catalog", None)
        if catalog is None:
            catalog = self._open()
            with self._lock:
                self._local.catalog = catalog
                self._opened.add(catalog)
        return catalog

    def close(self) -> None:
        """Close every thread's connection; the next `get` opens one again."""
        if self._process != os.getpid():
            self._leave_to_parent()
        with self._lock:
            opened = list(self._opened)
            self._begin()
        for catalog in opened:
            catalog.close()

    def _begin(self) -> None:
        self._process = os.getpid()
        self._local = threading.local()
        self._opened: weakref.WeakSet[Catalog] = weakref.WeakSet()

    def _leave_to_parent(self) -> None:
        self._lock = threading.Lock()  # another thread of the parent may have held it
        _inherited.extend(self._opened)
        self._begin()
