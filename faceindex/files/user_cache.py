"""Files in the user's cache folder: results that are checked when they are read and made again when in doubt."""

from __future__ import annotations

import contextlib
import hashlib
import mmap
import os
import stat
import time
import zlib
from io import FileIO
from pathlib import Path
from typing import cast

from faceindex.files.reading import open_regular
from faceindex.files.user_folders import user_cache
from faceindex.files.writing import FOLDER_MODE, is_temporary, make_folder, write_file
from faceindex.system.files import HAS_MODES, is_own

_DIGEST_BYTES, _SUM_BYTES = 32, 4

_DAY = 24 * 3600  # seconds; used files are marked no more often


def read(path: Path) -> bytes | None:
    """The data that `write` stored at `path`; None if the file is missing, damaged or unreadable."""
    try:
        with open_regular(path) as buffered:
            file = cast("FileIO", buffered.raw)  # the buffer copies all once more: SFace's 38 MB in 38 ms, not in 15
            digest, data = file.read(_DIGEST_BYTES), file.readall()
    except OSError:
        return None
    return data if _digest(data) == digest else None


def write(path: Path, data: bytes) -> None:
    """Write a digest and `data`, completely or not at all. Does nothing if the file cannot be written."""
    with contextlib.suppress(OSError):
        make_folder(path.parent)
        write_file(path, _digest(data) + data, durable=False)


def write_mappable(path: Path, data: bytes) -> None:
    """As `write`, but `data` come first in the file, so that it can be mapped, and their CRC-32 after them."""
    with contextlib.suppress(OSError):
        make_folder(path.parent)
        write_file(path, data + zlib.crc32(data).to_bytes(_SUM_BYTES, "big"), durable=False)


def is_whole(path: Path) -> bool:
    """Whether `path` is as `write_mappable` wrote it: SFace's 38 MB are looked through in a fifth of blake2b's time."""
    with (
        contextlib.suppress(OSError, ValueError),  # an empty file cannot be mapped
        open_regular(path) as file,
        mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped,
        memoryview(mapped) as data,
    ):
        return zlib.crc32(data[:-_SUM_BYTES]).to_bytes(_SUM_BYTES, "big") == bytes(data[-_SUM_BYTES:])
    return False


def note_use(path: Path) -> None:
    """Keep the file from `prune` for some time more."""
    with contextlib.suppress(OSError):
        if time.time() - path.stat().st_mtime > _DAY:
            os.utime(path)


def prune(folder: Path, prefix: str, most: int) -> None:
    """Remove the files whose names begin with `prefix`, but for the `most` that were written or used last, and
    unfinished files that are a day old.

    Other processes may do the same, and may read what is removed: one that finds no file makes it again.
    """
    aged: list[tuple[float, Path]] = []
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith(prefix) or is_temporary(entry.name):
                with contextlib.suppress(FileNotFoundError):
                    aged.append((entry.stat(follow_symlinks=False).st_mtime, Path(entry.path)))
    unfinished = [path for age, path in aged if is_temporary(path.name) and age < time.time() - _DAY]
    finished = sorted((pair for pair in aged if not is_temporary(pair[1].name)), reverse=True)
    for path in [*unfinished, *(path for _, path in finished[most:])]:
        with contextlib.suppress(OSError):  # Windows removes no file that another process reads
            path.unlink()


def private_folder(name: str) -> Path | None:
    """The folder `name` in the cache, created if missing; None if it cannot be writable for this user alone.

    For files that only this program may have written, such as code: a folder of another user is not used.
    """
    folder = user_cache() / name
    if not folder.is_absolute():  # the path of an unknown home folder
        return None
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileExistsError):
            folder.mkdir(mode=FOLDER_MODE)
        status = folder.lstat()
    except OSError:
        return None
    return folder if stat.S_ISDIR(status.st_mode) and _is_own(status) else None


def _is_own(status: os.stat_result) -> bool:
    """Whether only this user may write there; on Windows every user's folders are private."""
    return not HAS_MODES or (is_own(status) and not status.st_mode & 0o022)


def _digest(data: bytes) -> bytes:
    """blake2b, in half the time of sha256: every process checks about 40 MB when it starts."""
    return hashlib.blake2b(data, digest_size=_DIGEST_BYTES).digest()
