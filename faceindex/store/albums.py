"""Albums on disk: the clusters, the albums that follow from clusters and acts, and the numbers of albums."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from faceindex.journal.state import State
from faceindex.running.lazily import module
from faceindex.types import FaceIds, Labels

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
else:
    np = module("numpy")


Pairs = tuple[FaceIds, Labels]
"""Faces, int64 [n], and for each an album or a cluster, int64 [n]."""


def faces_in(connection: sqlite3.Connection, album: int) -> list[int]:
    """The faces of an album, hidden ones too, by rising id."""
    return [
        row[0] for row in connection.execute("SELECT face FROM album_faces WHERE album = ? ORDER BY face", (album,))
    ]


def albums_of(connection: sqlite3.Connection, faces: Iterable[int]) -> dict[int, int]:
    """The albums of those of `faces` that are in one."""
    statement = "SELECT face, album FROM album_faces WHERE face IN (SELECT value FROM json_each(?))"
    return dict(connection.execute(statement, (json.dumps([int(face) for face in faces]),)).fetchall())


def clustered(connection: sqlite3.Connection, faces: Collection[int] | None = None) -> Pairs:
    """The cluster of each face, -1 for none: of all faces in the library, or of those of `faces`, by rising id."""
    where, values = _among("id", faces)
    return _pairs(
        connection,
        f"SELECT id, COALESCE(cluster, -1) FROM faces LEFT JOIN clusters ON face = id {where} ORDER BY id",
        values,
    )


def clusters(connection: sqlite3.Connection) -> dict[int, int]:
    """The cluster of each face that clustering put into one."""
    return dict(connection.execute("SELECT face, cluster FROM clusters").fetchall())


def person_of_album(connection: sqlite3.Connection, album: int) -> str | None:
    """The name of the person whose album this is; None for nobody's."""
    statement = "SELECT name FROM albums JOIN people ON people.id = person WHERE albums.id = ?"
    row = connection.execute(statement, (album,)).fetchone()
    return None if row is None else str(row[0])


def album_faces(connection: sqlite3.Connection) -> Pairs:
    """Every face that is in an album, by rising id."""
    return _pairs(connection, "SELECT face, album FROM album_faces ORDER BY face")


def faces_alone(connection: sqlite3.Connection) -> list[int]:
    """Ids of the faces in no album that are neither hidden nor left alone, of best quality first."""
    rows = connection.execute(
        """SELECT id FROM faces WHERE id NOT IN (SELECT face FROM album_faces)
        AND id NOT IN (SELECT face FROM hidden_faces) AND id NOT IN (SELECT face FROM unknown_faces)
        ORDER BY quality DESC, score DESC, id"""
    )
    return [row[0] for row in rows]


def seeds(connection: sqlite3.Connection, faces: Collection[int] | None = None) -> Pairs:
    """Seeds: the faces for which an album's number was first given, where it is no cluster's number. faces: only
    these."""
    where, values = _among("face", faces)
    return _pairs(connection, f"SELECT face, album FROM album_seeds {where} ORDER BY album, face", values)


def versions(connection: sqlite3.Connection, albums: Collection[int] | None = None) -> list[tuple[int, int, bytes]]:
    """(age, number, fingerprint) of every set of faces that was an album since the last rebuild, the oldest first.
    albums: only these numbers."""
    where, values = _among("album", albums)
    return connection.execute(f"SELECT id, album, faces FROM album_versions {where} ORDER BY id", values).fetchall()


def add_versions(transaction: sqlite3.Connection, found: Iterable[tuple[int, bytes]]) -> None:
    """Store (number, fingerprint) of albums: an undo that brings back the same faces brings back the number."""
    transaction.executemany("INSERT INTO album_versions (album, faces) VALUES (?, ?)", found)


def photos_of(connection: sqlite3.Connection, faces: FaceIds) -> npt.NDArray[np.int64]:
    """int64 [n]: the photo of each face, -1 for one that is not there."""
    photo = dict(_pairs_of(connection, "SELECT id, photo FROM faces ORDER BY id"))
    return np.array([photo.get(face, -1) for face in faces.tolist()], dtype=np.int64)


def reserve(transaction: sqlite3.Connection, count: int) -> int:
    """Reserve `count` new album numbers and return the first. No number is ever given twice."""
    row = transaction.execute("SELECT seq FROM sqlite_sequence WHERE name = 'albums'").fetchone()
    last = row[0] if row else 0
    if row is None:
        transaction.execute("INSERT INTO sqlite_sequence VALUES ('albums', 0)")
    transaction.execute("UPDATE sqlite_sequence SET seq = ? WHERE name = 'albums'", (last + count,))
    return int(last) + 1


