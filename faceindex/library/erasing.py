"""What `forget` does, for every topic."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from faceindex.library.opened import Opened
from faceindex.store.care.erasing import erase, erase_all
from faceindex.types import Erased

_ELSEWHERE = (
    "what was written outside of the library stays there: folders of `faceindex albums export` until the next export "
    "into them, sidecars, pages and backups until you remove them"
)


def erased(opened: Opened, *, dry_run: bool, **what: Iterable[Any]) -> Erased:
    """Erase from the disk what is given, see `faceindex.store.care.erasing.erase`. dry_run: only say what would be
    erased."""
    with opened.folder.writer() as writer:
        opened.release_index()
        receipt = erase(writer, opened.folder.index, dry_run=dry_run, **what)
    if not dry_run:
        opened.faces_changed(index=False)
    return replace(receipt, notes=(_ELSEWHERE,))


def everything_erased(opened: Opened, *, dry_run: bool) -> Erased:
    """As `erased`, of everything that the library holds."""
    with opened.folder.writer() as writer:
        opened.release_index()
        receipt = erase_all(writer, opened.folder.index, dry_run=dry_run)
    opened.release_index()
    return replace(receipt, notes=(_ELSEWHERE,))
