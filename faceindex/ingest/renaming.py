"""Gives known photos their new paths: they were moved, copied, renumbered or swapped."""

from __future__ import annotations

from faceindex.ingest.photo_reader import PhotoReader
from faceindex.ingest.reader import Known
from faceindex.ingest.tally import Tally
from faceindex.photos.finding.whereabouts import missing, renamed
from faceindex.store.catalog import Catalog
from faceindex.store.writer import Batch

MOST_POSTPONED = 100_000
"""Most files in memory that wait because their path is still the only one of another photo."""


class Renaming:
    """postponed: known photos found at a path that is still the only path of another photo. The other may be found
    later in the run (if photos were renumbered or swapped); it would lose its faces if it lost its last path before.
    The reserved paths are these paths, without those from which a photo is known to have moved.
    """

    def __init__(self, catalog: Catalog, reader: PhotoReader, tally: Tally) -> None:
        self.postponed: list[Known] = []
        self._catalog = catalog
        self._reader = reader
        self._tally = tally
        self._reserved: set[str] = set()
        self._seen: set[str] = set()  # seen in this run

    def note(self, path: str) -> None:
        """Note that a file exists at `path`, so that it need not be checked."""
        if len(self._seen) < MOST_POSTPONED:
            self._seen.add(path)

    def meet(self, known: Known, batch: Batch) -> None:
        """Store the path of the photo, or postpone that while it is the only path of another photo."""
        self.note(known.file.path)
        if set(self._catalog.photos_named_only([known.file.path])) <= {known.photo}:
            self._rename(known, batch)
            return
        self.postponed.append(known)
        self._reserved.add(known.file.path)
        if len(self.postponed) >= MOST_POSTPONED:
            self.name_postponed(batch)

    def name_postponed(self, batch: Batch) -> None:
        """Store the paths of the postponed photos, when no other photo can still be found."""
        for known in self.postponed:
            self._rename(known, batch)
        self.postponed.clear()
        self._reserved.clear()

    def takes_last_path(self, batch: Batch) -> bool:
        """Whether the batch takes the last path of a photo that will get another path."""
        if not self.postponed:
            return False
        edited = [file.path for _, files in batch.photos.values() for file in files]
        lost_paths = [*edited, *(file.path for _, file in batch.names), *batch.removed]
        losing = self._catalog.photos_named_only(lost_paths)
        return not {known.photo for known in self.postponed}.isdisjoint(losing)

    def _rename(self, known: Known, batch: Batch) -> None:
        """Another file with known content: the same file with a new time, a moved photo, or a copy."""
        batch.names.append((known.photo, known.file))
        if known.file.path in known.former:
            self._tally.counts["unchanged"] += 1
            return
        old = self._moved_from([path for path in known.former if path not in batch.removed], known.file.path)
        if old is None:
            self._tally.counts["duplicate"] += 1
            return
        self._tally.counts["moved"] += 1
        if old in self._reserved:
            self._reserved.remove(old)
        else:
            batch.removed.append(old)

    def _moved_from(self, former: list[str], path: str) -> str | None:
        """The path from which the photo moved to `path`, if any; None on a disk that does not answer."""
        reserved = next((old for old in former if old in self._reserved), None)
        unseen = [old for old in former if old not in self._seen or old.casefold() == path.casefold()]
        if reserved is not None or not unseen:
            return reserved
        try:
            return self._reader.ask(_first_moved_from, path, unseen)
        except TimeoutError:
            return None


def _first_moved_from(path: str, former: list[str]) -> str | None:
    return next((old for old in former if missing(old) or renamed(old, path)), None)
