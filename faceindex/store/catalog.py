"""The catalog: the SQL statements that read it."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt

from faceindex.store.hdf5.segments import Segment
from faceindex.store.hdf5.vectors import Faces
from faceindex.store.kept import album_facts, person_facts, settle
from faceindex.store.people.person_ids import name_meant
from faceindex.store.photos.known_photos import KnownPhotos
from faceindex.store.photos.photo_paths import first_paths, folder_range, under_path
from faceindex.types import Album, Box, FaceIds, FaceRecord, FailedPhoto, Person, PhotoRecord, Qualities

NO_FILE = -1
"""In place of a size, of a name that is no file's: a row of vectors, or a photo that nobody has seen here."""


@dataclass(frozen=True, slots=True)
class CentralFace:
    """The face in the middle of a photo: ids of both, the detector's score of the face, and its quality if known."""

    photo: int
    face: int
    score: float
    quality: float | None


FACES = """
    SELECT faces.id, (SELECT MIN(path) FROM paths WHERE paths.photo = faces.photo),
        x, y, faces.width, faces.height, score, landmarks, album, quality, COALESCE(own.name, theirs.name),
        own.name IS NOT NULL, photos.width, photos.height
    FROM faces JOIN photos ON photos.id = faces.photo
        LEFT JOIN album_faces ON album_faces.face = faces.id LEFT JOIN albums ON albums.id = album
        LEFT JOIN person_faces ON person_faces.face = faces.id LEFT JOIN people AS own ON own.id = person_faces.person
        LEFT JOIN people AS theirs ON theirs.id = albums.person
"""
"""Rows for `face_record`."""

BLOCK = 1000
"""Rows that an iterator reads at a time: what is open while its caller works is nothing."""


