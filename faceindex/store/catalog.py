"""The catalog: every SQL statement that reads it, and the opening of its SQLite file."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from faceindex.errors import LibraryDamaged
from faceindex.store.migrations import refuse_newer, show_as_newest
from faceindex.types import Album, Box, FaceIds, FaceRecord, FailedPhoto, Qualities


@dataclass(frozen=True, slots=True)
class KnownPath:
    """What the catalog knows of a path. photo: its id; None when the file could not be read: `error`."""

    size: int
    mtime_ns: int
    photo: int | None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class CentralFace:
    """The face in the middle of a photo: ids of both, the detector's score of the face, and its quality if known."""

    photo: int
    face: int
    score: float
    quality: float | None


_FACES = """
    SELECT faces.id, (SELECT MIN(path) FROM paths WHERE paths.photo = faces.photo),
        x, y, width, height, score, landmarks, album, quality
    FROM faces LEFT JOIN album_faces ON album_faces.face = faces.id
"""


class Catalog:
    """Read access over one SQLite connection; may be used from one thread at a time."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """All reads inside see the library as of one commit."""
        self.connection.execute("BEGIN")
        try:
            yield
        finally:
            self.connection.execute("ROLLBACK")

    def settings(self) -> dict[str, str]:
        """What was decided when the library was created; empty when it never was."""
        if not self._row("SELECT 1 FROM sqlite_master WHERE name = 'settings'"):
            return {}
        return dict(self.connection.execute("SELECT name, value FROM settings"))

    def known_path(self, path: str) -> KnownPath | None:
        """The newest thing known of `path`."""
        key = os.fsencode(path)
        row = self._row("SELECT size, mtime_ns, NULL, error FROM failures WHERE path = ?", key)
        row = row or self._row("SELECT size, mtime_ns, photo, NULL FROM paths WHERE path = ?", key)
        return KnownPath(row[0], row[1], row[2], row[3]) if row else None

    def photo_with(self, content: bytes) -> int | None:
        """The id of the photo with this content."""
        row = self._row("SELECT id FROM photos WHERE content = ?", content)
        return int(row[0]) if row else None

    def paths_of(self, photo: int) -> list[str]:
        """All names of a photo, sorted."""
        rows = self.connection.execute("SELECT path FROM paths WHERE photo = ? ORDER BY path", (photo,))
        return [os.fsdecode(row[0]) for row in rows]

    def counts(self) -> dict[str, int]:
        """Number of rows of each table that a user asks about."""
        tables = ("photos", "failures", "faces", "albums", "segments")
        return {table: int(self._row(f"SELECT COUNT(*) FROM {table}")[0]) for table in tables}

    def segments(self) -> list[tuple[int, str]]:
        """(id, file name) of every segment, in the order of writing."""
        return list(self.connection.execute("SELECT id, file FROM segments ORDER BY id"))

    def face_ids(self) -> FaceIds:
        """The ids of all faces, rising: int64 [n]."""
        rows = self.connection.execute("SELECT id FROM faces ORDER BY id")
        return np.fromiter((row[0] for row in rows), dtype=np.int64)

    def face_qualities(self) -> Qualities:
        """The quality of each of `face_ids`: float64 [n], NaN where it is not known."""
        rows = self.connection.execute("SELECT quality FROM faces ORDER BY id")
        return np.fromiter((np.nan if row[0] is None else row[0] for row in rows), dtype=np.float64)

    def faces(self) -> Iterator[FaceRecord]:
        """Every face, by rising id."""
        return map(_face_record, self.connection.execute(_FACES + "ORDER BY faces.id"))

    def faces_with(self, ids: Iterable[int]) -> dict[int, FaceRecord]:
        """The faces with these ids; an id that is not in the library is left out."""
        chosen = json.dumps([int(face) for face in ids])
        rows = self.connection.execute(_FACES + "WHERE faces.id IN (SELECT value FROM json_each(?))", (chosen,))
        return {record.face: record for record in map(_face_record, rows)}

    def central_faces(self) -> Iterator[CentralFace]:
        """Of every photo with a face: the face whose middle is nearest to the photo's, by rising photo id."""
        # SQLite takes the other columns from the row that has the minimum.
        rows = self.connection.execute(
            """SELECT photo, faces.id, score, quality, MIN(
                (2 * x + faces.width - photos.width) * (2 * x + faces.width - photos.width)
                + (2 * y + faces.height - photos.height) * (2 * y + faces.height - photos.height))
            FROM faces JOIN photos ON photos.id = photo GROUP BY photo ORDER BY photo"""
        )
        return (CentralFace(*row[:4]) for row in rows)

    def album_faces(self, album: int) -> list[FaceRecord]:
        """The faces of one album, by rising id; empty when there is no such album."""
        rows = self.connection.execute(_FACES + "WHERE album = ? ORDER BY faces.id", (album,))
        return list(map(_face_record, rows))

    def albums(self) -> list[Album]:
        """All albums, largest first. The cover is the face of best quality, of equals the largest.

        Faces of unknown quality come after the others, in the order of the detector's score.
        """
        # SQLite takes the other columns from the row that has the minimum.
        rows = self.connection.execute(
            """SELECT album, COUNT(*), COUNT(DISTINCT photo), id, MIN(place) FROM (
                SELECT album, photo, id, ROW_NUMBER() OVER (PARTITION BY album ORDER BY
                    quality DESC, IIF(quality IS NULL, score, 0) DESC, width * height DESC, id) AS place
                FROM album_faces JOIN faces ON faces.id = face)
            GROUP BY album ORDER BY COUNT(*) DESC, album"""
        )
        return [Album(album, faces, photos, cover) for album, faces, photos, cover, _ in rows]

    def failed(self) -> list[FailedPhoto]:
        """Every file that could not be read, by path."""
        rows = self.connection.execute("SELECT path, error FROM failures ORDER BY path")
        return [FailedPhoto(os.fsdecode(path), error) for path, error in rows]

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()

    def _row(self, statement: str, *values: object) -> tuple[Any, ...]:
        row: tuple[Any, ...] | None = self.connection.execute(statement, values).fetchone()
        return row or ()


