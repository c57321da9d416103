"""Pictures in the folder `crops/` of a library: private, bounded, and removed as a whole by every erasure."""

from __future__ import annotations

import hashlib
import os
import threading
from contextlib import suppress
from pathlib import Path

from faceindex.crops.requests import PictureRequest
from faceindex.files.writing import own_folder, write_file

MOST_BYTES = 512 << 20
"""Size of all cached pictures of a library; the ones that were not used for the longest time are removed first."""

_KEPT = 0.8  # of that, after a removal


class PictureCache:
    """The cached pictures of one library. Every method may be called from any thread."""

    def __init__(self, folder: Path, most_bytes: int = MOST_BYTES) -> None:
        self._folder, self._most = folder, most_bytes
        self._guard = threading.Lock()
        self._bytes: int | None = None

    def path(self, request: PictureRequest) -> Path:
        """The file of a picture. Its name says nothing about the photo."""
        box = "" if request.box is None else request.box.as_list()
        digest = hashlib.blake2b(f"{box} {request.side} {request.turn}".encode(), key=request.content, digest_size=16)
        return self._folder / f"{digest.hexdigest()}.jpg"

    def get(self, request: PictureRequest) -> bytes | None:
        """The picture, if it is there."""
        path = self.path(request)
        try:
            data = path.read_bytes()
            os.utime(path)
        except OSError:
            return None
        return data

    def put(self, request: PictureRequest, data: bytes) -> None:
        """Keep a picture. A library that cannot be written keeps none."""
        with suppress(OSError):
            own_folder(self._folder)
            write_file(self.path(request), data, 0o600, durable=False)
            self._account(len(data))

    def remove(self, request: PictureRequest) -> None:
        """Remove a picture."""
        self.path(request).unlink(missing_ok=True)

    def _account(self, size: int) -> None:
        with self._guard:
            if self._bytes is None:
                self._bytes = sum(size for _, size, _ in self._entries())
            else:
                self._bytes += size
            if self._bytes > self._most:
                self._bytes = self._shrink()

    def _shrink(self) -> int:
        """Remove the oldest pictures. Returns the bytes that are left."""
        entries = sorted(self._entries())
        left = sum(size for _, size, _ in entries)
        for _, size, path in entries:
            if left <= _KEPT * self._most:
                break
            with suppress(OSError):
                os.unlink(path)  # noqa: PTH108  (a string, of a hundred thousand entries)
            left -= size
        return left

    def _entries(self) -> list[tuple[float, int, str]]:
        found = []
        with suppress(OSError), os.scandir(self._folder) as entries:
            for entry in entries:
                with suppress(OSError):
                    status = entry.stat(follow_symlinks=False)
                    found.append((status.st_mtime, status.st_size, entry.path))
        return found
