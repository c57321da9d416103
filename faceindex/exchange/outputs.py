"""Outputs that a user named: files on a disk, streams, or objects at addresses."""

from __future__ import annotations

import io
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, TextIO, cast

from faceindex.errors import OutOfReach, UsageError
from faceindex.files import writing as files
from faceindex.photos.finding.addresses import address_of, is_url

_COPIED_BYTES = 1 << 20


def remove_output(path: str) -> None:
    """Remove a file, or an object at an address. Raises: OSError."""
    if is_url(path):
        from faceindex.photos.finding.remote_writing import remove  # few users write to addresses

        remove(path)
    else:
        os.unlink(path)  # noqa: PTH108  (may also be an address)


@contextmanager
def text_output(path: Path, *, errors: str, newline: str | None = None, at_once: bool = False) -> Iterator[TextIO]:
    """See `files.writing.text_output`. At an address, the object appears when the block ends, and an error leaves what
    was there. Raises also: OutOfReach."""
    url = address_of(path)
    if url is None:
        with files.text_output(path, errors=errors, newline=newline, at_once=at_once) as text:
            yield text
        return
    with _object(url) as file:
        buffer = io.BufferedWriter(file, _COPIED_BYTES)
        text = io.TextIOWrapper(buffer, "utf-8", errors, newline)
        yield text
        text.flush()
        buffer.flush()


@contextmanager
def binary_output(path: Path) -> Iterator[BinaryIO]:
    """See `files.writing.binary_output`. For an address, a temporary file without a name is filled first."""
    url = address_of(path)
    if url is None:
        with files.binary_output(path) as file:
            yield file
        return
    with tempfile.TemporaryFile() as spool, _object(url) as written:
        yield cast(BinaryIO, spool)
        spool.seek(0)
        shutil.copyfileobj(spool, written, _COPIED_BYTES)


@contextmanager
def _object(url: str) -> Iterator[io.RawIOBase]:
    from faceindex.photos.finding.remote_errors import NoFileSystem  # few users write to addresses
    from faceindex.photos.finding.remote_writing import writing

    try:
        with writing(url) as file:
            yield file
    except NoFileSystem as error:
        raise UsageError(f"cannot write {url}: {error.strerror}") from error
    except OSError as error:
        raise OutOfReach(f"cannot write {url}: {error.strerror or error}") from error
