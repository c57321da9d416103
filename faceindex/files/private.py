"""Every file that faceindex writes: whole or not there at all, for its owner only, and never through a link.

A file is written under a name that nobody can guess, made exclusively and without following links, in the folder that
it is for; then it is made durable and renamed. So a link in its place is replaced, and what it leads to stays as it is;
programs that have the former file open keep reading that; and an error leaves the former file and nothing else.

What the file system cannot do is done without where that is safe: a folder that cannot be synced (some FUSE and SMB
file systems answer EINVAL), and modes, see NotPrivate.
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

FILE_MODE = 0o600
FOLDER_MODE = 0o700

_OTHERS = 0o077
_NEW = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_CANNOT_SYNC = frozenset((errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.ENOTTY, errno.EBADF))
"""What file systems answer that do not sync folders; an EIO is a failure (borg and restic decide alike)."""

_CIRCUMSTANCES = frozenset((errno.EPIPE, errno.ENOSPC, errno.EDQUOT, errno.EIO))
_TEMPORARY = re.compile(r"\.faceindex-[0-9a-f]{16}\.tmp")
_DESCRIPTOR = re.compile(r"/(dev|dev/fd|proc/self/fd)/(stdout|stderr|\d+)")
_said: set[int] = set()


class NotPrivate(Note):
    """A file system keeps no permissions, so that others may read what was written to it; said once for each."""


def make_folder(path: Path) -> None:
    """Create `path` and its parents, durably; the new folder is for the owner only. Raises: OSError."""
    new = [folder for folder in (path, *path.parents) if not folder.exists()]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.mkdir(mode=FOLDER_MODE, exist_ok=True)
    for folder in new:
        sync_folder(folder.parent)
    if new:
        _say_unless_private(path, path.stat(), FOLDER_MODE)


def own_folder(path: Path) -> None:
    """Create the folder `path`, or take the one there is; for the owner only. Raises: OSError, also for a link."""
    with contextlib.suppress(FileExistsError):
        path.mkdir(mode=FOLDER_MODE)
    descriptor = os.open(path, _FOLDER | os.O_NOFOLLOW)
    try:
        _set_mode(path, descriptor, FOLDER_MODE)
    finally:
        os.close(descriptor)


def new_file(path: Path) -> int:
    """The descriptor of a new file at `path`, for reading and writing, in a folder that only the owner may change.

    What a killed process left at `path`, or a link there, is removed first. Raises: OSError.
    """
    path.unlink(missing_ok=True)
    descriptor = os.open(path, _NEW, FILE_MODE)
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
            os.fsync(descriptor)
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
    """A file to write, which takes the place of what is at `path` when the block ends; after an error nothing has
    changed.

    mode: its permissions; default those of the user's own regular file that is there already, else FILE_MODE. durable:
    bytes and name are on the disk at the end. at_once: for what grows slowly, it takes the place at the beginning, and
    an error leaves what was written so far, unless that is nothing. Raises: OSError.
    """
    folder = os.open(path.parent, _FOLDER)
    try:
        name = temporary_name()
        descriptor = os.open(name, _NEW, FILE_MODE, dir_fd=folder)
        written = False
        try:
            with os.fdopen(descriptor, "wb") as file:
                _set_mode(path, descriptor, _kept_mode(path.name, folder) if mode is None else mode)
                if at_once:
                    os.replace(name, path.name, src_dir_fd=folder, dst_dir_fd=folder)
                    name = path.name
                try:
                    yield file
                    file.flush()
                    if durable:
                        os.fsync(descriptor)
                finally:
                    written = at_once and os.fstat(descriptor).st_size > 0
            if not at_once:
                os.replace(name, path.name, src_dir_fd=folder, dst_dir_fd=folder)
        except BaseException:
            if not written:
                with contextlib.suppress(OSError):
                    os.unlink(name, dir_fd=folder)
            raise
        if durable:
            _sync(folder)
    finally:
        os.close(folder)


@contextlib.contextmanager
def text_output(path: Path, *, errors: str, newline: str | None = None, at_once: bool = False) -> Iterator[TextIO]:
    """What the user named to be written to, as UTF-8: a file, see `replacing`, or one of the streams of `_stream`.

    errors, newline: as `open` has them. Raises: UsageError when it cannot be written; OSError when the disk is full or
    gone.
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
        reason = "nobody reads this pipe" if error.errno == errno.ENXIO else error.strerror or error
        raise UsageError(f"cannot write {path}: {reason}") from error


