"""Where the pages of a long list begin: for a grid that shows any part of it without reading what comes before.

The cursors are those of `faceindex.store.pages`, each at the same number of items after the one before.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

from faceindex.store.catalog import Catalog
from faceindex.store.cursors import begin, cursor_of
from faceindex.store.pages import (
    ALONE,
    UNDATED,
    list_of_album,
    list_of_albums,
    list_of_person,
    list_of_photos,
)
from faceindex.store.selection import EVERYTHING, Selection, conditions_of, person_number
from faceindex.types import PageStarts


def of_albums(catalog: Catalog, size: int, *, unnamed: bool = False) -> PageStarts:
    """Of `album_page`, of the albums that are neither hidden nor left alone."""
    rows = catalog.connection.execute(
        f"""SELECT listed_faces, album FROM album_facts JOIN albums ON albums.id = album
        WHERE listed_faces > 0 AND NOT unknown AND {"person IS NULL" if unnamed else "TRUE"}
        ORDER BY listed_faces DESC, album"""
    )
    return _starts(list_of_albums(unnamed=unnamed), size, rows)


def of_people(catalog: Catalog, size: int) -> PageStarts:
    """Of `people_page`, of the people who are not hidden."""
    rows = catalog.connection.execute(
        "SELECT people.name FROM people JOIN person_facts ON person = people.id WHERE NOT hidden ORDER BY people.name"
    )
    return _starts("people", size, rows)


def of_album_faces(catalog: Catalog, album: int, size: int) -> PageStarts:
    """Of `face_page`, of an album's faces that are not hidden."""
    rows = catalog.connection.execute(
        """SELECT face FROM album_faces WHERE album = ? AND face NOT IN (SELECT face FROM hidden_faces)
        ORDER BY face""",
        (album,),
    )
    return _starts(list_of_album(album), size, rows)


def of_person_faces(catalog: Catalog, person: str, size: int) -> PageStarts:
    """Of `dated_face_page`, of a person's faces that are not hidden. Raises: NotInLibrary when nobody has this name."""
    number = person_number(catalog, person)
    rows = catalog.connection.execute(
        f"""SELECT COALESCE(taken, '{UNDATED}') AS date, face FROM people_faces JOIN faces ON faces.id = face
        JOIN photos ON photos.id = photo WHERE person = ? AND face NOT IN (SELECT face FROM hidden_faces)
        ORDER BY date, face""",
        (number,),
    )
    return _starts(list_of_person(number), size, rows)


def of_faces_alone(catalog: Catalog, size: int) -> PageStarts:
    """Of `alone_page`."""
    rows = catalog.connection.execute(f"SELECT id FROM faces WHERE {ALONE} ORDER BY id")
    return _starts("faces alone", size, rows)


def of_photos(catalog: Catalog, selection: Selection, size: int) -> PageStarts:
    """Of `photo_page`. Raises: NotInLibrary when nobody has a name in the selection."""
    if selection == EVERYTHING:
        return _of_all_photos(catalog, size)
    condition, values = conditions_of(catalog, selection)
    rows = catalog.connection.execute(
        f"SELECT path FROM paths JOIN photos ON photos.id = paths.photo WHERE {condition} ORDER BY path", values
    )
    return _starts(list_of_photos(selection), size, ((os.fsdecode(path),) for (path,) in rows))


def _of_all_photos(catalog: Catalog, size: int) -> PageStarts:
    """Without reading all paths: SQLite steps from one start to the next, and counts, an order faster than we do."""
    what = list_of_photos(EVERYTHING)
    begin(what, None, size)
    with catalog.snapshot():
        (count,) = catalog.connection.execute("SELECT COUNT(*) FROM paths").fetchone()
        rows = catalog.connection.execute(
            """WITH RECURSIVE last_paths (path) AS (
                SELECT x'' UNION ALL
                SELECT (SELECT path FROM paths WHERE path > last_paths.path ORDER BY path LIMIT 1 OFFSET :skipped)
                FROM last_paths WHERE last_paths.path IS NOT NULL)
            SELECT path FROM last_paths WHERE path > x'' LIMIT :pages""",
            {"skipped": size - 1, "pages": max(0, count - 1) // size},
        ).fetchall()
    return PageStarts(count, tuple(cursor_of(what, (os.fsdecode(path),)) for (path,) in rows))


def _starts(what: str, size: int, keys: Iterable[tuple[Any, ...]]) -> PageStarts:
    """keys: of all items. Raises: UsageError when the size is below 1."""
    begin(what, None, size)
    count, cursors = 0, []
    key: tuple[Any, ...] = ()
    for count, key in enumerate(keys, 1):
        if count % size == 0:
            cursors.append(cursor_of(what, key))
    if cursors and count % size == 0:
        cursors.pop()  # nothing follows the last item
    return PageStarts(count, tuple(cursors))
