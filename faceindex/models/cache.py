"""Data computed from models once and stored in the user's cache folder; made again when in doubt."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from faceindex.files.user_cache import is_whole, read, write, write_mappable
from faceindex.files.user_folders import user_cache


def cache_folder() -> Path:
    """The folder of these files."""
    return user_cache() / "graphs"


def cached(name: str, make: Callable[[], bytes]) -> bytes:
    """The result of `make`, or the stored result of an earlier call; `name` must contain everything that it depends on.

    It is made again if the stored file is damaged or cannot be written.
    """
    path = cache_folder() / name
    made = read(path)
    if made is None:
        made = make()
        write(path, made)
    return made


def stored(name: str, make: Callable[[], bytes]) -> Path | bytes:
    """As `cached`, for what is mapped into memory instead of read: a file that begins with the result of `make`.

    The bytes themselves if they cannot be stored.
    """
    path = cache_folder() / name
    if is_whole(path):
        return path
    made = make()
    write_mappable(path, made)
    return path if is_whole(path) else made
