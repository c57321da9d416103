"""Writes every file of faceindex: complete or not at all, for its owner only, and never through a link.

A file is written under a random name, created exclusively and without following links, in its final folder. Then it is
synced and renamed. So a link at the final path is replaced and its target is not touched; programs that have the old
file open can continue to read it; and an error leaves the old file and nothing else.

Where a file system cannot do something and that is safe, it is left out: syncing a folder (some FUSE and SMB file
systems answer EINVAL), and permissions (see NotPrivate).
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
import re
import secrets
import stat
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, TextIO

from faceindex.errors import Note, UsageError
from faceindex.system import files as system

FILE_MODE = 0o600
FOLDER_MODE = 0o700

_OTHERS = 0o077
_CIRCUMSTANCES = frozenset((errno.EPIPE, errno.ENOSPC, errno.EDQUOT, errno.EIO))
_TEMPORARY = re.compile(r"\.faceindex-[0-9a-f]{16}\.tmp")
_DESCRIPTOR = re.compile(r"/(dev|dev/fd|proc/self/fd)/(stdout|stderr|\d+)")
_said: set[int] = set()


class NotPrivate(Note):
    """A file system stores no permissions, so others may read the files; said once for each file system."""


def make_folder(path: Path) -> None:
    """Create `path` and its parents, durably; the new folder is for its owner only. Raises: OSError."""
    new = [folder for folder in (path, *path.parents) if not folder.exists()]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.mkdir(mode=FOLDER_MODE, exist_ok=True)
    for folder in new:
        sync_folder(folder.parent)
    if new:
        _say_unless_private(path, path.stat(), FOLDER_MODE)


def own_folder(path: Path) -> None:
    """Create the folder `path`, or use the existing one, for its owner only. Raises: OSError, also if it is a link."""
    with contextlib.suppress(FileExistsError):
        path.mkdir(mode=FOLDER_MODE)
    with system.Folder(path, through_link=False) as folder:
        if stat.S_IMODE(folder.status().st_mode) != FOLDER_MODE:
            with contextlib.suppress(OSError):
                folder.set_mode(FOLDER_MODE)
        _say_unless_private(path, folder.status(), FOLDER_MODE)


def new_file(path: Path) -> int:
    """Create a file at `path` in a folder that only its owner may change. Returns a descriptor for reading and writing.

    A file or link that a killed process left there is removed first. Raises: OSError.
    """
    path.unlink(missing_ok=True)
    descriptor = os.open(path, system.NEW, FILE_MODE)
    try:
        _set_mode(path, descriptor, FILE_MODE)
    except BaseException:
        os.close(descriptor)
        path.unlink(missing_ok=True)
        raise
    return descriptor


@contextlib.contextmanager
def creating(path: Path) -> Iterator[BinaryIO]:
    """A new file to write and read at `path`, see `new_file`; after an error there is none.

    When the block ends its bytes are on the disk; its name is not yet, see `put_in_place`. Raises: OSError.
    """
    descriptor = new_file(path)
    try:
        with os.fdopen(descriptor, "w+b") as file:
            yield file
            file.flush()
            system.sync(descriptor)
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def put_in_place(new: Path, path: Path) -> None:
    """Rename the file `new` to `path` in the same folder, durably; after an error it is removed. Raises: OSError."""
    try:
        new.replace(path)
    except BaseException:
        new.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


@contextlib.contextmanager
def replacing(
    path: Path, mode: int | None = None, *, durable: bool = True, at_once: bool = False
) -> Iterator[BinaryIO]:
    """A file to write. It replaces the file at `path` when the block ends; after an error nothing has changed.

    mode: permissions; default: those of the user's existing regular file, else FILE_MODE. durable: content and name are
    on disk at the end. at_once: the new file is at `path` from the beginning, for output that grows slowly; an error
    then keeps what was written, unless that is nothing. Raises: OSError.
    """
    with system.Folder(path.parent) as folder:
        name = temporary_name()
        descriptor = folder.create(name, FILE_MODE)
        written = False
        try:
            with os.fdopen(descriptor, "wb") as file:
                _set_mode(path.with_name(name), descriptor, _kept_mode(path.name, folder) if mode is None else mode)
                if at_once:
                    folder.rename(name, path.name)
                    name = path.name
                try:
                    yield file
                    file.flush()
                    if durable:
                        system.sync(descriptor)
                finally:
                    written = at_once and os.fstat(descriptor).st_size > 0
            if not at_once:
                folder.rename(name, path.name)
        except BaseException:
            if not written:
                with contextlib.suppress(OSError):
                    folder.remove(name)
            raise
        if durable:
            folder.sync()


@contextlib.contextmanager
def text_output(path: Path, *, errors: str, newline: str | None = None, at_once: bool = False) -> Iterator[TextIO]:
    """The output that the user named, as UTF-8 text: a file, see `replacing`, or a stream, see `_stream`.

    errors, newline: as for `open`. Raises: UsageError if it cannot be written; OSError if the disk is full or
    disconnected.
    """
    try:
        with _stream(path) or replacing(path, at_once=at_once) as file:
            text = io.TextIOWrapper(file, "utf-8", errors, newline)
            try:
                yield text
                text.flush()
            finally:
                with contextlib.suppress(OSError):
                    text.detach()
    except OSError as error:
        if error.errno in _CIRCUMSTANCES:
            raise
        reason = "no program reads from this pipe" if error.errno == errno.ENXIO else error.strerror or error
        raise UsageError(f"cannot write {path}: {reason}") from error


@contextlib.contextmanager
def binary_output(path: Path) -> Iterator[BinaryIO]:
    """The new file that the user named, see `replacing`; its descriptor can also be read.

    Raises: UsageError if it cannot be written or is not a regular file; OSError if the disk is full or disconnected.
    """
    try:
        if path.exists() and not path.is_file():
            raise UsageError(f"cannot write {path}: this output needs a regular file")
        with replacing(path) as file:
            yield file
    except OSError as error:
        if error.errno in _CIRCUMSTANCES:
            raise
        raise UsageError(f"cannot write {path}: {error.strerror or error}") from error


def _stream(path: Path) -> BinaryIO | None:
    """The stream at `path`, which is written to and not replaced: /dev/stdout and the like (also >(command) of a
    shell), a terminal, /dev/null, or a FIFO that a program reads. None for anything else."""
    descriptor = _DESCRIPTOR.fullmatch(str(path))
    if descriptor:
        return os.fdopen(os.dup({"stdout": 1, "stderr": 2}.get(descriptor[2]) or int(descriptor[2])), "wb")
    try:
        kind = stat.S_IFMT(path.stat().st_mode)
    except OSError:
        return None
    if kind not in (stat.S_IFIFO, stat.S_IFCHR):
        return None
    opened = os.open(path, os.O_WRONLY | system.NOT_WAITING)  # does not wait for a reader
    system.set_blocking(opened, True)
    return os.fdopen(opened, "wb")


def write_file(path: Path, data: bytes, mode: int | None = None, *, durable: bool = True) -> None:
    """Write `data` to the file at `path`, see `replacing`. Raises: OSError."""
    with replacing(path, mode, durable=durable) as file:
        file.write(data)


def temporary_name() -> str:
    """A short random name for an unfinished file; searches for photos skip such files."""
    return f".faceindex-{secrets.token_hex(8)}.tmp"


def is_temporary(name: str) -> bool:
    """Whether `temporary_name` made this name; a killed process may leave such a file."""
    return _TEMPORARY.fullmatch(name) is not None


def sync_folder(path: Path) -> None:
    """Make the folder's entries durable if the file system can. Raises: OSError."""
    with system.Folder(path) as folder:
        folder.sync()


