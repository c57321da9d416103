"""Every file that faceindex reads is a regular one: opening a FIFO waits for ever, a device may do anything."""

from __future__ import annotations

import errno
import os
import re
import stat
from io import BufferedReader
from pathlib import Path

NOT_REGULAR = "not a regular file"

_DESCRIPTOR = re.compile(r"/dev/stdin|(/dev/fd|/proc/self/fd)/\d+")


def open_regular(path: str | os.PathLike[str], *, or_descriptor: bool = False) -> BufferedReader:
    """The regular file at `path`, open for reading, links followed; nothing else is opened, and nothing waited for.

    or_descriptor: also what the caller has open already: /dev/stdin, or /dev/fd/63, which shells write for <(command).
    Raises: OSError, whose strerror is NOT_REGULAR for a FIFO, a socket or a device.
    """
    if or_descriptor and _DESCRIPTOR.fullmatch(os.fspath(path)):
        return open(path, "rb")  # noqa: PTH123
    _refuse_others(path, os.stat(path))  # noqa: PTH116  (opening some devices alone changes something)
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY)
    try:
        _refuse_others(path, os.fstat(descriptor))
        os.set_blocking(descriptor, True)
        return os.fdopen(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise


def read_regular(path: str | os.PathLike[str], *, or_descriptor: bool = False) -> bytes:
    """All bytes of the file. Raises: as `open_regular`."""
    with open_regular(path, or_descriptor=or_descriptor) as file:
        return file.read()


def require_regular(path: str | os.PathLike[str]) -> None:
    """For libraries that open the file themselves. Raises: as `open_regular`."""
    open_regular(path).close()


def _refuse_others(path: str | os.PathLike[str], status: os.stat_result) -> None:
    if stat.S_ISDIR(status.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(Path(path)))
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, NOT_REGULAR, str(Path(path)))
