"""A file for HDF5 to write to, which reports errors later: HDF5 crashes the process when it closes a file on a full
disk."""

from __future__ import annotations

import io
import os
from typing import Any

from faceindex.system.files import read_into, write_at


class DeferredErrorFile(io.RawIOBase):
    """A file that is open. The first error of a write is kept in `error`, and all later writes are left out."""

    def __init__(self, descriptor: int) -> None:
        """descriptor: of an empty file, for reading and writing; it stays open."""
        self.error: OSError | None = None
        self._file = descriptor
        self._position = 0

    def readable(self) -> bool:
        """Yes: HDF5 reads back what it wrote."""
        return True

    def writable(self) -> bool:
        """Yes."""
        return True

    def seekable(self) -> bool:
        """Yes."""
        return True

    def tell(self) -> int:
        """The position in bytes."""
        return self._position

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        """Move to `offset` bytes from the start, the position or the end."""
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._position}.get(whence)
        self._position = offset + (os.fstat(self._file).st_size if start is None else start)
        return self._position

    def readinto(self, buffer: Any, /) -> int:
        """Fill `buffer` from the position on; returns the number of bytes."""
        count = read_into(self._file, memoryview(buffer), self._position)
        self._position += count
        return count

    def write(self, data: Any, /) -> int:
        """Write all of `data`, or keep the error and say it was written."""
        view = memoryview(data).cast("B")
        done = 0
        while done < len(view) and self.error is None:
            try:
                done += write_at(self._file, view[done:], self._position + done)
            except OSError as error:
                self.error = error
        self._position += len(view)
        return len(view)

    def truncate(self, size: int | None = None, /) -> int:
        """Set the file's size, or keep the error."""
        length = self._position if size is None else size
        try:
            if self.error is None:
                os.ftruncate(self._file, length)
        except OSError as error:
            self.error = error
        return length

    def check(self) -> None:
        """Raises: OSError, the one that was kept."""
        if self.error is not None:
            raise self.error
