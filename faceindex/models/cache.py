"""What is worked out from models once and then kept in the user's cache folder, and made anew when in doubt."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from faceindex.files.user_cache import read, write
from faceindex.files.user_folders import user_cache


def cache_folder() -> Path:
    """Where the files lie."""
    return user_cache() / "graphs"


def cached(name: str, make: Callable[[], bytes]) -> bytes:
    """What `make` returns, or returned once before for this `name`, which has to say all that it depends on.

    It is made again when the file is damaged, and every time where none can be written.
    """
    path = cache_folder() / name
    made = read(path)
    if made is None:
        made = make()
        write(path, made)
    return made
