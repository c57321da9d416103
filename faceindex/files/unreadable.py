"""What an error of reading a user's file says: that the file is bad, or that the machine or the disk is."""

from __future__ import annotations

import errno
import os
import re

from faceindex.errors import FaceindexError, MachineError, UsageError

_OF_THE_MACHINE = frozenset(
    number
    for name in (
        *("ENOMEM", "EMFILE", "ENFILE", "ENOBUFS", "EAGAIN", "EIO", "EREMOTEIO", "ESTALE", "ENODEV", "ENXIO"),
        *("ENOTCONN", "ETIMEDOUT", "EHOSTDOWN", "EHOSTUNREACH", "ENETUNREACH", "ENETDOWN", "ECONNRESET"),
        *("ECONNABORTED", "ECONNREFUSED", "ENOSPC", "EDQUOT"),
    )
    if (number := getattr(errno, name, None)) is not None
)
_BY_HDF5 = re.compile(r"errno = (\d+)")
_NO_MEMORY_IN_HDF5 = "memory allocation failed"


def unreadable(
    path: str | os.PathLike[str], error: Exception, message: str = "{path} cannot be read: {reason}"
) -> FaceindexError:
    """What to raise from `error`, which came while the user's file at `path` was read.

    MachineError where the file may be whole: memory or descriptors are short, a disk fails, a share is gone. UsageError
    for what is wrong with the file itself, or its path. message: of the UsageError; {path} and {reason} stand in it.
    """
    if is_of_the_machine(error):
        return MachineError(f"{path} cannot be read now: {_reason(error)}; the file may be whole, try again")
    inner = error.__context__
    if isinstance(inner, Exception) and is_of_the_machine(inner):  # zipfile hides it
        return unreadable(path, inner)
    return UsageError(message.format(path=path, reason=_reason(error)))


def is_of_the_machine(error: Exception) -> bool:
    """Whether it says nothing about the file that was read."""
    if isinstance(error, OSError) and error.errno is not None:
        return error.errno in _OF_THE_MACHINE
    by_hdf5 = _BY_HDF5.search(str(error))
    if by_hdf5:
        return int(by_hdf5[1]) in _OF_THE_MACHINE
    return isinstance(error, MemoryError) or _NO_MEMORY_IN_HDF5 in str(error)


def _reason(error: Exception) -> str:
    if isinstance(error, MemoryError):
        return "memory is short"
    said = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return " ".join(said.split())
