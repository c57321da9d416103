"""Opens regular files only: opening a FIFO can wait for ever, and opening a device can do anything."""

from __future__ import annotations

import errno
import os
import re
import stat
from io import BufferedReader
from pathlib import Path

from faceindex.system.files import NOT_WAITING, READ, set_blocking

NOT_REGULAR = "not a regular file"

_DESCRIPTOR = re.compile(r"/dev/stdin|(/dev/fd|/proc/self/fd)/\d+")


def open_regular(path: str | os.PathLike[str], *, or_descriptor: bool = False) -> BufferedReader:
    """Open the regular file at `path` for reading; links are followed, and nothing else is opened.

    or_descriptor: also allow a descriptor that is open already, /dev/stdin or /dev/fd/63, which shells use for
    <(command). Raises: OSError, with strerror NOT_REGULAR for a FIFO, a socket or a device.
    """
    if or_descriptor and _DESCRIPTOR.fullmatch(os.fspath(path)):
        return open(path, "rb")  # noqa: PTH123
    _refuse_others(path, os.stat(path))  # noqa: PTH116  (even opening changes the state of some devices)
    descriptor = os.open(path, READ | NOT_WAITING)
    try:
        _refuse_others(path, os.fstat(descriptor))
        set_blocking(descriptor, True)
        return os.fdopen(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise


def read_regular(path: str | os.PathLike[str], *, or_descriptor: bool = False) -> bytes:
    """All bytes of the file. Raises: as `open_regular`."""
    with open_regular(path, or_descriptor=or_descriptor) as file:
        return file.read()


def require_regular(path: str | os.PathLike[str]) -> None:
    """Check a file before another library opens it. Raises: as `open_regular`."""
    open_regular(path).close()


def _refuse_others(path: str | os.PathLike[str], status: os.stat_result) -> None:
    if stat.S_ISDIR(status.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(Path(path)))
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, NOT_REGULAR, str(Path(path)))
