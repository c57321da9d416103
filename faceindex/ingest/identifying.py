"""Identifies files: on the executor's workers where it can, so that each photo is read where it is analysed; else
here."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from faceindex.errors import UnreadablePhoto
from faceindex.faces.analyse import Analyser
from faceindex.ingest.photo_reader import PhotoReader
from faceindex.ingest.workers.executor import Executor
from faceindex.ingest.workers.identified import Elsewhere, Identifies, Refused
from faceindex.photos.finding.entries import FoundFile, UnreadableEntry
from faceindex.photos.finding.sources import source_of
from faceindex.photos.identity import Identity
from faceindex.running.stop import Stop


class Identifying:
    """reader: identifies files here. meanwhile: called while the executor is waited for."""

    def __init__(
        self, executor: Executor, analyser: Analyser, reader: PhotoReader, stop: Stop, meanwhile: Callable[[], None]
    ) -> None:
        self._ahead = executor if isinstance(executor, Identifies) else None
        self._analyser = analyser
        self._reader = reader
        self._stop = stop
        self._meanwhile = meanwhile

    def expect(self, batch: Sequence[FoundFile | UnreadableEntry]) -> None:
        """`identify` will be called for most of these, in this order. Raises: MachineError."""
        if self._ahead is not None:
            files = [entry for entry in batch if isinstance(entry, FoundFile)]
            worth = [file for file in files if file.named or source_of(file.path).worth_opening(file.path)]
            self._ahead.identify_ahead(worth, self._analyser)
        else:
            self._reader.expect([entry.path for entry in batch if isinstance(entry, FoundFile)])

    def identify(self, path: str, *, named: bool = False) -> Identity | None:
        """As `PhotoReader.identify`."""
        if self._ahead is not None:
            while (found := self._ahead.identified(path, timeout=0.1)) == "later":
                self._meanwhile()
                if self._stop.is_set():
                    raise UnreadablePhoto(path, "the ingest was stopped", out_of_reach=True) from TimeoutError()
            if isinstance(found, Refused):
                raise UnreadablePhoto(path, found.reason)
            if not isinstance(found, Elsewhere):
                return found
        return self._reader.identify(path, named=named)
