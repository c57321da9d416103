"""Dates of photos that were stored before there was room for them: only the headers of the files are read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from itertools import groupby
from pathlib import Path

from faceindex.photos.find import FoundFile
from faceindex.photos.taken import taken_in
from faceindex.regular_files import open_regular
from faceindex.store import rows
from faceindex.store.writer import Writer

BATCH_PHOTOS = 256


def read_dates(writer: Writer, stopped: Callable[[], bool]) -> int:
    """Look once at every photo that was never looked at for its date; returns how many were looked at.

    A photo of which no file is there, or is as it was, is left for another time.
    """
    dates: dict[int, str | None] = {}
    looked = 0
    for photo, date in _found(list(writer.catalog.unread_dates())):
        dates[photo] = date
        if len(dates) == BATCH_PHOTOS:
            looked += _store(writer, dates)
        if stopped():
            break
    return looked + _store(writer, dates)


def _found(files: Iterable[tuple[int, FoundFile]]) -> Iterator[tuple[int, str | None]]:
    """The date in the first file of each photo that still is what was stored."""
    for photo, same in groupby(files, key=lambda each: each[0]):
        for _, file in same:
            with suppress(OSError):
                status = Path(file.path).stat()
                if (status.st_size, status.st_mtime_ns) == (file.size, file.mtime_ns):
                    with open_regular(file.path) as opened:
                        yield photo, taken_in(opened)
                    break


def _store(writer: Writer, dates: dict[int, str | None]) -> int:
    if dates:
        with writer.catalog.transaction() as transaction:
            rows.store_dates(transaction, dates)
    count = len(dates)
    dates.clear()
    return count
