"""Reads the dates of photos that were stored before the library had a place for dates; only headers are read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import groupby

from faceindex.ingest.photo_reader import PhotoReader
from faceindex.photos.date_taken import Taken
from faceindex.photos.date_with_sidecars import taken_at
from faceindex.photos.finding.entries import FoundFile
from faceindex.photos.finding.sources import source_of
from faceindex.photos.packets import Sidecars
from faceindex.running.stop import Stop
from faceindex.store.photos import writing
from faceindex.store.writer import Writer

BATCH_PHOTOS = 256


def read_dates(writer: Writer, reader: PhotoReader, stop: Stop) -> int:
    """Read the date of every photo whose date was never read. Returns how many photos were read.

    A photo without an unchanged file is left for later. Raises: SilentDisk; MachineError.
    """
    dates: dict[int, Taken | None] = {}
    looked = 0
    try:
        for photo, date in _found(list(writer.catalog.unread_dates()), reader):
            dates[photo] = date
            if len(dates) == BATCH_PHOTOS:
                looked += _store(writer, dates)
            if stop.is_set():
                break
    finally:
        looked += _store(writer, dates)
    return looked


def _found(files: Iterable[tuple[int, FoundFile]], reader: PhotoReader) -> Iterator[tuple[int, Taken | None]]:
    """For each photo the date in its first unchanged file."""
    for photo, same in groupby(files, key=lambda each: each[0]):
        for _, file in same:
            with suppress(TimeoutError):
                unchanged, date = reader.ask(_date_of, file.path, file)
                if unchanged:
                    yield photo, date
                    break


_sidecars = Sidecars()


def _date_of(path: str, stored: FoundFile) -> tuple[bool, Taken | None]:
    """Whether the file is unchanged, and if so its date."""
    with suppress(OSError):
        status = source_of(path).status(path)
        if (status.size, status.mtime_ns) == (stored.size, stored.mtime_ns):
            return True, taken_at(path, _sidecars)
    return False, None


def _store(writer: Writer, dates: dict[int, Taken | None]) -> int:
    if dates:
        with writer.catalog.transaction() as transaction:
            known = {photo: (date.date, date.source) if date else None for photo, date in dates.items()}
            writing.store_dates(transaction, known)
    count = len(dates)
    dates.clear()
    return count