def keeps_modes(folder: Path) -> bool:
    """Whether the file system of `folder` stores permissions; `folder` must be writable. Raises: OSError."""
    path = folder / temporary_name()
    descriptor = os.open(path, system.NEW, FILE_MODE)
    try:
        with contextlib.suppress(OSError):
            system.set_mode(path, descriptor, FILE_MODE)
        return not os.fstat(descriptor).st_mode & _OTHERS
    finally:
        os.close(descriptor)
        path.unlink()


def _kept_mode(name: str, folder: system.Folder) -> int:
    """Permissions for a file that replaces the user's own; a file of another user does not count."""
    try:
        status = folder.stat(name)
    except OSError:
        return FILE_MODE
    own = stat.S_ISREG(status.st_mode) and system.is_own(status)
    return stat.S_IMODE(status.st_mode) & 0o666 | FILE_MODE if own else FILE_MODE


def _set_mode(path: Path, descriptor: int, mode: int) -> None:
    """Set the mode; some file systems refuse, and some report success but ignore it."""
    status = os.fstat(descriptor)
    if stat.S_IMODE(status.st_mode) != mode:
        with contextlib.suppress(OSError):
            system.set_mode(path, descriptor, mode)
        status = os.fstat(descriptor)
    _say_unless_private(path, status, mode)


def _say_unless_private(path: Path, status: os.stat_result, mode: int) -> None:
    if system.HAS_MODES and status.st_mode & _OTHERS & ~mode and status.st_dev not in _said:
        _said.add(status.st_dev)
        where = path.absolute().parent
        text = f"the file system of {where} stores no permissions: other users may read the files"
        warnings.warn(NotPrivate(text), stacklevel=2)
