"""The folders that photos come from, as an ingest remembers them."""

from __future__ import annotations

import os
from collections.abc import Sequence

from faceindex.photos.finding.addresses import absolute, is_in
from faceindex.photos.finding.sources import source_of


def to_remember(roots: Sequence[str], folders: Sequence[str], known: Sequence[str]) -> list[str]:
    """The given `folders`, and of single photos those folders that are in no other root."""
    given = set(map(absolute, roots)) & set(folders)
    above = [*known, *given]
    return [folder for folder in folders if folder in given or not any(is_in(folder, root) for root in above)]


def folder_of(root: str) -> str:
    """The folder that `root` means: itself, or the folder of a single photo."""
    path = absolute(root)
    return path if source_of(path).is_folder(path) else os.path.dirname(path)  # noqa: PTH120  (also for addresses)
