"""The file `index/suggestions.sqlite`: albums and single faces with their centres, and which are near each other.

It may be deleted at any time, every erasure deletes it with the index, and no backup has it. It is used only while the
catalog has the same token.
"""

from __future__ import annotations

import math
import os
import sqlite3
from collections.abc import Collection, Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from faceindex.errors import MachineError
from faceindex.files.writing import make_folder, new_file
from faceindex.store.journal.acts import LISTED, listed
from faceindex.types import Vectors

FILE = "suggestions.sqlite"
_CHUNK = 1024
_BUSY_SECONDS = 120.0
"""Seconds that readers and writers wait for each other, also on a machine that is overloaded."""


_NEAR = "number, album, square, score, far"

_SCHEMA = (
    "CREATE TABLE meta (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID",
    """CREATE TABLE groups (
        number INTEGER PRIMARY KEY, size INTEGER NOT NULL, spread REAL NOT NULL, named INTEGER NOT NULL,
        first REAL, last REAL, chunk INTEGER NOT NULL, place INTEGER NOT NULL, centre BLOB NOT NULL)""",
    # The sketches of a chunk's groups, float32, and their numbers, int64, 0 for a place that is free.
    """CREATE TABLE chunks (
        id INTEGER PRIMARY KEY, free INTEGER NOT NULL, numbers BLOB NOT NULL, sketches BLOB NOT NULL)""",
    "CREATE INDEX chunks_with_room ON chunks (id) WHERE free > 0",
    """CREATE TABLE near (
        number INTEGER NOT NULL, album INTEGER NOT NULL, square REAL NOT NULL, score REAL NOT NULL,
        far INTEGER NOT NULL, PRIMARY KEY (number, album)) WITHOUT ROWID""",
    "CREATE INDEX near_by_album ON near (album)",
    "CREATE INDEX near_by_score ON near (score DESC)",
)


class Group(NamedTuple):
    """An album, by its number, or a face that is in none, by minus its id. centre: float32 [d]. first, last: years of
    its earliest and latest dated photo, or NaN."""

    number: int
    size: int
    spread: float
    named: bool
    centre: Vectors
    first: float = math.nan
    last: float = math.nan


class Near(NamedTuple):
    """An album that is near a group. square: mean square distance. score: how useful an answer may be, at most. far:
    whether they are far apart in time."""

    number: int
    album: int
    square: float
    score: float
    far: bool


