"""The platform's folders for this user's files. Users of services and containers may have none."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import platformdirs

CACHE_ENVIRONMENT = "FACEINDEX_CACHE"
"""Environment variable with a folder to use instead of the user's cache folder."""

NOWHERE = Path(os.devnull)
"""A path that cannot be created: writing to it gives an OSError."""


def user_cache() -> Path:
    """The folder for files that can be made again: FACEINDEX_CACHE, the platform's folder, or NOWHERE."""
    chosen = os.environ.get(CACHE_ENVIRONMENT)
    return Path(chosen) if chosen else _or_nowhere(platformdirs.user_cache_dir)


def user_data() -> Path:
    """The folder for the user's own files: the platform's folder, or NOWHERE."""
    return _or_nowhere(platformdirs.user_data_dir)


def _or_nowhere(folder_of: Callable[[str], str]) -> Path:
    """NOWHERE without a home folder, where platformdirs fails or (older versions) returns a folder called `~`."""
    try:
        path = Path(folder_of("faceindex"))
    except RuntimeError:
        return NOWHERE
    return path if path.is_absolute() else NOWHERE
