"""Read a photo's bytes, all from one opening of the file, and know the photo by them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from faceindex.errors import UnreadablePhoto
from faceindex.photos.identity import Identity, claims_to_be_photo, content_hash, is_photo
from faceindex.regular_files import open_regular

MAX_FILE_BYTES = 2**30
"""A photo file larger than this is refused before it is read into memory."""


def read_bytes(path: str) -> tuple[bytes, int]:
    """The file's bytes and its mtime_ns. Raises: UnreadablePhoto, see `identify`."""
    with _opened(path) as (file, status):
        return _read_all(path, file, status), status.st_mtime_ns


def identify(path: str, *, named: bool = False) -> Identity | None:
    """Which photo the file is; None when it is no photo and neither its name nor the user says so.

    named: the user gave this very path. Raises: UnreadablePhoto when the file should be a photo and is
    not, cannot be opened or read, is no regular file, is larger than MAX_FILE_BYTES, or changes while
    it is read.
    """
    with _opened(path) as (file, status):
        head = file.read(32)
        if not is_photo(head):
            if not named and not claims_to_be_photo(path):
                return None
            raise UnreadablePhoto(path, "not a photo of a known format" if head else "the file is empty")
        file.seek(0)
        data = _read_all(path, file, status)
    return Identity(content_hash(data), len(data), status.st_mtime_ns)


@contextmanager
def _opened(path: str) -> Iterator[tuple[BinaryIO, os.stat_result]]:
    try:
        with open_regular(path) as file:
            status = os.fstat(file.fileno())
            if status.st_size > MAX_FILE_BYTES:
                raise UnreadablePhoto(path, f"larger than {MAX_FILE_BYTES >> 20} MiB")
            yield file, status
    except OSError as error:
        raise UnreadablePhoto(path, error.strerror or str(error)) from error


def _read_all(path: str, file: BinaryIO, before: os.stat_result) -> bytes:
    data = file.read(before.st_size + 1)  # one more, to see that it grew; as much room is made at once
    after = os.fstat(file.fileno())
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns) or len(data) != after.st_size:
        raise UnreadablePhoto(path, "changed while it was read")
    return data
