"""Faces in the catalog: as records for people to see, and by the segments that hold their vectors."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any

from faceindex.running.lazily import module
from faceindex.store.catalog.photos import CatalogPhotos
from faceindex.store.hdf5.vectors import Faces
from faceindex.store.photos.matching_by_box import FormerFace, resized, scaled
from faceindex.types import Box, Face, FaceIds, FaceRecord, Qualities

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
else:
    np = module("numpy")


@dataclass(frozen=True, slots=True)
class CentralFace:
    """The face nearest to the middle of a photo: ids of both, the detector's score, and the quality if known."""

    photo: int
    face: int
    score: float
    quality: float | None


FACES = """
    SELECT faces.id, (SELECT MIN(path) FROM paths WHERE paths.photo = faces.photo),
        x, y, faces.width, faces.height, score, landmarks, album, quality, COALESCE(own.name, theirs.name),
        own.name IS NOT NULL, photos.width, photos.height, origin, faces.photo, taken
    FROM faces JOIN photos ON photos.id = faces.photo
        LEFT JOIN album_faces ON album_faces.face = faces.id LEFT JOIN albums ON albums.id = album
        LEFT JOIN person_faces ON person_faces.face = faces.id LEFT JOIN people AS own ON own.id = person_faces.person
        LEFT JOIN people AS theirs ON theirs.id = albums.person
"""
"""Rows for `face_record`."""


