"""The one writer: batches of photos into a segment and one transaction, by the commit protocol."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from faceindex.faces.recipe import Recipe
from faceindex.photos.finding.entries import FoundFile
from faceindex.store.care.tombstones import forgotten
from faceindex.store.catalog import Catalog
from faceindex.store.hdf5.segments import Block, Segment, segment_name, write_segment
from faceindex.store.journal.names import ALBUMS_DUE, decided_faces, note_places, replay
from faceindex.store.photos import writing
from faceindex.store.photos.drawn import note_places_of_drawn
from faceindex.store.photos.lost import drop_found, keep_lost
from faceindex.store.photos.returning import FormerFaces
from faceindex.store.settings import save_settings
from faceindex.types import AnalysedPhoto, Face, FailedPhoto, Removed


@dataclass(slots=True)
class Batch:
    """What one commit stores.

    photos: newly analysed ones by content hash, each with the files that have this content. names: further files of
    photos that are in the library, as (photo id, file). removed: paths to be removed. failures: (file, reason).
    library: id of the merged library that the files come from; None for files that were found here.
    """

    photos: dict[bytes, tuple[AnalysedPhoto, list[FoundFile]]] = field(default_factory=dict)
    names: list[tuple[int, FoundFile]] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    failures: list[tuple[FoundFile, str]] = field(default_factory=list)
    library: str | None = None

    def __len__(self) -> int:
        return len(self.photos) + len(self.names) + len(self.failures)


class Writer:
    """Write access to a library; obtained from LibraryFolder.writer, which holds the lock.

    vectors: the folder of segments. lost: faces that photos lost by what was committed, see `lost_faces`; some may have
    come back.
    """

    def __init__(self, catalog: Catalog, vectors: Path, recipe: Recipe) -> None:
        self.lost: set[int] = set()
        self.catalog = catalog
        self.vectors = vectors
        self.recipe = recipe

    def store_ctimes(self, files: Sequence[FoundFile]) -> None:
        """Store when files last changed that were found to have the same content."""
        with self.catalog.transaction() as transaction:
            writing.store_ctimes(transaction, files)

    def store_out_of_reach(self, entries: Sequence[FailedPhoto], *, searched: Sequence[str]) -> None:
        """Store what could not be accessed. searched: earlier such entries at or under these paths are removed."""
        with self.catalog.transaction() as transaction:
            writing.store_out_of_reach(transaction, entries, searched)

    def save_settings(self, **settings: object) -> None:
        """Store or replace settings."""
        with self.catalog.transaction() as transaction:
            save_settings(transaction, **settings)

    def add_roots(self, roots: Iterable[str]) -> None:
        """Remember folders that photos were ingested from."""
        with self.catalog.transaction() as transaction:
            transaction.executemany("INSERT OR IGNORE INTO roots VALUES (?)", [(os.fsencode(root),) for root in roots])

    def commit(self, batch: Batch) -> int:
        """Make `batch` durable and return the number of new faces.

        The segment file is on disk, under its name, before the transaction that adds its row begins; the transaction's
        commit is the acknowledgement. A crash in between leaves a file without a row.

        Faces of an edited photo (same path, other content), and of a photo that is analysed again, keep their ids where
        they are the same: see `FormerFaces`. Other faces that people decided about are listed: see `lost_faces`.
        Forgotten faces are left out.
        """
        first_new = self.last_id("faces") + 1
        former = FormerFaces(self.catalog, self.vectors, self.recipe, batch.photos, batch.names)
        arrivals = self._arrivals(batch, former, first_new)
        vectors = {number: face.vector for a in arrivals for number, face in zip(a.ids, a.faces, strict=True)}
        segment = self._write_batch(vectors) if vectors else None
        with self.catalog.transaction() as transaction:
            if segment:
                writing.insert_segment(transaction, segment)
            unnamed: list[int] = []
            for arrival in arrivals:
                unnamed += writing.store_photo(transaction, arrival, segment.number if segment else 0)
                note_places(transaction, arrival)
            for photo, file in batch.names:
                unnamed += writing.name_photo(transaction, photo, file)
            if batch.library is not None:
                files = [file for _, own in batch.photos.values() for file in own]
                writing.note_library(transaction, [*files, *(file for _, file in batch.names)], batch.library)
            unnamed += writing.drop_paths(transaction, batch.removed)
            lost = keep_lost(transaction, [*arrivals, *former.overwritten()])
            note_places_of_drawn(transaction, arrivals)
            writing.drop_nameless(transaction, unnamed)  # last: names may be exchanged within a batch
            drop_found(transaction)
            replay(transaction, vectors)
            writing.store_failures(transaction, batch.failures)
        self.lost |= lost
        return sum(number >= first_new for number in vectors)

    def remove_paths(self, paths: Sequence[str], *, dry_run: bool = False) -> Removed:
        """Remove `paths`; a photo without a path left is removed, with its faces. dry_run: only count them.

        Albums are due when somebody had decided about one of these.
        """
        with self.catalog.transaction(dry_run=dry_run) as transaction:
            before, decided = self.catalog.counts(), decided_faces(transaction)
            writing.drop_nameless(transaction, writing.drop_paths(transaction, paths))
            after = self.catalog.counts()
            if decided_faces(transaction) < decided:
                save_settings(transaction, **{ALBUMS_DUE: 1})
        return Removed(len(paths), before["photos"] - after["photos"], before["faces"] - after["faces"])

    def add_faces(self, photo_of: Mapping[int, int], faces: Mapping[int, Face]) -> int:
        """Add drawn faces to photos that are stored. photo_of: photo ids; both by face id.

        In the caller's transaction; the segment's file is written at once. Returns the segment's number.
        """
        segment = self._write_batch({number: face.vector for number, face in faces.items()})
        transaction = self.catalog.connection
        writing.insert_segment(transaction, segment)
        for number, face in faces.items():
            writing.store_faces(transaction, photo_of[number], segment.number, [(number, face)])
        writing.note_change_of_faces(transaction)
        return segment.number

    def write_segment(
        self,
        blocks: Iterable[Block],
        faces: int,
        origin: tuple[int, int] | None = None,
        number: int | None = None,
    ) -> Segment:
        """Write a segment file, which the catalog does not know yet.

        origin: its `first` and `last`, see Segment. number: default the next that was never given.
        """
        number = number or self.last_id("segments") + 1
        first, last = origin or (number, number)
        checksum, size = self._write_file(segment_name(number), blocks, faces)
        return Segment(number, segment_name(number), faces, checksum, first, last, size)

    def _write_file(self, name: str, blocks: Iterable[Block], faces: int) -> tuple[bytes, int]:
        """The checksum and the size of the file."""
        return write_segment(
            self.vectors / name,
            blocks,
            faces=faces,
            dimension=self.recipe.dimension,
            fingerprint=self.recipe.fingerprint,
        )

    def last_id(self, table: str) -> int:
        """The highest id ever given in `table`, of removed rows too."""
        row = self.catalog.connection.execute("SELECT seq FROM sqlite_sequence WHERE name = ?", (table,)).fetchone()
        return int(row[0]) if row else 0

    def _write_batch(self, vectors: Mapping[int, npt.NDArray[np.float32]]) -> Segment:
        ids = np.array(sorted(vectors), dtype=np.int64)
        return self.write_segment([(ids, np.stack([vectors[face] for face in ids.tolist()]))], len(ids))

    def _arrivals(self, batch: Batch, former: FormerFaces, first_new: int) -> list[writing.Arrival]:
        arrivals = []
        next_id = first_new
        for content, (photo, files) in batch.photos.items():
            graves = self.catalog.tombstones().of(content)
            faces = [face for face in photo.faces if not forgotten(face.box, graves)]
            found = former.among(content, photo, faces)
            ids = []
            for known in found.same:
                ids.append(next_id if known is None else known)
                next_id += known is None
            faces += found.kept.values()
            ids += found.kept
            photo_id = self.catalog.photo_with(content)
            arrivals.append(
                writing.Arrival(content, photo, files, faces, ids, photo_id, found.former, found.unsure, found.expected)
            )
        return arrivals
