"""Writes photos into a ZIP file."""

from __future__ import annotations

import hashlib
import time
import zipfile
from collections.abc import Sequence
from pathlib import Path, PurePath

from faceindex.errors import OutOfReach
from faceindex.exchange.albums.safe_names import free_name, name_key, safe_name
from faceindex.exchange.outputs import binary_output
from faceindex.photos.finding.addresses import is_held, is_url
from faceindex.photos.finding.sources import source_of
from faceindex.photos.identity import HASH_BYTES
from faceindex.store.catalog import Catalog
from faceindex.types import FailedPhoto, PhotoArchive

_CHUNK = 1 << 20
_FIRST_YEAR = (1980, 1, 1, 0, 0, 0)  # of ZIP


def write_archive(catalog: Catalog, out: Path, photos: Sequence[int]) -> PhotoArchive:
    """Write the files of these photos, by id, as they are: pictures hardly become smaller.

    The file appears when it is complete. Raises: UsageError; OutOfReach if it cannot be written.
    """
    taken: set[str] = set()
    left: list[FailedPhoto] = []
    written = 0
    try:
        with binary_output(out) as file, zipfile.ZipFile(file, "w", strict_timestamps=False) as zipped:
            for photo in photos:
                problem = _add(catalog, photo, zipped, taken)
                if problem is None:
                    written += 1
                else:
                    left.append(problem)
    except OSError as error:
        raise OutOfReach(f"cannot write {out}: {error.strerror or error}") from error
    return PhotoArchive(str(out), written, tuple(left))


def _add(catalog: Catalog, photo: int, zipped: zipfile.ZipFile, taken: set[str]) -> FailedPhoto | None:
    """Add the photo's first file that still is this photo. Returns the problem if there is none."""
    paths = sorted(catalog.paths_of(photo), key=is_url)
    why, away = "it is not a file", False
    for path in (one for one in paths if not is_held(one)):
        try:
            if not _is_photo(path, catalog.content_of(photo)):
                why = "it has changed since it was ingested; ingest it again"
                continue
            name = free_name(safe_name(PurePath(path).name), taken)
            _copy(path, name, zipped)
        except OSError as error:
            why, away = error.strerror or str(error), True
            continue
        taken.add(name_key(name))
        return None
    return FailedPhoto(paths[0] if paths else f"photo {photo}", why, away)


def _is_photo(path: str, content: bytes) -> bool:
    digest = hashlib.blake2b(digest_size=HASH_BYTES)
    with source_of(path).opened(path) as source:
        while data := source.file.read(_CHUNK):
            digest.update(data)
    return digest.digest() == content


def _copy(path: str, name: str, zipped: zipfile.ZipFile) -> None:
    status = source_of(path).status(path)
    made = max(_FIRST_YEAR, time.localtime(status.mtime_ns // 10**9)[:6])
    entry = zipfile.ZipInfo(name, made)
    entry.external_attr = 0o644 << 16
    with source_of(path).opened(path) as source, zipped.open(entry, "w", force_zip64=True) as target:
        while data := source.file.read(_CHUNK):
            target.write(data)
