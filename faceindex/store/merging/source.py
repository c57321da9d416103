"""A library that is merged into another one."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from faceindex.store.catalog import Catalog
from faceindex.store.folder import LibraryFolder
from faceindex.store.journal.act_keys import library_id
from faceindex.store.journal.acts import LISTED, listed
from faceindex.store.photos.writing import now
from faceindex.types import Saying


@dataclass(frozen=True, slots=True)
class Source:
    """A library as of one commit: `catalog` is in a snapshot. name: its path."""

    folder: LibraryFolder
    catalog: Catalog
    name: str

    @property
    def connection(self) -> sqlite3.Connection:
        """Of the catalog."""
        return self.catalog.connection

    @property
    def library(self) -> str:
        """The id of the library."""
        return library_id(self.connection)


def note_sources(transaction: sqlite3.Connection, sources: Sequence[Source], own_name: str) -> None:
    """Store what the libraries are called, and the folders that their photos were ingested from."""
    known = [(source.library, source.name) for source in sources]
    for source in sources:
        known += source.connection.execute("SELECT library, name FROM merged_libraries").fetchall()
        roots = source.connection.execute("SELECT path FROM roots").fetchall()
        transaction.executemany("INSERT OR IGNORE INTO roots VALUES (?)", roots)
    known.append((library_id(transaction), own_name))
    transaction.executemany("INSERT OR IGNORE INTO merged_libraries (library, name) VALUES (?, ?)", known)


def sayings(connection: sqlite3.Connection, acts: Collection[int]) -> dict[int, Saying]:
    """These acts, by id, with the library in which each was decided."""
    rows = connection.execute(
        f"""SELECT acts.id, COALESCE(name, acts.library, ''), made, kind, person FROM acts
        LEFT JOIN merged_libraries USING (library) WHERE acts.id IN {LISTED}""",
        (listed(acts),),
    )
    return {act: Saying(library, act, made, kind, person) for act, library, made, kind, person in rows}


def first_paths(connection: sqlite3.Connection, faces: Collection[int]) -> dict[int, str]:
    """The first path of the photo of each of `faces`, also of what is no face."""
    rows = connection.execute(
        f"""SELECT known.id, MIN(path) FROM every_face AS known JOIN paths ON paths.photo = known.photo
        WHERE known.id IN {LISTED} GROUP BY known.id""",
        (listed(faces),),
    )
    return {face: os.fsdecode(path) for face, path in rows}


def held(catalog: Catalog) -> dict[str, int]:
    """Numbers of rows, see `Catalog.counts`; of faces also what users say is none."""
    (others,) = catalog.connection.execute("SELECT COUNT(*) FROM not_faces").fetchone()
    counts = catalog.counts()
    return counts | {"every_face": counts["faces"] + int(others), "tombstones": len(catalog.tombstones())}


def take_failures(transaction: sqlite3.Connection, source: Source) -> None:
    """Files that the source could not read, unless a photo is known at the path, or it was looked at later here."""
    rows = source.connection.execute("SELECT path, size, mtime_ns, ctime_ns, error, out_of_reach FROM failures")
    transaction.executemany(
        """INSERT INTO failures (path, size, mtime_ns, ctime_ns, error, out_of_reach, failed)
        SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7 WHERE NOT EXISTS (SELECT 1 FROM paths WHERE path = ?1)
        ON CONFLICT (path) DO UPDATE SET size = excluded.size, mtime_ns = excluded.mtime_ns,
            ctime_ns = excluded.ctime_ns, error = excluded.error, out_of_reach = excluded.out_of_reach
        WHERE (excluded.mtime_ns, excluded.size, excluded.error) > (mtime_ns, size, error)""",
        ((*row, now()) for row in rows),
    )
    unread = source.connection.execute("SELECT content FROM unread_dates JOIN photos ON photos.id = photo")
    transaction.executemany(
        "INSERT OR IGNORE INTO unread_dates SELECT id FROM photos WHERE content = ? AND taken IS NULL", unread
    )
