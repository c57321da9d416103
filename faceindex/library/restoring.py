"""Backups at addresses, and libraries restored from backups."""

from __future__ import annotations

import time
from contextlib import closing
from pathlib import Path

from faceindex.photos.finding.addresses import absolute, address_of, refuse_address
from faceindex.running.meter import Meter
from faceindex.store.care.backup import backup
from faceindex.store.folder import LibraryFolder
from faceindex.types import Backup


def backup_at(folder: LibraryFolder, url: str, meter: Meter) -> Backup:
    """Make a backup at an address: see `Care.start_backup`."""
    from faceindex.store.care.backup_at_address import backup_to_address  # few users have backups at addresses

    began, counts = time.monotonic(), folder.catalog.counts()
    files = backup_to_address(folder, url, meter)
    size = sum(file.bytes for file in files)
    return Backup(url, counts["photos"], counts["faces"], len(files) - 1, size, time.monotonic() - began)


def restore_backup(source: str | Path, target: str | Path, meter: Meter | None = None) -> Backup:
    """Make the new library `target` from a backup: a folder, or an address. Every byte is checked.

    Raises: UsageError if there is no backup, or `target` exists; LibraryDamaged; LibraryUnwritable; OutOfReach if the
    server does not answer: then the same call continues.
    """
    refuse_address(target, "a library")
    began, path, url = time.monotonic(), Path(absolute(target)), address_of(source)
    if url is None:
        with closing(LibraryFolder(Path(absolute(source)), create=False)) as folder:
            backup(folder, path, meter)
    else:
        from faceindex.store.care.restoring import restore_from_address  # as above

        restore_from_address(url, path, meter)
    with closing(LibraryFolder(path, create=False)) as copy:
        counts, segments = copy.catalog.counts(), len(copy.catalog.segments())
        return Backup(
            str(path), counts["photos"], counts["faces"], segments, copy.bytes_on_disk(), time.monotonic() - began
        )
