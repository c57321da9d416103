"""The one writer: batches of photos into a segment and one transaction, by the commit protocol."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from faceindex.faces.recipe import Recipe
from faceindex.photos.find import FoundFile
from faceindex.store.catalog import Catalog
from faceindex.store.segments import segment_name, write_segment
from faceindex.types import AnalysedPhoto, Face


@dataclass(slots=True)
class Batch:
    """What one commit makes true.

    photos: newly analysed ones by content hash, each with the files that have this content. names:
    further files of photos that are in the library, as (photo id, file). gone: paths that are no longer
    names of anything. failures: (file, reason).
    """

    photos: dict[bytes, tuple[AnalysedPhoto, list[FoundFile]]] = field(default_factory=dict)
    names: list[tuple[int, FoundFile]] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    failures: list[tuple[FoundFile, str]] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.photos) + len(self.names) + len(self.failures)


class Writer:
    """Write access to a library; obtained from LibraryFolder.writer, which holds the lock."""

    def __init__(self, catalog: Catalog, vectors: Path, recipe: Recipe) -> None:
        self.catalog = catalog
        self._vectors = vectors
        self._recipe = recipe

    def save_settings(self, **settings: object) -> None:
        """Store or replace settings."""
        with self._transaction() as transaction:
            transaction.executemany(
                "INSERT OR REPLACE INTO settings VALUES (?, ?)", [(k, str(v)) for k, v in settings.items()]
            )

    def commit(self, batch: Batch) -> int:
        """Make `batch` durable and return the number of new faces.

        The segment file is on disk, under its name, before the transaction that speaks of it begins; the
        transaction's commit is the acknowledgement. A crash in between leaves a file without a row.
        """
        faces = [face for photo, _ in batch.photos.values() for face in photo.faces]
        first_face = self._last_id("faces") + 1
        segment = self._last_id("segments") + 1
        checksum = self._write_segment(segment, first_face, faces)
        with self._transaction() as transaction:
            if faces:
                transaction.execute(
                    "INSERT INTO segments VALUES (?, ?, ?, ?)",
                    (segment, segment_name(segment), len(faces), checksum),
                )
            next_face = first_face
            for content, (photo, files) in batch.photos.items():
                photo_id = _insert_photo(transaction, content, photo)
                _insert_faces(transaction, photo_id, segment, next_face, photo.faces)
                next_face += len(photo.faces)
                for file in files:
                    _name_photo(transaction, photo_id, file)
            for photo_id, file in batch.names:
                _name_photo(transaction, photo_id, file)
            transaction.executemany("DELETE FROM paths WHERE path = ?", [(os.fsencode(path),) for path in batch.gone])
            transaction.executemany(
                "INSERT OR REPLACE INTO failures VALUES (?, ?, ?, ?, ?)",
                [(os.fsencode(f.path), f.size, f.mtime_ns, why, _now()) for f, why in batch.failures],
            )
        return len(faces)

    def replace_albums(self, albums: Mapping[int, Sequence[int]]) -> None:
        """Make `albums` (album id to face ids) the only ones."""
        with self._transaction() as transaction:
            transaction.execute("DELETE FROM albums")
            transaction.executemany("INSERT INTO albums VALUES (?)", [(album,) for album in albums])
            transaction.executemany(
                "INSERT INTO album_faces VALUES (?, ?)",
                [(int(face), album) for album, faces in albums.items() for face in faces],
            )

    def _write_segment(self, number: int, first_face: int, faces: Sequence[Face]) -> bytes:
        if not faces:
            return b""
        ids = np.arange(first_face, first_face + len(faces), dtype=np.int64)
        vectors = np.stack([face.vector for face in faces])
        return write_segment(self._vectors / segment_name(number), ids, vectors, self._recipe.fingerprint)

    def _last_id(self, table: str) -> int:
        """The highest id ever given in `table`, of removed rows too."""
        row = self.catalog.connection.execute("SELECT seq FROM sqlite_sequence WHERE name = ?", (table,)).fetchone()
        return int(row[0]) if row else 0

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        connection = self.catalog.connection
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield connection
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise


def _insert_photo(transaction: sqlite3.Connection, content: bytes, photo: AnalysedPhoto) -> int:
    cursor = transaction.execute(
        "INSERT INTO photos (content, width, height, analysed) VALUES (?, ?, ?, ?)",
        (content, photo.width, photo.height, _now()),
    )
    assert cursor.lastrowid is not None
    return cursor.lastrowid


def _insert_faces(
    transaction: sqlite3.Connection, photo: int, segment: int, first_face: int, faces: Sequence[Face]
) -> None:
    transaction.executemany(
        "INSERT INTO faces VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (
                *(number, photo, segment, *face.box.as_list()),
                *(face.score, face.landmarks.astype("<f4").tobytes(), face.quality),
            )
            for number, face in enumerate(faces, start=first_face)
        ],
    )


def _name_photo(transaction: sqlite3.Connection, photo: int, file: FoundFile) -> None:
    """Let `file` be a name of `photo`, of no other photo, and no failure.

    A photo that thereby loses its last name was edited in place: its content is nowhere any more.
    """
    path = os.fsencode(file.path)
    before = transaction.execute("SELECT photo FROM paths WHERE path = ?", (path,)).fetchone()
    transaction.execute("INSERT OR REPLACE INTO paths VALUES (?, ?, ?, ?)", (path, photo, file.size, file.mtime_ns))
    transaction.execute("DELETE FROM failures WHERE path = ?", (path,))
    if before is not None and before[0] != photo:
        transaction.execute(
            "DELETE FROM photos WHERE id = ? AND NOT EXISTS (SELECT 1 FROM paths WHERE photo = ?)",
            (before[0], before[0]),
        )


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
