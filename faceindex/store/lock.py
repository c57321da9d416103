"""One writer at a time: an advisory lock that the kernel drops when its owner dies."""

from __future__ import annotations

import fcntl
import os
import socket
from pathlib import Path

from faceindex.errors import LibraryLocked
from faceindex.store.durable import FILE_MODE


class WriterLock:
    """The library's `lock` file, held with flock(2); its text says by whom.

    The descriptor is close-on-exec: worker processes never hold the lock.
    """

    def __init__(self, path: Path) -> None:
        """Take the lock. Raises: LibraryLocked when another process has it; OSError."""
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, FILE_MODE)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            owner = os.pread(self._descriptor, 200, 0).decode(errors="replace").strip() or "another process"
            os.close(self._descriptor)
            raise LibraryLocked(
                f"{path.parent} is being written by {owner}; wait until it has finished, then try again"
            ) from None
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, f"process {os.getpid()} on {socket.gethostname()}\n".encode(), 0)

    def release(self) -> None:
        """Give the lock back."""
        os.ftruncate(self._descriptor, 0)
        # Closing is not enough: a child between fork and exec has the same open file for an instant.
        fcntl.flock(self._descriptor, fcntl.LOCK_UN)
        os.close(self._descriptor)
