"""Known photos under further paths: moved, copied, renumbered, or exchanged with one another."""

from __future__ import annotations

from faceindex.ingest.photo_reader import PhotoReader
from faceindex.ingest.reader import Known
from faceindex.ingest.tally import Tally
from faceindex.photos.finding.away import missing, renamed
from faceindex.store.catalog import Catalog
from faceindex.store.writer import Batch

MOST_LATE = 100_000
"""Files that are kept in memory, at most, because their names still are the only ones of other photos."""


class Renaming:
    """late: known photos under names that still are the only ones of other photos. Those may be met later in the run,
    where photos were renumbered or exchanged, and would lose their faces if they lost their names before.

    taken: these names, but those that a photo was seen to have moved from.
    """

    def __init__(self, catalog: Catalog, reader: PhotoReader, tally: Tally) -> None:
        self.late: list[Known] = []
        self._catalog = catalog
        self._reader = reader
        self._tally = tally
        self._taken: set[str] = set()
        self._here: set[str] = set()  # met in this run

    def note(self, path: str) -> None:
        """There is a file at `path`: nobody need be asked about it."""
        if len(self._here) < MOST_LATE:
            self._here.add(path)

    def meet(self, known: Known, batch: Batch) -> None:
        """Name the photo, or wait with it while its name is the only one of another photo."""
        self.note(known.file.path)
        if set(self._catalog.photos_named_only([known.file.path])) <= {known.photo}:
            self._rename(known, batch)
            return
        self.late.append(known)
        self._taken.add(known.file.path)
        if len(self.late) >= MOST_LATE:
            self.name_late(batch)

    def name_late(self, batch: Batch) -> None:
        """Name those that wait: no other photo is looked for any more."""
        for known in self.late:
            self._rename(known, batch)
        self.late.clear()
        self._taken.clear()

    def is_endangered(self, batch: Batch) -> bool:
        """Whether the batch takes the last name of a photo that is to get another one."""
        if not self.late:
            return False
        edited = [file.path for _, files in batch.photos.values() for file in files]
        taken = [*edited, *(file.path for _, file in batch.names), *batch.gone]
        losing = self._catalog.photos_named_only(taken)
        return not {known.photo for known in self.late}.isdisjoint(losing)

    def _rename(self, known: Known, batch: Batch) -> None:
        """Another file with known content: the same file touched, the photo's new place, or a copy."""
        batch.names.append((known.photo, known.file))
        if known.file.path in known.former:
            self._tally.counts["unchanged"] += 1
            return
        old = self._left([path for path in known.former if path not in batch.gone], known.file.path)
        if old is None:
            self._tally.counts["duplicate"] += 1
            return
        self._tally.counts["moved"] += 1
        if old in self._taken:
            self._taken.remove(old)
        else:
            batch.gone.append(old)

    def _left(self, former: list[str], path: str) -> str | None:
        """The former path that the photo has moved from to `path`, if any; none on a disk that is silent."""
        taken = next((old for old in former if old in self._taken), None)
        unseen = [old for old in former if old not in self._here or old.casefold() == path.casefold()]
        if taken is not None or not unseen:
            return taken
        try:
            return self._reader.ask(_first_left, path, unseen)
        except TimeoutError:
            return None


def _first_left(path: str, former: list[str]) -> str | None:
    return next((old for old in former if missing(old) or renamed(old, path)), None)
