"""Opening, syncing and replacing files, where systems differ.

Windows opens files as text unless told otherwise, cannot open a folder, knows no owner and no mode of a file, and
cannot read at a position. What is in a user's profile is private there by its access list, which `mkdir` with mode
0o700 also gives other folders (from Python 3.11.10 and 3.12.4 on).
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import threading
from pathlib import Path
from types import TracebackType
from typing import Self

from faceindex.system.modules import fcntl

FULL_SYNC = getattr(fcntl, "F_FULLFSYNC", None)


def _known(*names: str) -> int:
    """Those of these flags of `os.open` that the system knows."""
    flags = 0
    for name in names:
        flags |= getattr(os, name, 0)
    return flags


READ = os.O_RDONLY | _known("O_BINARY")
"""To read a file."""

NOT_WAITING = _known("O_NONBLOCK", "O_NOCTTY")
"""Opening a FIFO or a terminal neither waits nor makes it ours."""

NO_LINK = _known("O_NOFOLLOW")
"""A symbolic link is not followed; Windows has few, and only administrators make them."""

NEW = os.O_RDWR | os.O_CREAT | os.O_EXCL | NO_LINK | _known("O_BINARY")
"""To create a file that nobody else has created."""

APPEND = os.O_WRONLY | os.O_APPEND | os.O_CREAT | _known("O_BINARY")
"""To add to a file."""

OPENS_FOLDERS = hasattr(os, "O_DIRECTORY")
"""Whether folders have descriptors."""

HAS_MODES = os.name == "posix"
"""Whether the system keeps permissions as a mode; a file system may still not."""

CANNOT_SYNC = frozenset((errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.ENOTTY, errno.EBADF))
"""Errors of file systems that cannot sync folders; EIO is a real failure (borg and restic decide likewise)."""

_moving = threading.Lock()


class Folder:
    """A folder held open: what is done in it is done in this very one, even when its path comes to name another.

    By its path where folders cannot be opened.
    """

    def __init__(self, path: Path, *, through_link: bool = True) -> None:
        """through_link: the path may be a symbolic link. Raises: OSError, also when it is no folder."""
        self.path = path
        self._descriptor: int | None = None
        if OPENS_FOLDERS:
            self._descriptor = os.open(path, os.O_RDONLY | _known("O_DIRECTORY") | (0 if through_link else NO_LINK))
        elif not through_link and path.is_symlink():
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path))
        elif not stat.S_ISDIR(path.stat().st_mode):
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(path))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)

    def create(self, name: str, mode: int) -> int:
        """A descriptor of the new file `name`. Raises: OSError."""
        return os.open(self._at(name), NEW, mode, dir_fd=self._descriptor)

    def rename(self, name: str, other: str) -> None:
        """Rename the file `name` over `other`. Raises: OSError."""
        os.replace(self._at(name), self._at(other), src_dir_fd=self._descriptor, dst_dir_fd=self._descriptor)

    def remove(self, name: str) -> None:
        """Remove the file `name`. Raises: OSError."""
        os.unlink(self._at(name), dir_fd=self._descriptor)

    def stat(self, name: str) -> os.stat_result:
        """The status of the file `name`, of a link itself. Raises: OSError."""
        return os.stat(self._at(name), dir_fd=self._descriptor, follow_symlinks=False)

    def status(self) -> os.stat_result:
        """Its own status. Raises: OSError."""
        return os.stat(self.path if self._descriptor is None else self._descriptor)  # noqa: PTH116

    def set_mode(self, mode: int) -> None:
        """Raises: OSError."""
        os.chmod(self.path if self._descriptor is None else self._descriptor, mode)  # noqa: PTH101

    def sync(self) -> None:
        """Make its entries durable where that can be done; Windows does it by itself. Raises: OSError."""
        if self._descriptor is None:
            return
        try:
            sync(self._descriptor)
        except OSError as error:
            if error.errno not in CANNOT_SYNC:
                raise

    def _at(self, name: str) -> str:
        return name if self._descriptor is not None else str(self.path / name)


def sync(descriptor: int) -> None:
    """Put what was written on the disk. On macOS fsync(2) leaves it in the disk's memory, F_FULLFSYNC does not.

    Raises: OSError.
    """
    if FULL_SYNC is not None:
        try:
            fcntl.fcntl(descriptor, FULL_SYNC)
        except OSError as error:  # file systems of other makers
            if error.errno not in CANNOT_SYNC:
                raise
        else:
            return
    os.fsync(descriptor)


def set_mode(path: Path, descriptor: int, mode: int) -> None:
    """Set the mode of the file that is open at `path`. Raises: OSError."""
    if hasattr(os, "fchmod"):
        os.fchmod(descriptor, mode)
    else:
        path.chmod(mode)


def is_own(status: os.stat_result) -> bool:
    """Whether a file is this user's; where users have no numbers, it is taken for that."""
    return not hasattr(os, "geteuid") or status.st_uid == os.geteuid()


def set_blocking(descriptor: int, blocking: bool) -> None:
    """As `os.set_blocking`, where there is one: on Windows from Python 3.12 on, and only for pipes."""
    if hasattr(os, "set_blocking"):
        with contextlib.suppress(OSError) if os.name == "nt" else contextlib.nullcontext():
            os.set_blocking(descriptor, blocking)


def read_at(descriptor: int, count: int, position: int) -> bytes:
    """Up to `count` bytes from `position` on. Raises: OSError."""
    if hasattr(os, "pread"):
        data: bytes = os.pread(descriptor, count, position)
        return data
    with _moving:  # the position belongs to the descriptor, which threads share
        os.lseek(descriptor, position, os.SEEK_SET)
        return os.read(descriptor, count)


def read_into(descriptor: int, buffer: memoryview, position: int) -> int:
    """Fill `buffer` with bytes from `position` on. Returns: how many were read. Raises: OSError."""
    if hasattr(os, "preadv"):
        read: int = os.preadv(descriptor, [buffer], position)
        return read
    data = read_at(descriptor, buffer.nbytes, position)
    buffer.cast("B")[: len(data)] = data
    return len(data)


def write_at(descriptor: int, data: bytes | memoryview, position: int) -> int:
    """Write at `position`. Returns: how many bytes were written. Raises: OSError."""
    if hasattr(os, "pwrite"):
        written: int = os.pwrite(descriptor, data, position)
        return written
    with _moving:
        os.lseek(descriptor, position, os.SEEK_SET)
        return os.write(descriptor, data)


def expect_random_reads(descriptor: int) -> None:
    """Tell the system not to read ahead, where it listens."""
    if hasattr(os, "posix_fadvise"):
        os.posix_fadvise(descriptor, 0, 0, _known("POSIX_FADV_RANDOM"))
