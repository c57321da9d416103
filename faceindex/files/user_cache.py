"""Files of the user's cache folder: worked out once, checked when read, and made anew when in doubt."""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
from pathlib import Path

from faceindex.files.private import FOLDER_MODE, make_folder, write_file
from faceindex.files.regular import open_regular
from faceindex.files.user_folders import user_cache

_DIGEST_BYTES = 32


def read(path: Path) -> bytes | None:
    """What `write` was given for `path`; None when the file is absent, damaged or cannot be read."""
    try:
        with open_regular(path) as file:
            digest, data = file.read(_DIGEST_BYTES), file.read()
    except OSError:
        return None
    return data if _digest(data) == digest else None


def write(path: Path, data: bytes) -> None:
    """Write a digest and `data`; the file is there whole or not at all. Does nothing where it cannot be written."""
    with contextlib.suppress(OSError):
        make_folder(path.parent)
        write_file(path, _digest(data) + data, durable=False)


def private_folder(name: str) -> Path | None:
    """The folder `name` of the cache, made when absent; None where nobody but this user may write and it cannot be so.

    For what must come from this program, such as code: a folder that belongs to another user is not used.
    """
    folder = user_cache() / name
    if not folder.is_absolute():  # a folder named after a home that nobody knows
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
    """On Windows a user's folders are private by their place."""
    return not hasattr(os, "geteuid") or (status.st_uid == os.geteuid() and not status.st_mode & 0o022)


def _digest(data: bytes) -> bytes:
    """blake2b, which takes half of the time of sha256: every process checks some 40 MB before it starts."""
    return hashlib.blake2b(data, digest_size=_DIGEST_BYTES).digest()
