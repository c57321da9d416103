"""One writer at a time: an advisory lock that the kernel drops when its owner dies."""

from __future__ import annotations

import errno
import fcntl
import os
import time
from contextlib import suppress
from pathlib import Path

from faceindex.errors import LibraryLocked
from faceindex.files.writing import FILE_MODE
from faceindex.running.stop import Stop

LOCK = "lock"
NO_LOCKS = (
    "its file system takes no locks, without which two writers would destroy each other's work; choose another one"
)
CANNOT_LOCK = frozenset((errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EINVAL, errno.EBADF))
_LOOK_SECONDS = 0.1
# Not through a link: who holds the lock writes into the file.
_FLAGS = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def takes_locks(path: Path) -> bool:
    """Whether the file system of the file `path` takes SQLite's locks, which that waits for even where there are none.

    path: any file but the catalog, whose locks this process would lose.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:  # nothing is told by that
        return True
    try:
        fcntl.lockf(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        fcntl.lockf(descriptor, fcntl.LOCK_UN)
    except OSError as error:
        return error.errno not in CANNOT_LOCK
    finally:
        os.close(descriptor)
    return True


class WriterLock:
    """The library's `lock` file, held with flock(2); its text says by whom.

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
                fcntl.flock(self._descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            owner = os.pread(self._descriptor, 200, 0).decode(errors="replace").strip() or "another process"
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
            os.pwrite(self._descriptor, f"process {os.getpid()} on {os.uname().nodename}\n".encode(), 0)

    def _take_when_free(self, stop: Stop) -> None:
        """A thread that waits in flock(2) cannot be woken: look again and again."""
        while True:
            stop.check()
            try:
                fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                time.sleep(_LOOK_SECONDS)
            else:
                return

    def release(self) -> None:
        """Give the lock back."""
        with suppress(OSError):
            os.ftruncate(self._descriptor, 0)
        # Closing is not enough: a child between fork and exec has the same open file for an instant.
        fcntl.flock(self._descriptor, fcntl.LOCK_UN)
        os.close(self._descriptor)