class Catalog(KnownPhotos):
    """Read access over one SQLite connection; may be used from one thread at a time."""

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """All reads inside see the library as of one commit."""
        self.connection.execute("BEGIN")
        try:
            yield
        finally:
            self.connection.execute("ROLLBACK")

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Everything written inside becomes true at once, or not at all."""
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            yield self.connection
            settle(self.connection)
            self.connection.execute("COMMIT")
        except BaseException:
            if self.connection.in_transaction:
                self.connection.execute("ROLLBACK")
            raise

    def settings(self) -> dict[str, str]:
        """What was decided when the library was created; empty when it never was."""
        if not self._row("SELECT 1 FROM sqlite_master WHERE name = 'settings'"):
            return {}
        return dict(self.connection.execute("SELECT name, value FROM settings"))

    def roots(self) -> list[str]:
        """The folders that photos were ingested from."""
        return [os.fsdecode(row[0]) for row in self.connection.execute("SELECT path FROM roots ORDER BY path")]

    def counts(self) -> dict[str, int]:
        """Number of rows of each table that a user asks about."""
        tables = ("photos", "faces", "people", "albums", "segments")
        counts = {table: int(self._row(f"SELECT COUNT(*) FROM {table}")[0]) for table in tables}
        return counts | {"failures": int(self._row("SELECT COUNT(*) FROM failures WHERE NOT out_of_reach")[0])}

    def out_of_reach(self) -> int:
        """Number of files and folders that could not be looked at."""
        return int(self._row("SELECT COUNT(*) FROM failures WHERE out_of_reach")[0])

    def version(self) -> dict[str, str]:
        """The token of each of `kept.TOPICS`."""
        return dict(self.connection.execute("SELECT topic, token FROM versions").fetchall())

    def faces_state(self) -> str:
        """Random token, replaced whenever faces change; no other library has the same."""
        return self.settings().get("faces_state", "")

    def segments(self) -> list[Segment]:
        """Every segment, in the order in which their vectors were first written."""
        columns = "id, file, faces, checksum, first, last, bytes"
        return [Segment(*row) for row in self.connection.execute(f"SELECT {columns} FROM segments ORDER BY first")]

    def last_segment(self) -> int:
        """The highest number of a segment in which a vector was first written; 0 when there is none."""
        return int(self._row("SELECT COALESCE(MAX(last), 0) FROM segments")[0])

    def stored_faces(self, after: int = 0) -> Faces:
        """All faces that have a vector, or only those whose vector was first written after segment `after`."""
        return self._faces("AND segment > ?", after)

    def count_written(self, first: int, last: int) -> int:
        """Number of faces whose vectors were first written in segments `first` to `last`."""
        return int(self._row("SELECT COUNT(*) FROM faces WHERE segment BETWEEN ? AND ?", first, last)[0])

    def written_until(self, ids: FaceIds, last: int) -> npt.NDArray[np.bool_]:
        """Which of `ids`, int64 [m], are faces whose vectors were first written in segments up to `last`: bool [m]."""
        rows = self.connection.execute(
            "SELECT id FROM faces WHERE id IN (SELECT value FROM json_each(?)) AND segment BETWEEN 1 AND ?",
            (json.dumps(ids.tolist()), last),
        )
        return np.isin(ids, [row[0] for row in rows])

    def faces_between(self, lowest: int, highest: int) -> Faces:
        """The faces with ids from `lowest` to `highest` that have a vector."""
        return self._faces("AND id BETWEEN ? AND ?", lowest, highest)

    def stored_among(self, ids: Iterable[int]) -> Faces:
        """Those of `ids` that are faces with a vector."""
        return self._faces("AND id IN (SELECT value FROM json_each(?))", json.dumps([int(face) for face in ids]))

    def face_qualities(self) -> Qualities:
        """The quality of each of `stored_faces`: float64 [n], NaN where it is not known."""
        with self._at_once():
            rows = self.connection.execute("SELECT quality FROM faces WHERE segment > 0 ORDER BY id")
            return np.fromiter((np.nan if row[0] is None else row[0] for row in rows), dtype=np.float64)

    def faces(self, after: int = 0) -> Iterator[FaceRecord]:
        """Every face, by rising id; those with higher ids than `after`."""
        for row in self.by_blocks(
            FACES + "WHERE faces.id > ? ORDER BY faces.id LIMIT ?", lambda row: (row[0],), (after,)
        ):
            yield face_record(row)

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
        """Of every photo with a face: the face whose middle is nearest to the photo's, by rising photo id."""
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

    def album_faces(self, album: int, *, hidden: bool = False) -> list[FaceRecord]:
        """The faces of one album, by rising id; empty when there is no such album. hidden: the hidden ones, too."""
        kept = "" if hidden else "AND faces.id NOT IN (SELECT face FROM hidden_faces)"
        rows = self.connection.execute(FACES + f"WHERE album = ? {kept} ORDER BY faces.id", (album,))
        return list(map(face_record, rows))

    def albums(self, *, hidden: bool = False) -> list[Album]:
        """All albums, largest first. The cover is the face of best quality, of equals the largest.

        Faces of unknown quality come after the others, in the order of the detector's score. hidden: albums and faces
        that are hidden, too.
        """
        shown = "faces, photos, cover" if hidden else "listed_faces, listed_photos, listed_cover"
        rows = self.connection.execute(
            f"""SELECT album, {shown}, name, albums.hidden
            FROM {album_facts(self.connection)} JOIN albums ON albums.id = album
                LEFT JOIN people ON people.id = person
            {"" if hidden else "WHERE listed_faces > 0"} ORDER BY 2 DESC, album"""
        )
        return list(map(album_of, rows))

    def album(self, album: int, *, hidden: bool = False) -> Album | None:
        """One of `albums`."""
        shown = "faces, photos, cover" if hidden else "listed_faces, listed_photos, listed_cover"
        which = "TRUE" if hidden else "listed_faces > 0"
        row = self._row(
            f"""SELECT album, {shown}, name, albums.hidden FROM album_facts JOIN albums ON albums.id = album
                LEFT JOIN people ON people.id = person WHERE album = ? AND {which}""",
            album,
        )
        return album_of(row) if row else None

    def people(self, *, hidden: bool = False) -> list[Person]:
        """Everybody with a name, by name. The cover is the face of best quality, of equals the largest.

        hidden: people who are hidden, too.
        """
        rows = self.connection.execute(
            f"""SELECT people.name, faces, photos, cover, confirmed, hidden, person_ids.id
            FROM people JOIN {person_facts(self.connection)} ON person = people.id LEFT JOIN person_ids USING (name)
            WHERE ? OR NOT hidden ORDER BY people.name""",
            (hidden,),
        )
        return list(map(person_of, rows))

    def person(self, name: str) -> Person | None:
        """One of `people`, also a hidden one; None when nobody is called so."""
        row = self._row(
            """SELECT people.name, faces, photos, cover, confirmed, hidden, person_ids.id
            FROM people JOIN person_facts ON person = people.id LEFT JOIN person_ids USING (name)
            WHERE people.name = ?""",
            name_meant(self.connection, name),
        )
        return person_of(row) if row else None

    def faces_of_person(self, name: str) -> list[int] | None:
        """Ids of the faces of the person of this name, confirmed or not, rising; None when there is nobody so named."""
        person = self._row("SELECT id FROM people WHERE name = ?", name_meant(self.connection, name))
        if not person:
            return None
        statement = "SELECT face FROM people_faces WHERE person = ? ORDER BY face"
        return [row[0] for row in self.connection.execute(statement, person)]

    def photos(self, under: str | None = None) -> Iterator[PhotoRecord]:
        """Every path of every photo, by path; only those at or under the path `under` if given."""
        last: str | None = None
        while block := first_paths(self, under, "TRUE", (), last, BLOCK):
            yield from block
            last = block[-1].path

    def photo(self, path: str) -> PhotoRecord | None:
        """The photo at this path."""
        return next(iter(first_paths(self, None, "path = ?", (os.fsencode(path),), None, 1)), None)

    def turned(self, path: str) -> int:
        """Degrees, clockwise, by which the photo at this path has to be turned; 0, too, when it is not known."""
        statement = "SELECT turned FROM photos WHERE id = (SELECT photo FROM paths WHERE path = ?)"
        row = self.connection.execute(statement, [os.fsencode(path)]).fetchone()
        return 0 if row is None else int(row[0])

    def paths(self, under: str) -> Iterator[str]:
        """The paths of photos and of failures at or under the path `under`, sorted."""
        return self._paths("SELECT path FROM paths WHERE {0} UNION SELECT path FROM failures WHERE {0}", under)

    def failed_paths(self, under: str) -> list[str]:
        """The paths at or under `under` of files that could not be read, sorted."""
        where, values = under_path(under)
        rows = self.connection.execute(f"SELECT path FROM failures {where} ORDER BY path", values)
        return [os.fsdecode(row[0]) for row in rows]

    def files(self, under: str) -> Iterator[str]:
        """As `paths`, without those at which there never was a file."""
        with_file = f"size != {NO_FILE}"
        return self._paths(
            f"SELECT path FROM paths WHERE {{0}} AND {with_file} UNION SELECT path FROM failures WHERE {{0}}", under
        )

    def photos_under(self, path: str) -> list[int]:
        """Ids of the photos that have a path at or under `path`."""
        where, values = under_path(path)
        return [row[0] for row in self.connection.execute(f"SELECT DISTINCT photo FROM paths {where}", values)]

    def failed(self) -> list[FailedPhoto]:
        """Every file that could not be read, and every file and folder that was out of reach, by path."""
        rows = self.connection.execute("SELECT path, error, out_of_reach FROM failures ORDER BY path")
        return [FailedPhoto(os.fsdecode(path), error, bool(out_of_reach)) for path, error, out_of_reach in rows]

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()

    def _at_once(self) -> AbstractContextManager[None]:
        """All rows of a long statement inside are of one state, and are read as they come."""
        return nullcontext() if self.connection.in_transaction else self.snapshot()

    def _paths(self, statement: str, under: str) -> Iterator[str]:
        """statement: with {0} for a condition on `path`."""
        name = os.fsencode(under)
        for (path,) in self.connection.execute(statement.format("path = ?1"), (name,)).fetchall():
            yield os.fsdecode(path)
        first, end = folder_range(under)
        limited = statement.format("path > ?1 AND path < ?2") + " ORDER BY path LIMIT ?3"
        while block := self.connection.execute(limited, (first, end, BLOCK)).fetchall():
            yield from (os.fsdecode(path) for (path,) in block)
            first = block[-1][0]

    def _faces(self, condition: str, *values: object) -> Faces:
        statement = f"SELECT id, segment FROM faces WHERE segment > 0 {condition} ORDER BY id"
        with self._at_once():
            numbers = np.fromiter(chain.from_iterable(self.connection.execute(statement, values)), dtype=np.int64)
        columns = numbers.reshape(-1, 2).T
        return Faces(np.ascontiguousarray(columns[0]), np.ascontiguousarray(columns[1]))


def face_record(
    row: tuple[int, bytes, int, int, int, int, float, bytes, int | None, float | None, str | None, int, int, int],
) -> FaceRecord:
    """The face of a row of `FACES`."""
    face, path, *box, score, landmarks, album, quality, person, confirmed, width, height = row
    points = np.frombuffer(landmarks, dtype="<f4").reshape(-1, 2)
    own = (album, person, quality, bool(confirmed), (width, height))
    return FaceRecord(face, os.fsdecode(path), Box(*box), score, points, *own)


def album_of(row: tuple[Any, ...]) -> Album:
    """The album of a row: number, faces, photos, cover, person, whether it is hidden."""
    album, faces, photos, cover, person, hidden = row
    return Album(album, faces, photos, cover, person, bool(hidden))


def person_of(row: tuple[Any, ...]) -> Person:
    """The person of a row: name, faces, photos, cover, confirmed faces, whether they are hidden, and their id."""
    name, faces, photos, cover, confirmed, hidden, number = row
    return Person(name, faces, photos, cover, confirmed, bool(hidden), number)
