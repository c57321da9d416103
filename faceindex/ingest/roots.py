"""What an ingest remembers of the paths that it was given: the folders that photos come from."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from faceindex.photos.find import absolute


def to_remember(roots: Sequence[str], folders: Sequence[str], known: Sequence[str]) -> list[str]:
    """Of `folders` those that were given, and of photos that were given singly those that are in no other root."""
    given = set(map(absolute, roots)) & set(folders)
    above = [Path(root) for root in (*known, *given)]
    return [folder for folder in folders if folder in given or not any(map(Path(folder).is_relative_to, above))]


def folder_of(root: str) -> str:
    """The folder that the user meant by `root`: itself, or the one that the photo is in."""
    path = Path(absolute(root))
    return str(path if path.is_dir() else path.parent)
