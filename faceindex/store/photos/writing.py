"""Every SQL statement that writes photos, faces and segments; each inside its caller's transaction."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from faceindex.photos.finding.entries import FoundFile
from faceindex.store.hdf5.segments import Segment
from faceindex.store.photos.matching_by_box import FormerFace
from faceindex.store.photos.photo_paths import under_path
from faceindex.types import AnalysedPhoto, Box, Face, FailedPhoto


@dataclass(frozen=True, slots=True)
class Arrival:
    """A photo about to be stored, with the files that have its content.

    faces: of the photo, those to be stored. ids: theirs, given before or new. photo_id: of a photo that is stored
    already and was analysed again. former: faces that it was known to have; unsure: which of them may be which of
    `faces`, by id: the place, and the distance, Euclidean. expected: where faces should lie that are none of `faces`.
    """

    content: bytes
    photo: AnalysedPhoto
    files: Sequence[FoundFile]
    faces: Sequence[Face]
    ids: Sequence[int]
    photo_id: int | None
    former: Sequence[FormerFace] = ()
    unsure: Mapping[int, tuple[int, float | None]] = field(default_factory=dict)
    expected: Mapping[int, Box] = field(default_factory=dict)


def insert_segment(transaction: sqlite3.Connection, segment: Segment) -> None:
    """A segment whose file is on disk."""
    transaction.execute(
        "INSERT INTO segments (id, file, faces, checksum, first, last, bytes) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (*(segment.number, segment.file, segment.faces, segment.checksum), segment.first, segment.last, segment.size),
    )


def swap_segments(transaction: sqlite3.Connection, old: Iterable[Segment], new: Segment | None) -> None:
    """Replace the segments `old` by `new`, or by nothing when no vector is left."""
    transaction.executemany("DELETE FROM segments WHERE id = ?", [(segment.number,) for segment in old])
    if new is not None:
        insert_segment(transaction, new)


def store_photo(transaction: sqlite3.Connection, arrival: Arrival, segment: int) -> list[int]:
    """Store the photo, its faces with their vectors in `segment`, and its files; a former state is replaced.

    Returns: as `name_photo`.
    """
    photo = arrival.photo
    values = (photo.width, photo.height, photo.warning, photo.taken, photo.taken_from, photo.turned, now())
    if arrival.photo_id is None:
        cursor = transaction.execute(
            """INSERT INTO photos (width, height, warning, taken, taken_from, turned, analysed, content)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?)""",
            (*values, arrival.content),
        )
        number = cursor.lastrowid
        assert number is not None
    else:
        number = arrival.photo_id
        _note_dates(transaction, [number])
        transaction.execute(
            """UPDATE photos SET width = ?, height = ?, warning = ?, taken = ?, taken_from = ?, turned = ?, analysed = ?
            WHERE id = ?""",
            (*values, number),
        )
        transaction.execute("DELETE FROM unread_dates WHERE photo = ?", (number,))
        former = _ids(transaction, "SELECT id FROM faces WHERE photo = ?", number)
        transaction.executemany("DELETE FROM faces WHERE id = ?", [(f,) for f in former if f not in arrival.ids])
        others = _ids(transaction, "SELECT face FROM not_faces WHERE photo = ?", number)
        transaction.executemany("DELETE FROM not_faces WHERE face = ?", [(f,) for f in others if f not in arrival.ids])
    known = [(number, face) for face in arrival.ids]
    transaction.executemany("UPDATE not_faces SET photo = ? WHERE face = ?", known)
    store_faces(transaction, number, segment, zip(arrival.ids, arrival.faces, strict=True))
    note_change_of_faces(transaction)
    return [other for file in arrival.files for other in name_photo(transaction, number, file)]


def next_face_id(transaction: sqlite3.Connection) -> int:
    """The id that the next new face gets."""
    row = transaction.execute("SELECT seq FROM sqlite_sequence WHERE name = 'faces'").fetchone()
    return (int(row[0]) if row else 0) + 1


def name_photo(transaction: sqlite3.Connection, photo: int, file: FoundFile) -> list[int]:
    """Store `file` as a path of `photo`, and of no other photo, and as no failure. Returns the photo that loses this
    path.

    A photo that gets no other path in this transaction was edited in place: `drop_nameless` removes it.
    """
    path = os.fsencode(file.path)
    before = _ids(transaction, "SELECT photo FROM paths WHERE path = ?", path)
    transaction.execute(
        "INSERT OR REPLACE INTO paths (path, photo, size, mtime_ns, ctime_ns) VALUES (?, ?, ?, ?, ?)",
        (path, photo, file.size, file.mtime_ns, file.ctime_ns),
    )
    transaction.execute("DELETE FROM failures WHERE path = ?", (path,))
    return [other for other in before if other != photo]


def note_library(transaction: sqlite3.Connection, files: Iterable[FoundFile], library: str) -> None:
    """Store that the paths of these files came from a merged library, by its id."""
    transaction.executemany(
        """INSERT OR REPLACE INTO merged_paths SELECT path, (SELECT id FROM merged_libraries WHERE library = ?2)
        FROM paths WHERE path = ?1""",
        [(os.fsencode(file.path), library) for file in files],
    )


def drop_paths(transaction: sqlite3.Connection, paths: Iterable[str]) -> list[int]:
    """Remove `paths`, of photos and of failures. Returns the photos that lose a path: see `name_photo`."""
    photos: list[int] = []
    for path in map(os.fsencode, paths):
        photos += _ids(transaction, "SELECT photo FROM paths WHERE path = ?", path)
        transaction.execute("DELETE FROM paths WHERE path = ?", (path,))
        transaction.execute("DELETE FROM failures WHERE path = ?", (path,))
    return photos


def drop_nameless(transaction: sqlite3.Connection, photos: Iterable[int]) -> None:
    """Remove those of `photos` that have no path left, with their faces."""
    dropped = transaction.executemany(
        "DELETE FROM photos WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM paths WHERE photo = ?1)",
        [(photo,) for photo in photos],
    )
    if dropped.rowcount > 0:
        drop_empty_albums(transaction)
        note_change_of_faces(transaction)


def store_failures(transaction: sqlite3.Connection, failures: Iterable[tuple[FoundFile, str]]) -> None:
    """Files that could not be read, and why."""
    transaction.executemany(
        "INSERT OR REPLACE INTO failures (path, size, mtime_ns, ctime_ns, error, failed) VALUES (?, ?, ?, ?, ?, ?)",
        [(os.fsencode(file.path), file.size, file.mtime_ns, file.ctime_ns, why, now()) for file, why in failures],
    )


def store_ctimes(transaction: sqlite3.Connection, files: Iterable[FoundFile]) -> None:
    """Store when files last changed that were found to have the same content."""
    times = [(file.ctime_ns, os.fsencode(file.path)) for file in files]
    transaction.executemany("UPDATE paths SET ctime_ns = ? WHERE path = ?", times)
    transaction.executemany("UPDATE failures SET ctime_ns = ? WHERE path = ?", times)


def store_out_of_reach(
    transaction: sqlite3.Connection, entries: Iterable[FailedPhoto], searched: Iterable[str]
) -> None:
    """Store what could not be accessed, and why. searched: earlier such entries at or under these paths are removed."""
    for under in searched:
        where, values = under_path(under)
        transaction.execute(f"DELETE FROM failures {where} AND out_of_reach", values)
    transaction.executemany(
        """INSERT INTO failures (path, size, mtime_ns, error, failed, out_of_reach) VALUES (?, 0, 0, ?, ?, 1)
        ON CONFLICT (path) DO UPDATE SET size = 0, mtime_ns = 0, ctime_ns = NULL, error = excluded.error,
            failed = excluded.failed, out_of_reach = 1""",
        [(os.fsencode(entry.path), entry.error, now()) for entry in entries],
    )


def store_dates(transaction: sqlite3.Connection, dates: Mapping[int, tuple[str, str] | None]) -> None:
    """Store when photos of an earlier schema were taken, and where they say so, by photo id. Photos without a date are
    not looked at again."""
    known = [(*date, photo) for photo, date in dates.items() if date is not None]
    transaction.executemany("UPDATE photos SET taken = ?, taken_from = ? WHERE id = ?", known)
    _note_dates(transaction, [photo for *_, photo in known])
    transaction.executemany("DELETE FROM unread_dates WHERE photo = ?", [(photo,) for photo in dates])


def _note_dates(transaction: sqlite3.Connection, photos: Iterable[int]) -> None:
    """Let triggers know that the faces of these photos have other dates, which prepared suggestions depend on."""
    transaction.executemany("UPDATE faces SET photo = photo WHERE photo = ?", [(photo,) for photo in photos])


def drop_empty_albums(transaction: sqlite3.Connection) -> None:
    """Remove albums whose faces were all removed."""
    transaction.execute("DELETE FROM albums WHERE id NOT IN (SELECT album FROM album_faces)")


def note_change_of_faces(transaction: sqlite3.Connection) -> None:
    """Mark what was derived from the faces as out of date, the index above all."""
    transaction.execute("INSERT OR REPLACE INTO settings VALUES ('faces_state', lower(hex(randomblob(16))))")


def now() -> str:
    """The time in UTC, for people to read; nothing depends on it."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def store_faces(transaction: sqlite3.Connection, photo: int, segment: int, faces: Iterable[tuple[int, Face]]) -> None:
    """Store faces of a photo under these ids; their vectors are in `segment`."""
    transaction.executemany(
        """INSERT INTO faces (id, photo, segment, x, y, width, height, score, landmarks, quality, origin)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT (id) DO UPDATE SET photo = excluded.photo, segment = excluded.segment,
            x = excluded.x, y = excluded.y, width = excluded.width, height = excluded.height,
            score = excluded.score, landmarks = excluded.landmarks, quality = excluded.quality,
            origin = excluded.origin""",
        [
            (
                *(number, photo, segment),
                *face.box.as_list(),
                face.score,
                face.landmarks.astype("<f4").tobytes(),
                face.quality,
                face.origin,
            )
            for number, face in faces
        ],
    )


def _ids(transaction: sqlite3.Connection, statement: str, value: object) -> list[int]:
    return [row[0] for row in transaction.execute(statement, (value,))]


def reserve_face_ids(transaction: sqlite3.Connection, faces: Sequence[int]) -> dict[int, int]:
    """A new id for each of `faces`, which no other face gets."""
    (last,) = transaction.execute("SELECT COALESCE(MAX(seq), 0) FROM sqlite_sequence WHERE name = 'faces'").fetchone()
    if faces:
        transaction.execute("DELETE FROM sqlite_sequence WHERE name = 'faces'")
        transaction.execute("INSERT INTO sqlite_sequence VALUES ('faces', ?)", (last + len(faces),))
    return {face: number for number, face in enumerate(faces, start=last + 1)}
