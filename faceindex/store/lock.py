"""One writer at a time: an advisory lock that the kernel drops when its owner dies."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path

from faceindex.errors import LibraryLocked
from faceindex.files.writing import FILE_MODE
from faceindex.running.stop import Stop
from faceindex.system.files import NO_LINK, NOT_WAITING, read_at, write_at
from faceindex.system.locks import CANNOT_LOCK, LOOK_SECONDS, lock, unlock
from faceindex.system.machine import machine_name

LOCK = "lock"
NO_LOCKS = (
    "its file system takes no locks, without which two writers would destroy each other's work; choose another one"
)
# Not through a link: who holds the lock writes into the file.
_FLAGS = os.O_RDWR | os.O_CREAT | NO_LINK | NOT_WAITING


class WriterLock:
    """The library's `lock` file, held with a lock of the system; its text says by whom.

    The descriptor is close-on-exec: worker processes never hold the lock.
    """

    def __init__(self, path: Path, *, wait: bool = False, stop: Stop | None = None) -> None:
        """Take the lock; wait: as long as another writer has it, or until `stop`.

        Raises: LibraryLocked; JobCancelled; OSError.
        """
        self._descriptor = os.open(path, _FLAGS, FILE_MODE)
        try:
            if wait and stop is not None:
                self._take_when_free(stop)
            else:
                lock(self._descriptor, wait=wait)
        except BlockingIOError:
            owner = read_at(self._descriptor, 200, 0).decode(errors="replace").strip() or "another process"
            os.close(self._descriptor)
            raise LibraryLocked(
                f"{path.parent} is being written by {owner}; try again when it has finished, or use `ingest --wait`"
            ) from None
        except OSError as error:
            os.close(self._descriptor)
            if error.errno in CANNOT_LOCK:
                raise OSError(error.errno, NO_LOCKS, str(path)) from error
            raise
        except BaseException:
            os.close(self._descriptor)
            raise
        with suppress(OSError):  # a full disk takes no name, but whoever makes room on it needs the lock
            os.ftruncate(self._descriptor, 0)
            write_at(self._descriptor, f"process {os.getpid()} on {machine_name()}\n".encode(), 0)

    def _take_when_free(self, stop: Stop) -> None:
        """A thread that waits for a lock cannot be woken: look again and again."""
        while True:
            stop.check()
            try:
                lock(self._descriptor)
            except BlockingIOError:
                time.sleep(LOOK_SECONDS)
            else:
                return

    def release(self) -> None:
        """Give the lock back."""
        with suppress(OSError):
            os.ftruncate(self._descriptor, 0)
        unlock(self._descriptor)
        os.close(self._descriptor)
