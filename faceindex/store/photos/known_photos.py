"""What the catalog knows of photos by their paths and contents: an ingest asks it about every file."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from faceindex.photos.finding.find import FoundFile
from faceindex.store.care.tombstones import Tombstones
from faceindex.store.photos.same_face import FormerFace, resized, scaled
from faceindex.types import Box


@dataclass(frozen=True, slots=True)
class KnownPath:
    """What the catalog knows of a path. photo: its id; None when the file could not be read: `error`.

    ctime_ns: None when it was stored before these were.
    """

    size: int
    mtime_ns: int
    ctime_ns: int | None
    photo: int | None
    error: str | None = None


class KnownPhotos:
    """A part of `Catalog`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection

    def by_blocks(
        self, statement: str, key: Callable[[tuple[Any, ...]], tuple[object, ...]], begin: tuple[object, ...]
    ) -> Iterator[tuple[Any, ...]]:
        """The rows of a statement with parameters for the key after which they begin, and for their number.

        Each block is one short read: an open one would keep what is erased on the disk. key: of a row.
        """
        block = 1000
        while rows := self.connection.execute(statement, (*begin, block)).fetchall():
            yield from rows
            if len(rows) < block:
                return
            begin = key(rows[-1])

    def known_path(self, path: str) -> KnownPath | None:
        """The newest thing known of `path`."""
        row = self._row(
            """SELECT size, mtime_ns, ctime_ns, NULL, error FROM failures WHERE path = ?1 AND NOT out_of_reach
            UNION ALL SELECT size, mtime_ns, ctime_ns, photo, NULL FROM paths WHERE path = ?1""",
            os.fsencode(path),
        )
        return KnownPath(*row) if row else None

    def photo_with(self, content: bytes) -> int | None:
        """The id of the photo with this content."""
        row = self._row("SELECT id FROM photos WHERE content = ?", content)
        return int(row[0]) if row else None

    def content_of(self, photo: int) -> bytes:
        """The content hash of a photo."""
        return bytes(self._row("SELECT content FROM photos WHERE id = ?", photo)[0])

    def waits(self, photo: int | None) -> bool:
        """Whether a face of the photo lost its vector, so that the photo is to be analysed again."""
        return bool(self._row("SELECT 1 FROM faces WHERE photo = ? AND segment = 0", photo))

    def waiting_faces(self) -> int:
        """Number of faces that lost their vector."""
        return int(self._row("SELECT COUNT(*) FROM faces WHERE segment = 0")[0])

    def waiting_photos(self, limit: int = -1) -> list[int]:
        """Ids of the photos with a face that lost its vector, rising; at most `limit` if given."""
        statement = "SELECT DISTINCT photo FROM faces WHERE segment = 0 ORDER BY photo LIMIT ?"
        return [row[0] for row in self.connection.execute(statement, (limit,))]

    def paths_of(self, photo: int) -> list[str]:
        """All names of a photo, sorted."""
        rows = self.connection.execute("SELECT path FROM paths WHERE photo = ? ORDER BY path", (photo,))
        return [os.fsdecode(row[0]) for row in rows]

    def photos_named_only(self, paths: Sequence[str]) -> list[int]:
        """The photos that have names among `paths` and no others."""
        rows = [self._row("SELECT photo FROM paths WHERE path = ?", os.fsencode(path)) for path in paths]
        photos = sorted({row[0] for row in rows if row})
        return [photo for photo in photos if set(self.paths_of(photo)) <= set(paths)]

    def unread_dates(self) -> Iterator[tuple[int, FoundFile]]:
        """Photos that were never looked at for their date, each with all its files as they were then."""
        rows = self.by_blocks(
            """SELECT photo, path, size, mtime_ns FROM unread_dates JOIN paths USING (photo)
            WHERE (photo, path) > (?, ?) ORDER BY photo, path LIMIT ?""",
            lambda row: row[:2],
            (0, b""),
        )
        return ((photo, FoundFile(os.fsdecode(path), size, time, False)) for photo, path, size, time in rows)

    def faces_of(self, photo: int, size: tuple[int, int]) -> list[FormerFace]:
        """The faces of a photo, with their boxes as they would be were the photo resized to `size`: width, height."""
        zoom = resized(self.size_of(photo), size)
        rows = self.connection.execute("SELECT id, x, y, width, height FROM faces WHERE photo = ?", (photo,))
        return [FormerFace(face, scaled(Box(*box), zoom)) for face, *box in rows]

    def size_of(self, photo: int) -> tuple[int, int]:
        """Width and height of a photo, upright."""
        width, height = self._row("SELECT width, height FROM photos WHERE id = ?", photo)
        return int(width), int(height)

    def landmarks_of(self, photo: int) -> dict[int, tuple[Box, npt.NDArray[np.float32]]]:
        """Box and landmarks, float32 [5 or 68, 2], of each face of a photo, by id; pixels."""
        rows = self.connection.execute("SELECT id, x, y, width, height, landmarks FROM faces WHERE photo = ?", (photo,))
        return {
            face: (Box(*box), np.frombuffer(landmarks, dtype="<f4").reshape(-1, 2)) for face, *box, landmarks in rows
        }

    def decided_faces(self, content: bytes) -> list[FormerFace]:
        """Faces that people decided about and that are in no photo now, but were last in one with this content."""
        rows = self.connection.execute(
            """SELECT face, x, y, width, height, MAX(id) FROM decisions
            WHERE content = ? AND face NOT IN (SELECT id FROM faces) GROUP BY face""",
            (content,),
        )
        return [FormerFace(face, Box(*box)) for face, *box, _ in rows]

    def tombstones(self) -> Tombstones:
        """What was forgotten."""
        return Tombstones(self.connection)

    def _row(self, statement: str, *values: object) -> tuple[Any, ...]:
        row: tuple[Any, ...] | None = self.connection.execute(statement, values).fetchone()
        return row or ()
