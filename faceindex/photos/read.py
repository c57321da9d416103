"""Reads a photo's bytes while the file is opened once, and identifies the photo by them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from faceindex.errors import OutOfReach, UnreadablePhoto
from faceindex.photos.finding.addresses import UNREACHABLE, is_url
from faceindex.photos.finding.open_files import FileStatus, OpenFile
from faceindex.photos.finding.sources import source_of
from faceindex.photos.identity import Identity, claims_to_be_photo, content_hash, is_photo
from faceindex.photos.kinds import refusal

MAX_FILE_BYTES = 2**30
"""A larger photo file is refused before it is read into memory."""


def read_bytes(path: str) -> tuple[bytes, int]:
    """The file's bytes and its mtime_ns. Raises: UnreadablePhoto, see `identify`."""
    with _opened(path) as opened:
        _refuse_large(path, opened.status)
        return _read_all(path, opened), opened.status.mtime_ns


def identify(path: str, *, named: bool = False) -> Identity | None:
    """The identity of the photo in the file; None if it is not a photo, and neither its name nor the user says that it
    is.

    named: the user gave this very path. Raises: UnreadablePhoto if the file should be a photo and is not, cannot be
    opened or read, is not a regular file, is larger than MAX_FILE_BYTES, or changes while it is read.
    """
    if not named and not source_of(path).worth_opening(path):
        return None
    with _opened(path) as opened:
        head = opened.file.read(32)
        if not is_photo(head):
            if not named and not claims_to_be_photo(path):
                return None
            raise UnreadablePhoto(path, refusal(head))
        _refuse_large(path, opened.status)
        opened.file.seek(0)
        data = _read_all(path, opened)
    status = opened.status
    return Identity(content_hash(data), len(data), status.mtime_ns, status.ctime_ns)


@contextmanager
def _opened(path: str) -> Iterator[OpenFile]:
    try:
        with source_of(path).opened(path) as opened:
            yield opened
    except OSError as error:
        unreadable = UnreadablePhoto(path, error.strerror or str(error), out_of_reach=True)
        if is_url(path) and error.errno in UNREACHABLE:
            unreadable.exit_code = OutOfReach.exit_code
        raise unreadable from error


def _refuse_large(path: str, status: FileStatus) -> None:
    if status.size > MAX_FILE_BYTES:
        raise UnreadablePhoto(path, f"it is larger than {MAX_FILE_BYTES >> 20} MiB")


def _read_all(path: str, opened: OpenFile) -> bytes:
    before = opened.status
    data = opened.file.read(before.size + 1)  # one more, to notice growth; the memory is allocated at once
    after = opened.look()
    if (before.size, before.mtime_ns) != (after.size, after.mtime_ns) or len(data) != after.size:
        raise UnreadablePhoto(path, "changed while it was read", out_of_reach=True)
    return data
