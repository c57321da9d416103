"""Advisory locks, which end with the process that holds them: flock(2), and on Windows LockFile.

Not by `filelock` or `portalocker`: the first empties the file, whose text says who holds it, and the second needs
pywin32.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from faceindex.system.files import NO_LINK, NOT_WAITING, OPENS_FOLDERS, READ
from faceindex.system.modules import fcntl, msvcrt

CANNOT_LOCK = frozenset((errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EINVAL, errno.EBADF))
"""Errors of file systems that take no locks."""

LOOK_SECONDS = 0.1
"""How often to look whether a lock has become free."""

_PLACE = 1 << 30
"""On Windows nobody else can read the locked byte: it is behind the text that says who holds the lock."""


def lock(descriptor: int, *, wait: bool = False) -> None:
    """Lock the open file for this process. Raises: BlockingIOError if another holds it, unless `wait`; OSError."""
    if fcntl is not None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        return
    while True:
        try:
            _at_place(descriptor, msvcrt.LK_NBLCK)
        except PermissionError as error:
            if not wait:
                raise BlockingIOError(errno.EWOULDBLOCK, os.strerror(errno.EWOULDBLOCK)) from error
            time.sleep(LOOK_SECONDS)
        else:
            return


def unlock(descriptor: int) -> None:
    """Give the lock back. Closing is not enough: a child between fork and exec has the same open file for an instant.

    Raises: OSError.
    """
    if fcntl is not None:
        fcntl.flock(descriptor, fcntl.LOCK_UN)
    else:
        _at_place(descriptor, msvcrt.LK_UNLCK)


def takes_record_locks(path: Path) -> bool:
    """Whether the file system of `path` takes the locks of SQLite, which waits for them even where there are none.

    path: any file but the catalog, whose locks this process would lose.
    """
    if fcntl is None:
        return True
    try:
        descriptor = os.open(path, READ | NO_LINK | NOT_WAITING)
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


@contextlib.contextmanager
def locked_folder(folder: Path) -> Iterator[None]:
    """Hold a lock on a folder, which gets no new file by that; on a disk without locks, nothing is held.

    Raises: BlockingIOError if another process holds it; OSError.
    """
    descriptor = os.open(*_lockable(folder))
    try:
        try:
            lock(descriptor)
        except BlockingIOError:
            raise
        except OSError as error:
            if error.errno not in CANNOT_LOCK:
                raise
        yield
    finally:
        os.close(descriptor)


def _lockable(folder: Path) -> tuple[Path, int]:
    """What is locked for a folder, and the flags to open it: itself, or a file of its own among the temporary ones."""
    if OPENS_FOLDERS:
        return folder, READ
    name = hashlib.blake2b(os.fsencode(folder.resolve(strict=True)), digest_size=16).hexdigest()
    return Path(tempfile.gettempdir(), f"faceindex-{name}.lock"), os.O_RDWR | os.O_CREAT


def _at_place(descriptor: int, what: int) -> None:
    """Lock or unlock one byte. The position is put back: others write the file's text."""
    position = os.lseek(descriptor, 0, os.SEEK_CUR)
    os.lseek(descriptor, _PLACE, os.SEEK_SET)
    try:
        msvcrt.locking(descriptor, what, 1)
    finally:
        os.lseek(descriptor, position, os.SEEK_SET)
