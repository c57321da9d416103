"""Folders for the owner only, that are gone with the process that holds them.

A killed process cannot remove its folder. It held a lock, which ended with it; the next one on the machine finds
folders of this user without a lock, and removes them.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from pathlib import Path

from faceindex.files.writing import FILE_MODE
from faceindex.system.files import NO_LINK, is_own
from faceindex.system.locks import lock

_LOCK = "lock"


class HeldFolder:
    """path: exists until `remove`, or until this process has ended and another one begins."""

    def __init__(self, prefix: str, parent: str | None = None) -> None:
        """parent: default the folder for temporary files. Raises: OSError."""
        parent = parent or tempfile.gettempdir()
        _remove_left_behind(Path(parent), prefix)
        self.path = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
        self._lock = os.open(self.path / _LOCK, os.O_RDWR | os.O_CREAT, FILE_MODE)
        lock(self._lock, wait=True)

    def remove(self) -> None:
        """Remove it with all that is in it."""
        shutil.rmtree(self.path, ignore_errors=True)
        with contextlib.suppress(OSError):
            os.close(self._lock)
        self._lock = -1


def _remove_left_behind(parent: Path, prefix: str) -> None:
    for folder in parent.glob(prefix + "*"):
        with contextlib.suppress(OSError):
            if folder.is_symlink() or not is_own(folder.stat()):
                continue
            left = os.open(folder / _LOCK, os.O_RDWR | NO_LINK)
            try:
                lock(left)
                shutil.rmtree(folder, ignore_errors=True)
            finally:
                os.close(left)
