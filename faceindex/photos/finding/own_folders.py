"""Folders that faceindex itself made: libraries and exported albums. Their photos are elsewhere."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from faceindex.files.reading import open_regular

ALBUMS_MANIFEST, ALBUMS_FORMAT = "albums.json", "faceindex albums 1"
"""The mark of a folder with exported albums: this file, and the format at its beginning."""

_LIBRARY = frozenset(("catalog.sqlite", "vectors"))

MARKS = (*_LIBRARY, ALBUMS_MANIFEST)
"""Names in a folder that may mark it as one of these."""

_HEAD_BYTES = 100


def is_own_folder(folder: str, names: Collection[str]) -> bool:
    """Whether `folder`, on a disk, is a library or has exported albums. names: its content."""
    return names_a_library(names) or (ALBUMS_MANIFEST in names and _begins_as_albums(Path(folder, ALBUMS_MANIFEST)))


def names_a_library(names: Collection[str]) -> bool:
    """Whether a folder with these names is a library."""
    return all(name in names for name in _LIBRARY)


def _begins_as_albums(manifest: Path) -> bool:
    try:
        with open_regular(manifest) as file:
            return ALBUMS_FORMAT.encode() in file.read(_HEAD_BYTES)
    except OSError:
        return False
