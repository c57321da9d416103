"""Writes objects at addresses: each appears whole at the end, or not at all."""

from __future__ import annotations

import contextlib
import errno
import io
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from faceindex.photos.finding.addresses import top_of
from faceindex.photos.finding.remote_errors import NoFileSystem, disk_errors
from faceindex.photos.finding.remote_systems import remote_system

PART_BYTES = 16 << 20
"""Bytes of one part of an upload; S3 takes 10,000 parts, thus 160 GB."""


@contextmanager
def writing(url: str) -> Iterator[io.RawIOBase]:
    """A new object to write, in the place of what is at `url`. After an error nothing has changed.

    S3 completes an upload of several parts at the end; elsewhere a temporary object is renamed. Raises: OSError;
    NoFileSystem where nothing can be written.
    """
    system = remote_system(top_of(url))
    if system.top.startswith(("http://", "https://")):
        raise NoFileSystem(errno.EROFS, "pages of a web server can only be read")
    with disk_errors(system.top):
        target = system.name(url)
        name = target if system.streams else f"{target.rpartition('/')[0]}/.faceindex-{secrets.token_hex(8)}.tmp"
        if not system.streams:
            system.files.makedirs(target.rpartition("/")[0] or "/", exist_ok=True)
        options = {"block_size": PART_BYTES, "autocommit": False} if system.streams else {}
        file = system.files.open(name, "wb", **options)
    written = _Written(file, system.top)
    try:
        yield written
        written.ended = True
        with disk_errors(system.top):
            file.close()
            if system.streams:
                file.commit()
            else:
                system.files.mv(name, target)
    except BaseException:
        written.ended = True
        with contextlib.suppress(Exception):
            if system.streams:
                file.closed = True  # else it would be flushed once more when it is collected
                file.discard()
            else:
                file.close()
                system.files.rm_file(name)
        raise


def remove(url: str) -> None:
    """Remove the object at `url`. Raises: OSError."""
    system = remote_system(top_of(url))
    with disk_errors(system.top):
        system.files.rm_file(system.name(url))


class _Written(io.RawIOBase):
    """A file of fsspec whose errors are those of a disk; to close it does not complete the object.

    ended: what is still written is dropped, as a buffer writes the rest of an output that failed.
    """

    def __init__(self, file: Any, top: str) -> None:
        self.ended = False
        self._file, self._top = file, top

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        if not self.ended:
            with disk_errors(self._top):
                self._file.write(bytes(data))
        return len(data)
