"""Which libraries this thread is writing to, in a transaction that stays open: other writes of it would wait for
themselves."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from faceindex.errors import LibraryLocked


class _Paths(threading.local):
    def __init__(self) -> None:
        self.open: set[Path] = set()


_paths = _Paths()


@contextmanager
def kept_open(path: Path) -> Iterator[None]:
    """This thread has a transaction open in the library at `path` as long as this lasts."""
    _paths.open.add(path)
    try:
        yield
    finally:
        _paths.open.discard(path)


def is_kept_open(path: Path) -> bool:
    """Whether this thread has a transaction open in this library."""
    return path in _paths.open


def refuse_within(path: Path) -> None:
    """Raises: LibraryLocked when this thread has a transaction open in this library."""
    if is_kept_open(path):
        raise LibraryLocked(
            f"{path} is being written by this thread, in `history.together()`; do this before it or after it"
        )