def open_reader(file: Path) -> Catalog:
    """A catalog that never writes. Raises: LibraryDamaged; NewerSchema."""
    catalog = _open(file, "mode=ro" if _takes_readers(file) else "mode=ro&immutable=1")
    with damage_named(file):
        show_as_newest(catalog.connection)
    return catalog


def open_writer(file: Path) -> Catalog:
    """A catalog whose commits are durable (WAL, synchronous=FULL). Raises: LibraryDamaged; NewerSchema."""
    catalog = _open(file, "mode=rwc")
    with damage_named(file):
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
            catalog.connection.execute(f"PRAGMA {pragma}")
    return catalog


def _open(file: Path, mode: str) -> Catalog:
    with damage_named(file):
        connection = sqlite3.connect(
            f"{file.absolute().as_uri()}?{mode}",
            uri=True,
            isolation_level=None,
            check_same_thread=False,
            timeout=30,
        )
        try:
            refuse_newer(connection, file)
        except BaseException:
            connection.close()
            raise
    return Catalog(connection)


@contextmanager
def damage_named(file: Path) -> Iterator[None]:
    """SQLite's word for a damaged file, as LibraryDamaged with the file's name."""
    try:
        yield
    except sqlite3.OperationalError:
        raise
    except sqlite3.DatabaseError as error:
        raise LibraryDamaged(f"{file} is damaged ({error}); restore it from a backup") from error


def _takes_readers(file: Path) -> bool:
    """A reader of a WAL catalog needs to write beside it, except where nothing can be writing."""
    return os.access(file.parent, os.W_OK) or file.with_name(file.name + "-shm").exists()


def _face_record(row: tuple[int, bytes, int, int, int, int, float, bytes, int | None, float | None]) -> FaceRecord:
    face, path, x, y, width, height, score, landmarks, album, quality = row
    points = np.frombuffer(landmarks, dtype="<f4").reshape(-1, 2)
    return FaceRecord(face, os.fsdecode(path), Box(x, y, width, height), score, points, album, quality=quality)