def seed(transaction: sqlite3.Connection, founders: Iterable[tuple[int, int]]) -> None:
    """Store the faces for which albums' numbers were given. founders: (number, face)."""
    transaction.executemany("INSERT OR IGNORE INTO album_seeds VALUES (?, ?)", founders)


def replace_clusters(transaction: sqlite3.Connection, clusters: Mapping[int, int]) -> None:
    """Replace all clusters. clusters: number of the cluster, by face."""
    for table in ("clusters", "album_versions"):
        transaction.execute(f"DELETE FROM {table}")
    add_to_clusters(transaction, clusters)
    transaction.execute("UPDATE not_faces SET cluster = NULL WHERE cluster NOT IN (SELECT cluster FROM clusters)")


def add_to_clusters(transaction: sqlite3.Connection, clusters: Mapping[int, int]) -> None:
    """Add faces to clusters, or move them. Faces that were removed meanwhile are left out.

    A number that is a cluster's now needs no seed.
    """
    transaction.executemany(
        "INSERT OR REPLACE INTO clusters SELECT id, ? FROM faces WHERE id = ?",
        [(cluster, face) for face, cluster in clusters.items()],
    )
    numbers = json.dumps(sorted(set(clusters.values())))
    transaction.execute("DELETE FROM album_seeds WHERE album IN (SELECT value FROM json_each(?))", (numbers,))


def move_to_albums(transaction: sqlite3.Connection, wanted: Mapping[int, int | None]) -> None:
    """Put faces into albums, or with None into no album; empty albums are removed."""
    left = set(albums_of(transaction, wanted).values())
    transaction.executemany("DELETE FROM album_faces WHERE face = ?", [(face,) for face in wanted])
    placed = [(face, album) for face, album in wanted.items() if album is not None]
    transaction.executemany("INSERT OR IGNORE INTO albums (id) VALUES (?)", {(album,) for _, album in placed})
    transaction.executemany("INSERT INTO album_faces (face, album) VALUES (?, ?)", placed)
    transaction.executemany(
        "DELETE FROM albums WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM album_faces WHERE album = ?1)",
        [(album,) for album in sorted(left)],
    )


def describe_albums(transaction: sqlite3.Connection, state: State, chosen: Collection[int] | None = None) -> None:
    """Set the person of each album, and whether it is hidden or left alone, as its faces say. chosen: numbers of
    albums, default all."""
    where, values = _among("id", chosen)
    named = _albums_named(transaction, chosen)
    listed, asked = (_votes(transaction, said) for said in (state.listed, state.asked))
    for album, *before in transaction.execute(
        f"SELECT id, person, hidden, unknown FROM albums {where}", values
    ).fetchall():
        now = [named.get(album), int(listed[album] < 0), int(asked[album] < 0)]
        if before != now:
            transaction.execute("UPDATE albums SET person = ?, hidden = ?, unknown = ? WHERE id = ?", (*now, album))


def _votes(transaction: sqlite3.Connection, said: Mapping[int, bool]) -> Counter[int]:
    """Of each album, how many of its faces say yes less those that say no."""
    votes = Counter[int]()
    albums = albums_of(transaction, said)
    for face, yes in said.items():
        if face in albums:
            votes[albums[face]] += 1 if yes else -1
    return votes


def _albums_named(connection: sqlite3.Connection, chosen: Collection[int] | None) -> dict[int, int]:
    """The person that most named faces of an album are of; on a tie, the first by name."""
    where, values = _among("album", chosen)
    return dict(
        _pairs_of(
            connection,
            f"""SELECT album, person FROM (
                SELECT album, person, ROW_NUMBER() OVER (PARTITION BY album ORDER BY COUNT(*) DESC, name) AS place
                FROM person_faces JOIN album_faces USING (face) JOIN people ON people.id = person {where}
                GROUP BY album, person) WHERE place = 1""",
            values,
        )
    )


def _among(column: str, chosen: Collection[int] | None) -> tuple[str, tuple[str, ...]]:
    """A WHERE clause for rows whose `column` is one of these, or for all, and its values."""
    if chosen is None:
        return "", ()
    return f"WHERE {column} IN (SELECT value FROM json_each(?))", (json.dumps(sorted(chosen)),)


def _pairs(connection: sqlite3.Connection, statement: str, values: Sequence[object] = ()) -> Pairs:
    found = np.array(_pairs_of(connection, statement, values), dtype=np.int64).reshape(-1, 2)
    return np.ascontiguousarray(found[:, 0]), np.ascontiguousarray(found[:, 1])


def _pairs_of(connection: sqlite3.Connection, statement: str, values: Sequence[object] = ()) -> list[tuple[int, int]]:
    return connection.execute(statement, values).fetchall()
