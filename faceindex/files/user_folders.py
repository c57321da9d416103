"""The platform's folders for this user's files. Users of services and containers may have none."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import platformdirs

CACHE_ENVIRONMENT = "FACEINDEX_CACHE"
"""A folder named by this variable takes the place of the user's cache folder."""

NOWHERE = Path(os.devnull)
"""Stands for a folder that does not exist, and in which nothing can be made: that ends in an OSError."""


def user_cache() -> Path:
    """Where files lie that can be made anew: FACEINDEX_CACHE, the platform's folder, or NOWHERE."""
    chosen = os.environ.get(CACHE_ENVIRONMENT)
    return Path(chosen) if chosen else _or_nowhere(platformdirs.user_cache_dir)


def user_data() -> Path:
    """Where the user's own files lie: the platform's folder, or NOWHERE."""
    return _or_nowhere(platformdirs.user_data_dir)


def _or_nowhere(folder_of: Callable[[str], str]) -> Path:
    """Without a home folder platformdirs fails or, in older versions, names one called `~` in the current folder."""
    try:
        path = Path(folder_of("faceindex"))
    except RuntimeError:
        return NOWHERE
    return path if path.is_absolute() else NOWHERE