class GroupFile:
    """Open for reading, or for one change."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def meta(self) -> dict[str, bytes]:
        """The metadata of the file."""
        return dict(self._connection.execute("SELECT name, value FROM meta").fetchall())

    def keep_meta(self, **values: bytes) -> None:
        """Store or replace metadata."""
        self._connection.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", list(values.items()))

    def groups(self, numbers: Collection[int]) -> dict[int, Group]:
        """Those of `numbers` that are there."""
        rows = self._connection.execute(
            f"SELECT number, size, spread, named, centre, first, last FROM groups WHERE number IN {LISTED}",
            (listed(numbers),),
        )
        return {
            number: Group(
                number, size, spread, bool(named), np.frombuffer(centre, dtype="<f4"), _year(first), _year(last)
            )
            for number, size, spread, named, centre, first, last in rows
        }

    def albums(self) -> int:
        """How many groups are albums."""
        return int(self._connection.execute("SELECT COUNT(*) FROM groups WHERE number > 0").fetchone()[0])

    def near(self, numbers: Collection[int]) -> list[Near]:
        """The albums that are near these groups."""
        rows = self._connection.execute(f"SELECT {_NEAR} FROM near WHERE number IN {LISTED}", (listed(numbers),))
        return [_near(*row) for row in rows]

    def near_albums(self, albums: Collection[int]) -> list[Near]:
        """The groups that these albums are near."""
        rows = self._connection.execute(f"SELECT {_NEAR} FROM near WHERE album IN {LISTED}", (listed(albums),))
        return [_near(*row) for row in rows]

    def best(self) -> Iterator[Near]:
        """All pairs, by falling score."""
        for row in self._connection.execute(f"SELECT {_NEAR} FROM near ORDER BY score DESC"):
            yield _near(*row)

    def chunks(self) -> Iterator[tuple[npt.NDArray[np.int64], Vectors]]:
        """Numbers, int64 [n], and sketches, float32 [n, a], of all groups."""
        for numbers, sketches in self._connection.execute("SELECT numbers, sketches FROM chunks ORDER BY id"):
            own = np.frombuffer(numbers, dtype="<i8")
            there = own != 0
            yield own[there], np.frombuffer(sketches, dtype="<f4").reshape(_CHUNK, -1)[there]

    def fill(self, groups: Iterable[Group], numbers: npt.NDArray[np.int64], sketches: Vectors) -> None:
        """Put all groups into an empty file; numbers and sketches in the same order."""
        for chunk in range(-(-len(numbers) // _CHUNK)):
            part = slice(chunk * _CHUNK, (chunk + 1) * _CHUNK)
            self._write_chunk(chunk + 1, numbers[part], sketches[part])
        self._connection.executemany(
            "INSERT INTO groups VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                (*_row(group), 1 + row // _CHUNK, row % _CHUNK, group.centre.astype("<f4").tobytes())
                for row, group in enumerate(groups)
            ),
        )

    def remove(self, numbers: Collection[int]) -> None:
        """Remove groups, with the pairs in which they come first."""
        found = self._connection.execute(
            f"SELECT chunk, place FROM groups WHERE number IN {LISTED} ORDER BY chunk", (listed(numbers),)
        ).fetchall()
        for chunk in sorted({chunk for chunk, _ in found}):
            known, sketches = self._read_chunk(chunk)
            known[[place for own, place in found if own == chunk]] = 0
            self._write_chunk(chunk, known, sketches)
        for table, column in (("groups", "number"), ("near", "number"), ("near", "album")):
            self._connection.execute(f"DELETE FROM {table} WHERE {column} IN {LISTED}", (listed(numbers),))

    def add(self, groups: Collection[Group], sketches: Vectors) -> None:
        """Add groups; sketches in the same order."""
        waiting = list(zip(groups, sketches, strict=True))
        while waiting:
            row = self._connection.execute("SELECT id FROM chunks WHERE free > 0 ORDER BY id LIMIT 1").fetchone()
            if row is None:
                (last,) = self._connection.execute("SELECT COALESCE(MAX(id), 0) FROM chunks").fetchone()
                self._write_chunk(last + 1, np.empty(0, dtype=np.int64), sketches[:0])
                continue
            known, own = self._read_chunk(row[0])
            for place in np.flatnonzero(known == 0).tolist():
                if not waiting:
                    break
                group, sketch = waiting.pop()
                known[place], own[place] = group.number, sketch
                self._connection.execute(
                    "INSERT INTO groups VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    (*_row(group), row[0], place, group.centre.astype("<f4").tobytes()),
                )
            self._write_chunk(row[0], known, own)

    def add_near(self, found: Iterable[Near]) -> None:
        """Add pairs of a group and an album near it."""
        self._connection.executemany("INSERT OR REPLACE INTO near VALUES (?, ?, ?, ?, ?)", found)

    def remove_near(self, pairs: Iterable[tuple[int, int]]) -> None:
        """Remove pairs: (number, album)."""
        self._connection.executemany("DELETE FROM near WHERE number = ? AND album = ?", pairs)

    def _read_chunk(self, chunk: int) -> tuple[npt.NDArray[np.int64], Vectors]:
        row = self._connection.execute("SELECT numbers, sketches FROM chunks WHERE id = ?", (chunk,)).fetchone()
        sketches = np.frombuffer(row[1], dtype="<f4").reshape(_CHUNK, -1)
        return np.frombuffer(row[0], dtype="<i8").copy(), sketches.copy()

    def _write_chunk(self, chunk: int, numbers: npt.NDArray[np.int64], sketches: Vectors) -> None:
        own, rows = np.zeros(_CHUNK, dtype="<i8"), np.zeros((_CHUNK, sketches.shape[1]), dtype="<f4")
        own[: len(numbers)], rows[: len(sketches)] = numbers, sketches
        free = int((own == 0).sum())
        self._connection.execute(
            "INSERT OR REPLACE INTO chunks VALUES (?, ?, ?, ?)", (chunk, free, own.tobytes(), rows.tobytes())
        )


@contextmanager
def reading(index: Path) -> Iterator[GroupFile | None]:
    """The file in the folder `index` as of one moment; None when there is none. Raises: sqlite3.DatabaseError;
    MachineError when a change takes too long."""
    file = index / FILE
    if not file.is_file():
        yield None
        return
    with _waiting(), closing(_open(file, "mode=ro")) as connection:
        connection.execute("BEGIN")
        yield GroupFile(connection)


@contextmanager
def changing(index: Path) -> Iterator[GroupFile]:
    """The file, for one change, which is made whole or not at all. Raises: sqlite3.Error; OSError; MachineError when
    others read or change it for too long."""
    with _waiting(), closing(_open(index / FILE, "mode=rw")) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield GroupFile(connection)
        connection.execute("COMMIT")


@contextmanager
def new_group_file(index: Path) -> Iterator[GroupFile]:
    """A new file, that takes the place of what is there. Raises: sqlite3.Error; OSError."""
    make_folder(index)
    new = index / (FILE + ".tmp")
    new.unlink(missing_ok=True)
    os.close(new_file(new))
    with closing(_open(new, "mode=rw")) as connection:
        for pragma in ("journal_mode = OFF", "synchronous = OFF"):
            connection.execute(f"PRAGMA {pragma}")
        connection.execute("BEGIN")
        for statement in _SCHEMA:
            connection.execute(statement)
        yield GroupFile(connection)
        connection.execute("COMMIT")
    new.replace(index / FILE)


def remove_group_file(index: Path) -> None:
    """Remove the file, which is damaged or incomplete; it is made again when it is needed."""
    (index / FILE).unlink(missing_ok=True)


@contextmanager
def _waiting() -> Iterator[None]:
    """A file that others use is not damaged, and need not be made again. Raises: MachineError."""
    try:
        yield
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY:
            raise MachineError("suggestions are being updated; try again later") from error
        raise


def _open(file: Path, mode: str) -> sqlite3.Connection:
    connection: Any = sqlite3.connect(
        f"{file.absolute().as_uri()}?{mode}", uri=True, isolation_level=None, timeout=_BUSY_SECONDS
    )
    connection.execute("PRAGMA temp_store = MEMORY")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA secure_delete = ON")
    return connection  # type: ignore[no-any-return]


def _row(group: Group) -> tuple[int, int, float, int, float, float]:
    return group.number, group.size, group.spread, int(group.named), group.first, group.last  # SQLite keeps NaN as NULL


def _year(stored: float | None) -> float:
    return math.nan if stored is None else stored


def _near(number: int, album: int, square: float, score: float, far: int) -> Near:
    return Near(number, album, square, score, bool(far))
