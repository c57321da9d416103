"""Removes tombstones, so that erased photos can be ingested again."""

from __future__ import annotations

import logging
from collections.abc import Iterable

from faceindex.errors import UnreadablePhoto
from faceindex.faces.analyse import Analyser
from faceindex.photos.finding.entries import FoundFile, UnreadableEntry
from faceindex.photos.finding.find import find_files
from faceindex.photos.finding.sources import source_of
from faceindex.photos.identity import is_photo
from faceindex.photos.pictures import photo_and_content
from faceindex.store.folder import LibraryFolder
from faceindex.store.writer import Batch, Writer
from faceindex.types import FailedPhoto, Lifted

_log = logging.getLogger(__name__)


def lift(folder: LibraryFolder, paths: Iterable[str], *, analyser: Analyser) -> Lifted:
    """Remove the tombstones of the photos at or under `paths`; a photo is recognised by content, not by name.

    A photo that is still in the library (only some of its faces were erased) is analysed again at once, because an
    ingest would skip it as unchanged. Raises: UsageError if a path does not exist; LibraryLocked; ModelError.
    """
    analyser.check_models()
    lifted = photos = faces = waiting = 0
    failed: list[FailedPhoto] = []
    with folder.writer() as writer:
        for entry in find_files(paths, skip=str(folder.path)):
            if isinstance(entry, UnreadableEntry):
                failed.append(FailedPhoto(entry.path, entry.reason))
                continue
            try:
                number, again, new = _lift(writer, entry, analyser)
            except UnreadablePhoto as error:
                failed.append(FailedPhoto(entry.path, error.reason, out_of_reach=error.out_of_reach))
                continue
            lifted, faces = lifted + number, faces + new
            photos, waiting = photos + bool(number and again), waiting + bool(number and not again)
    return Lifted(lifted, photos, faces, waiting, tuple(failed))


def would_lift(folder: LibraryFolder, paths: Iterable[str], *, analyser: Analyser) -> Lifted:
    """As `lift`, and nothing is changed; how many faces would come back is not known then."""
    lifted = photos = waiting = 0
    failed: list[FailedPhoto] = []
    for entry in find_files(paths, skip=str(folder.path)):
        if isinstance(entry, UnreadableEntry):
            failed.append(FailedPhoto(entry.path, entry.reason))
            continue
        try:
            if not _is_photo(entry.path):
                continue
            _, content = photo_and_content(entry.path, max_megapixels=analyser.max_megapixels)
        except UnreadablePhoto as error:
            failed.append(FailedPhoto(entry.path, error.reason, out_of_reach=error.out_of_reach))
            continue
        number = len(folder.catalog.tombstones().of(content))
        known = number > 0 and folder.catalog.photo_with(content) is not None
        lifted, photos, waiting = lifted + number, photos + known, waiting + (number > 0 and not known)
    return Lifted(lifted, photos, 0, waiting, tuple(failed))


def _is_photo(path: str) -> bool:
    try:
        with source_of(path).opened(path) as opened:
            return is_photo(opened.file.read(32))
    except OSError as error:
        raise UnreadablePhoto(path, error.strerror or str(error), out_of_reach=True) from error


def _lift(writer: Writer, file: FoundFile, analyser: Analyser) -> tuple[int, bool, int]:
    """Number of tombstones; whether the photo is in the library; number of faces that came back."""
    if not _is_photo(file.path):
        return 0, False, 0
    photo, content = photo_and_content(file.path, max_megapixels=analyser.max_megapixels)
    if not writer.catalog.tombstones().of(content):
        return 0, False, 0
    known = writer.catalog.photo_with(content)
    found = None if known is None else analyser(photo)  # first, so that an unreadable photo keeps its tombstones
    with writer.catalog.transaction():
        number = writer.catalog.tombstones().lift(content)
    _log.info("%s: tombstones lifted: %d", file.path, number)
    if known is None or found is None:
        return number, False, 0
    return number, True, writer.commit(Batch(names=[], photos={content: (found, [])}))