@contextlib.contextmanager
def binary_output(path: Path) -> Iterator[BinaryIO]:
    """A new file that the user named, see `replacing`; its descriptor can be read, too.

    Raises: UsageError when it cannot be written, or something else than a file is there; OSError when the disk is full
    or gone.
    """
    try:
        if path.exists() and not path.is_file():
            raise UsageError(f"cannot write {path}: this takes a file")
        with replacing(path) as file:
            yield file
    except OSError as error:
        if error.errno in _CIRCUMSTANCES:
            raise
        raise UsageError(f"cannot write {path}: {error.strerror or error}") from error


def _stream(path: Path) -> BinaryIO | None:
    """/dev/stdout and the like (which shells also write for >(command)), a terminal, /dev/null, a FIFO that is being
    read: those are written to and not replaced. None for anything else."""
    descriptor = _DESCRIPTOR.fullmatch(str(path))
    if descriptor:
        return os.fdopen(os.dup({"stdout": 1, "stderr": 2}.get(descriptor[2]) or int(descriptor[2])), "wb")
    try:
        kind = stat.S_IFMT(path.stat().st_mode)
    except OSError:
        return None
    if kind not in (stat.S_IFIFO, stat.S_IFCHR):
        return None
    opened = os.open(path, os.O_WRONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY)  # waits for no reader
    os.set_blocking(opened, True)
    return os.fdopen(opened, "wb")


def write_file(path: Path, data: bytes, mode: int | None = None, *, durable: bool = True) -> None:
    """Write `data` in place of what is at `path`, see `replacing`. Raises: OSError."""
    with replacing(path, mode, durable=durable) as file:
        file.write(data)


def temporary_name() -> str:
    """A name for a file that is not whole yet: nobody can guess it, it is short, and searches for photos skip it."""
    return f".faceindex-{secrets.token_hex(8)}.tmp"


def is_temporary(name: str) -> bool:
    """Whether it is one that `temporary_name` gave: a killed process may leave such a file."""
    return _TEMPORARY.fullmatch(name) is not None


def sync_folder(path: Path) -> None:
    """Make the folder's entries durable, where the file system can. Raises: OSError."""
    descriptor = os.open(path, _FOLDER)
    try:
        _sync(descriptor)
    finally:
        os.close(descriptor)


def keeps_modes(folder: Path) -> bool:
    """Whether the file system of `folder`, which is to be writable, makes files private. Raises: OSError."""
    path = folder / temporary_name()
    descriptor = os.open(path, _NEW, FILE_MODE)
    try:
        with contextlib.suppress(OSError):
            os.fchmod(descriptor, FILE_MODE)
        return not os.fstat(descriptor).st_mode & _OTHERS
    finally:
        os.close(descriptor)
        path.unlink()


def _sync(folder: int) -> None:
    try:
        os.fsync(folder)
    except OSError as error:
        if error.errno not in _CANNOT_SYNC:
            raise


def _kept_mode(name: str, folder: int) -> int:
    """A file that the user opened to others stays so; not one that somebody else has put there."""
    try:
        status = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except OSError:
        return FILE_MODE
    own = stat.S_ISREG(status.st_mode) and status.st_uid == os.geteuid()
    return stat.S_IMODE(status.st_mode) & 0o666 | FILE_MODE if own else FILE_MODE


def _set_mode(path: Path, descriptor: int, mode: int) -> None:
    """Some file systems refuse to change modes, some say that they did and do not."""
    status = os.fstat(descriptor)
    if stat.S_IMODE(status.st_mode) != mode:
        with contextlib.suppress(OSError):
            os.fchmod(descriptor, mode)
        status = os.fstat(descriptor)
    _say_unless_private(path, status, mode)


def _say_unless_private(path: Path, status: os.stat_result, mode: int) -> None:
    if status.st_mode & _OTHERS & ~mode and status.st_dev not in _said:
        _said.add(status.st_dev)
        where = path.absolute().parent
        text = f"the file system of {where} keeps no permissions: other users may read what is written there"
        warnings.warn(NotPrivate(text), stacklevel=2)
