"""The rows of a library as they are in PostgreSQL, in blocks by rising id, each with its digest."""

from __future__ import annotations

import hashlib
import os
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

from faceindex.store.catalog import Catalog
from faceindex.store.journal.acts import LISTED, listed

BLOCK = 4096
"""Rows in memory at once."""

Row = tuple[Any, ...]
"""The columns of a table, without `vector`, the last one the digest."""

_PEOPLE = """
    SELECT people.id, person_ids.id, name, hidden FROM people LEFT JOIN person_ids USING (name)
    WHERE people.id > ? ORDER BY people.id LIMIT ?
"""
_PHOTOS = "SELECT id, content, width, height, taken FROM photos WHERE id > ? ORDER BY id LIMIT ?"
_FACES = """
    SELECT faces.id, photo, COALESCE(own.person, albums.person), own.person NOTNULL, album,
        EXISTS (SELECT 1 FROM hidden_faces WHERE face = faces.id) OR COALESCE(albums.hidden, 0)
            OR COALESCE(people.hidden, 0),
        x, y, width, height, score, quality, segment
    FROM faces LEFT JOIN album_faces ON album_faces.face = faces.id LEFT JOIN albums ON albums.id = album
        LEFT JOIN person_faces AS own ON own.face = faces.id
        LEFT JOIN people ON people.id = COALESCE(own.person, albums.person)
    WHERE faces.id > ? ORDER BY faces.id LIMIT ?
"""


def people(catalog: Catalog) -> Iterator[list[Row]]:
    """id, public id, name, whether hidden."""

    def rows(block: list[Row]) -> list[Row]:
        return [_with_digest((*row[:2], plain_text(row[2]), bool(row[3]))) for row in block]

    return _blocks(catalog, _PEOPLE, rows)


def photos(catalog: Catalog) -> Iterator[list[Row]]:
    """id, content, first path, all paths, width, height, date."""

    def rows(block: list[Row]) -> list[Row]:
        paths = defaultdict(list)
        statement = f"SELECT photo, path FROM paths WHERE photo IN {LISTED} ORDER BY path"
        for photo, path in catalog.connection.execute(statement, (listed(row[0] for row in block),)):
            paths[photo].append(plain_text(os.fsdecode(path)))
        return [
            _with_digest((photo, content, next(iter(paths[photo]), None), paths[photo], *rest))
            for photo, content, *rest in block
        ]

    return _blocks(catalog, _PHOTOS, rows)


def faces(catalog: Catalog) -> Iterator[list[Row]]:
    """id, photo, person, whether confirmed, album, whether hidden, x, y, width, height, score, quality.

    The digest also says which vector it is: faces that were analysed again have another one.
    """

    def rows(block: list[Row]) -> list[Row]:
        return [
            _with_digest((*row[:3], bool(row[3]), row[4], bool(row[5]), *row[6:12]), vector=row[12]) for row in block
        ]

    return _blocks(catalog, _FACES, rows)


def _blocks(catalog: Catalog, statement: str, rows: Callable[[list[Row]], list[Row]]) -> Iterator[list[Row]]:
    last = 0
    while block := catalog.connection.execute(statement, (last, BLOCK)).fetchall():
        last = block[-1][0]
        yield rows(block)


def _with_digest(row: Row, *, vector: int = 0) -> Row:
    digest = hashlib.blake2b(repr((row, vector)).encode(), digest_size=8).digest()
    return (*row, int.from_bytes(digest, "little", signed=True))


def plain_text(text: str) -> str:
    """Text that PostgreSQL takes: paths need not be UTF-8."""
    return text.encode("utf-8", "backslashreplace").decode().replace("\0", "\\0")
