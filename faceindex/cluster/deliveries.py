"""Files that are sent to a node, which a worker there opens as any other."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path

from faceindex.cluster.held_folder import HeldFolder
from faceindex.photos.finding.entries import FoundFile


class Deliveries:
    """folder: private, and gone with `parent`, or before, when another process begins after this one has ended."""

    def __init__(self, parent: str) -> None:
        self._held = HeldFolder("faceindex-node-", parent)
        self.folder = self._held.path
        self._number = 0

    def put(self, file: FoundFile, data: bytes) -> FoundFile:
        """Write a photo that came as bytes; the file that a worker here can open. Raises: OSError."""
        self._number += 1
        place = self.folder / str(self._number) / Path(file.path).name
        place.parent.mkdir()
        place.write_bytes(data)
        os.utime(place, ns=(max(0, file.mtime_ns),) * 2)
        return replace(file, path=str(place), mtime_ns=place.stat().st_mtime_ns)

    def remove(self, file: FoundFile) -> None:
        """Remove what `put` has written."""
        shutil.rmtree(Path(file.path).parent, ignore_errors=True)
