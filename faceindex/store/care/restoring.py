"""A library restored from a backup at an address: every byte checked, complete or not made at all."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from pathlib import Path
from typing import Any

from faceindex.errors import LibraryDamaged, LibraryUnwritable, OutOfReach, UsageError
from faceindex.files.writing import creating, make_folder, own_folder, sync_folder
from faceindex.photos.finding.addresses import top_of
from faceindex.photos.finding.remote_errors import NoFileSystem
from faceindex.photos.finding.remote_systems import RemoteSystem, remote_system
from faceindex.running.meter import Meter
from faceindex.store.care.backup_at_address import FORMAT, LIST, BackedUp
from faceindex.store.hdf5.segments import file_checksum
from faceindex.store.layout import CATALOG, OWN_NAMES, VECTORS

_PART_BYTES = 16 << 20
_LIST_BYTES = 64 << 20
_FILES = re.compile(rf"{re.escape(CATALOG)}|{VECTORS}/[0-9A-Za-z][\w.-]*\.h5", re.ASCII)


def restore_from_address(url: str, target: Path, meter: Meter | None = None) -> list[BackedUp]:
    """Copy the backup at `url` to the new folder `target`, which appears when it is complete. Returns its files.

    What was copied before an interruption is in the folder `target`.partial; the same call continues there.

    Raises: UsageError if there is no backup, or `target` exists; OutOfReach if the server does not answer;
    LibraryDamaged if a file is not what was backed up; LibraryUnwritable; JobCancelled.
    """
    meter, partial = meter or Meter(), target.with_name(target.name + ".partial")
    if os.path.lexists(target):
        raise UsageError(f"{target} exists already; give the library another name")
    if not target.parent.is_dir():
        raise UsageError(f"there is no folder {target.parent} for the library")
    system, files = _listed(url)
    if os.path.lexists(partial) and {entry.name for entry in partial.iterdir()} - OWN_NAMES:
        raise UsageError(f"{partial} is in the way and holds other things; give the library another name")
    meter.stage("copying", sum(file.bytes for file in files))
    try:
        own_folder(partial)
        make_folder(partial / VECTORS)
        for file in files:
            _fetch(system, url, file, partial, meter)
        _remove_others(partial / VECTORS, files)
        for changed in (partial / VECTORS, partial):
            sync_folder(changed)
        partial.rename(target)
        sync_folder(target.parent)
    except LibraryDamaged:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    except OSError as error:
        raise LibraryUnwritable(f"cannot write {target}: {error.strerror or error}") from error
    return files


def _listed(url: str) -> tuple[RemoteSystem, list[BackedUp]]:
    """The server, and the files of the backup. Raises: UsageError; OutOfReach; LibraryDamaged."""
    try:
        system = remote_system(top_of(url))
        data = system.read(f"{url}/{LIST}", _LIST_BYTES)
    except NoFileSystem as error:
        raise UsageError(f"{url} cannot be read: {error.strerror}") from error
    except FileNotFoundError as error:
        raise UsageError(f"no backup at {url}: it has no {LIST}, which is written when a backup is complete") from error
    except OSError as error:
        raise OutOfReach(f"{url} cannot be read: {error.strerror}") from error
    try:
        found: Any = json.loads(data)
        files = [BackedUp(**file) for file in found["files"]] if found["format"] == FORMAT else []
        good = [file.file for file in files if _FILES.fullmatch(file.file) and ".." not in file.object]
    except (ValueError, TypeError, KeyError, AttributeError):
        good, files = [], []
    if CATALOG not in good or len(set(good)) != len(files):
        raise LibraryDamaged(f"{url}/{LIST} is damaged, or was written by a newer faceindex")
    return system, files


def _fetch(system: RemoteSystem, url: str, file: BackedUp, partial: Path, meter: Meter) -> None:
    """Copy one file, unless an earlier call did. Raises: LibraryDamaged; OutOfReach; OSError."""
    copy = partial / file.file
    if copy.exists() and file_checksum(copy).hex() == file.blake2b:
        meter.advance(file.bytes)
        return
    checksum = hashlib.blake2b(digest_size=32)
    with creating(copy) as written:
        for start in range(0, file.bytes, _PART_BYTES):
            try:
                part = system.read(f"{url}/{file.object}", min(start + _PART_BYTES, file.bytes), start)
            except FileNotFoundError as error:
                raise LibraryDamaged(f"{url}/{file.object} is missing: the backup is not complete") from error
            except OSError as error:
                reason = error.strerror or error
                raise OutOfReach(f"{url} cannot be read: {reason}; the same command continues") from error
            checksum.update(part)
            written.write(part)
            meter.advance(len(part))
        if checksum.hexdigest() != file.blake2b:
            raise LibraryDamaged(f"{url}/{file.object} is not what was backed up")


def _remove_others(vectors: Path, files: list[BackedUp]) -> None:
    """Remove files that were copied from an earlier backup at this address."""
    own = {Path(file.file).name for file in files}
    for path in vectors.iterdir():
        if path.name not in own:
            path.unlink()
