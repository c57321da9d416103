"""Decides whether an error while reading a user's file is about the file, or about the machine or disk."""

from __future__ import annotations

import errno
import os
import re

from faceindex.errors import FaceindexError, MachineError, UsageError

SHORTAGES = frozenset(
    (errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS, errno.EAGAIN, errno.ENOSPC, errno.EDQUOT)
)
"""Error numbers: the machine lacks something that every file needs."""

LOST_DISKS = frozenset(
    (
        *(errno.EIO, errno.ESTALE, errno.ENODEV, errno.ENXIO, errno.ENOTCONN, errno.ETIMEDOUT, errno.EHOSTDOWN),
        *(errno.EHOSTUNREACH, errno.ENETUNREACH, errno.ECONNABORTED, errno.ECONNREFUSED, errno.ECONNRESET),
        getattr(errno, "EREMOTEIO", errno.EIO),  # Linux alone has it
    )
)
"""Error numbers: a disk fails, or a network share does not answer."""

_OF_THE_MACHINE = SHORTAGES | LOST_DISKS | {errno.ENETDOWN}
_BY_HDF5 = re.compile(r"errno = (\d+)")
_NO_MEMORY_IN_HDF5 = "memory allocation failed"


def unreadable(
    path: str | os.PathLike[str], error: Exception, message: str = "{path} cannot be read: {reason}"
) -> FaceindexError:
    """The exception for `error`, which occurred while the user's file at `path` was read.

    MachineError if the file may be intact: too little memory, too few descriptors, a failing disk, a lost network
    share. UsageError if the file or its path is wrong. message: text of the UsageError, with {path} and {reason}.
    """
    if is_of_the_machine(error):
        return MachineError(f"{path} cannot be read now: {_reason(error)}; the file may be intact, try again")
    inner = error.__context__
    if isinstance(inner, Exception) and is_of_the_machine(inner):  # zipfile wraps the error
        return unreadable(path, inner)
    return UsageError(message.format(path=path, reason=_reason(error)))


def is_of_the_machine(error: Exception) -> bool:
    """Whether the error says nothing about the file."""
    if isinstance(error, OSError) and error.errno is not None:
        return error.errno in _OF_THE_MACHINE
    by_hdf5 = _BY_HDF5.search(str(error))
    if by_hdf5:
        return int(by_hdf5[1]) in _OF_THE_MACHINE
    return isinstance(error, MemoryError) or _NO_MEMORY_IN_HDF5 in str(error)


def _reason(error: Exception) -> str:
    if isinstance(error, MemoryError):
        return "not enough memory"
    said = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return " ".join(said.split())
