"""The first steps of a worker process: whatever keeps it from starting is told to its parent.

Little is imported here: libraries that are missing, or do not fit into memory, are a reason like others.
"""

from __future__ import annotations

import contextlib
import os
import sys
from dataclasses import dataclass
from multiprocessing.connection import Connection

_OUT_OF_MEMORY = ("std::bad_alloc", "bad allocation", "Failed to allocate memory", "Cannot allocate memory")


@dataclass(frozen=True, slots=True)
class Unable:
    """A worker's word that it cannot start. memory: for want of it."""

    reason: str
    memory: bool


def main() -> None:
    """Serve the parent. Arguments: descriptor of the connection; parent, or 0; bytes of memory that may be used."""
    os.set_blocking(sys.stderr.fileno(), False)  # the parent keeps the first lines, and does not read on
    connection = Connection(int(sys.argv[1]))
    with contextlib.suppress(BrokenPipeError, EOFError, ConnectionResetError):  # the parent is gone
        try:
            from faceindex.ingest.workers.worker import prepare, serve
            from faceindex.photos.finding.addresses import take_secrets

            take_secrets()

            analyser = prepare(connection, parent=int(sys.argv[2]), memory=int(sys.argv[3]))
        except (BrokenPipeError, EOFError, ConnectionResetError):
            return
        except Exception as error:
            connection.send(Unable(in_words(error), is_exhaustion(error)))
            return
        connection.send(None)
        serve(connection, analyser)


def in_words(error: Exception) -> str:
    """One line about an error that was not expected."""
    return f"{type(error).__name__}: {' '.join(str(error).split())}".removesuffix(": ")


def is_exhaustion(error: BaseException | None) -> bool:
    """Whether memory ran out. Libraries in C++ have words of their own for MemoryError."""
    return isinstance(error, MemoryError) or any(words in str(error) for words in _OUT_OF_MEMORY)