class CatalogFaces(CatalogPhotos):
    """The part of `Catalog` about faces."""

    def faces(self, after: int = 0) -> Iterator[FaceRecord]:
        """Every face, by rising id; those with higher ids than `after`."""
        for row in self.by_blocks(
            FACES + "WHERE faces.id > ? ORDER BY faces.id LIMIT ?", lambda row: (row[0],), (after,)
        ):
            yield face_record(row)

    def photos_of_faces(self, ids: Iterable[int]) -> dict[int, str]:
        """The first path of the photo of each face with these ids."""
        rows = self.connection.execute(
            "SELECT id, (SELECT MIN(path) FROM paths WHERE paths.photo = faces.photo) FROM faces "
            "WHERE id IN (SELECT value FROM json_each(?))",
            (json.dumps([int(face) for face in ids]),),
        )
        return {face: os.fsdecode(path) for face, path in rows}

    def faces_with(self, ids: Iterable[int]) -> dict[int, FaceRecord]:
        """The faces with these ids; an id that is not in the library is left out."""
        chosen = json.dumps([int(face) for face in ids])
        rows = self.connection.execute(FACES + "WHERE faces.id IN (SELECT value FROM json_each(?))", (chosen,))
        return {record.face: record for record in map(face_record, rows)}

    def faces_at(self, path: str) -> list[FaceRecord]:
        """The faces of the photo at this path, by rising id; empty when the library knows no such photo."""
        where = "WHERE faces.photo = (SELECT photo FROM paths WHERE path = ?) ORDER BY faces.id"
        return list(map(face_record, self.connection.execute(FACES + where, (os.fsencode(path),))))

    def central_faces(self) -> Iterator[CentralFace]:
        """Of every photo with faces, the face that is nearest to the photo's middle; by rising photo id."""
        # SQLite takes the other columns from the row that has the minimum.
        rows = self.by_blocks(
            """SELECT photo, faces.id, score, quality, MIN(
                (2 * x + faces.width - photos.width) * (2 * x + faces.width - photos.width)
                + (2 * y + faces.height - photos.height) * (2 * y + faces.height - photos.height))
            FROM faces JOIN photos ON photos.id = photo WHERE photo > ? GROUP BY photo ORDER BY photo LIMIT ?""",
            lambda row: (row[0],),
            (0,),
        )
        return (CentralFace(*row[:4]) for row in rows)

    def faces_of(self, photo: int, size: tuple[int, int]) -> list[FormerFace]:
        """The faces of a photo, also what users say is none, with their boxes scaled as if the photo was resized to
        `size`, (width, height)."""
        zoom = resized(self.size_of(photo), size)
        rows = self.connection.execute("SELECT id, x, y, width, height FROM every_face WHERE photo = ?", (photo,))
        return [FormerFace(face, scaled(Box(*box), zoom)) for face, *box in rows]

    def landmarks_of(self, photo: int) -> dict[int, tuple[Box, npt.NDArray[np.float32]]]:
        """Box and landmarks, float32 [5 or 68, 2], of each face of a photo, also of what users say is none, by id;
        pixels."""
        statement = "SELECT id, x, y, width, height, landmarks FROM every_face WHERE photo = ?"
        rows = self.connection.execute(statement, (photo,))
        return {
            face: (Box(*box), np.frombuffer(landmarks, dtype="<f4").reshape(-1, 2)) for face, *box, landmarks in rows
        }

    def photos_with_drawn_faces(self) -> set[int]:
        """Ids of the photos in which somebody drew the box of a face."""
        statement = """SELECT photo FROM faces WHERE origin NOTNULL
            UNION SELECT photo FROM not_faces WHERE origin NOTNULL"""
        return {photo for (photo,) in self.connection.execute(statement)}

    def drawn_faces(self, photo: int, vectors: Mapping[int, npt.NDArray[np.float32]]) -> dict[int, Face]:
        """The faces of a photo whose boxes somebody drew, by id. vectors: float32 [d], by face; those without are left
        out."""
        rows = self.connection.execute(
            """SELECT id, x, y, width, height, score, landmarks, quality, origin FROM every_face
            WHERE photo = ? AND origin NOTNULL ORDER BY id""",
            (photo,),
        )
        return {
            face: Face(
                *(Box(*box), score, np.frombuffer(landmarks, dtype="<f4").reshape(-1, 2), vectors[face]),
                *(np.nan if quality is None else quality, origin),
            )
            for face, *box, score, landmarks, quality, origin in rows
            if face in vectors
        }

    def decided_faces(self, content: bytes) -> list[FormerFace]:
        """Faces that people decided about, that are in no photo now, and that were last in one with this content."""
        rows = self.connection.execute(
            """SELECT face, x, y, width, height, MAX(id) FROM decisions
            WHERE content = ? AND face NOT IN (SELECT id FROM faces)
                AND face NOT IN (SELECT face FROM not_faces) GROUP BY face""",
            (content,),
        )
        return [FormerFace(face, Box(*box)) for face, *box, _ in rows]

    def stored_faces(self, after: int = 0) -> Faces:
        """All faces that have a vector, or only those whose vector was first written after segment `after`."""
        # Where few of many faces are new, an order that SQLite cannot read off the ids lets it begin at the segment.
        return self._faces("AND segment > ?", after, order="+id" if after else "id")

    def faces_between(self, lowest: int, highest: int) -> Faces:
        """The faces with ids from `lowest` to `highest` that have a vector, also what users say is none."""
        return self._faces("AND id BETWEEN ? AND ?", lowest, highest, table="every_face")

    def stored_among(self, ids: Iterable[int]) -> Faces:
        """Those of `ids` that are faces with a vector, also what users say is none."""
        chosen = json.dumps([int(face) for face in ids])
        return self._faces("AND id IN (SELECT value FROM json_each(?))", chosen, table="every_face")

    def stored_with_others(self) -> Faces:
        """As `stored_faces`, also what users say is no face."""
        return self._faces("", table="every_face")

    def stored_not_faces(self) -> Faces:
        """What has a vector and users say is no face."""
        return self._faces("", table="(SELECT face AS id, segment FROM not_faces)")

    def face_qualities(self) -> Qualities:
        """The quality of each of `stored_faces`: float64 [n], NaN where it is not known."""
        with self._at_once():
            rows = self.connection.execute("SELECT quality FROM faces WHERE segment > 0 ORDER BY id")
            return np.fromiter((np.nan if row[0] is None else row[0] for row in rows), dtype=np.float64)

    def qualities_of(self, ids: FaceIds) -> Qualities:
        """The quality of each of `ids`, int64 [m], rising: float64 [m], NaN where it is not known."""
        rows = self.connection.execute(
            "SELECT id, quality FROM faces WHERE quality IS NOT NULL AND id IN (SELECT value FROM json_each(?))",
            (json.dumps(ids.tolist()),),
        )
        known = dict(rows.fetchall())
        return np.array([known.get(face, np.nan) for face in ids.tolist()], dtype=np.float64)

    def count_written_after(self, segment: int) -> int:
        """Number of faces whose vectors were first written after this segment."""
        return int(self._row("SELECT COUNT(*) FROM faces WHERE segment > ?", segment)[0])

    def count_written_until(self, segment: int) -> int:
        """Number of faces whose vectors were first written in this segment or an earlier one.

        Counted from all faces, as SQLite counts a whole table ten times as fast as a range of nearly all its rows.
        """
        every = self._row("SELECT COUNT(*) FROM faces")[0]
        return int(every) - self.waiting_faces() - self.count_written_after(segment)

    def written_until(self, ids: FaceIds, last: int) -> npt.NDArray[np.bool_]:
        """Which of `ids`, int64 [m], are faces whose vectors were first written in segments up to `last`: bool [m]."""
        rows = self.connection.execute(
            "SELECT id FROM faces WHERE id IN (SELECT value FROM json_each(?)) AND segment BETWEEN 1 AND ?",
            (json.dumps(ids.tolist()), last),
        )
        return np.isin(ids, [row[0] for row in rows])

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

    def _faces(self, condition: str, *values: object, table: str = "faces", order: str = "id") -> Faces:
        statement = f"SELECT id, segment FROM {table} WHERE segment > 0 {condition} ORDER BY {order}"
        with self._at_once():
            numbers = np.fromiter(chain.from_iterable(self.connection.execute(statement, values)), dtype=np.int64)
        columns = numbers.reshape(-1, 2).T
        return Faces(np.ascontiguousarray(columns[0]), np.ascontiguousarray(columns[1]))


def face_record(row: tuple[Any, ...]) -> FaceRecord:
    """The face of a row of `FACES`."""
    face, path, *box, score, landmarks, album, quality, person, confirmed, width, height, origin, photo, taken = row
    points = np.frombuffer(landmarks, dtype="<f4").reshape(-1, 2)
    own = (album, person, quality, bool(confirmed), (width, height), origin, photo, taken)
    return FaceRecord(face, os.fsdecode(path), Box(*box), score, points, *own)
