"""The lists of a library in pages: each is one short read that costs only what it shows."""

from __future__ import annotations

import json
import os
from heapq import merge
from itertools import islice
from typing import Any

from faceindex.store.catalog import Catalog
from faceindex.store.catalog.albums import album_of
from faceindex.store.catalog.faces import FACES, face_record
from faceindex.store.catalog.people import person_of
from faceindex.store.cursors import ALL, begin, page_of
from faceindex.store.photos.photo_paths import under_path
from faceindex.store.selection import EVERYTHING, Selection, first_photos, person_number
from faceindex.types import Album, FaceRecord, FailedPhoto, Page, Person, PhotoRecord

_EVERYBODY = """SELECT people.name, faces, photos, cover, confirmed, hidden, person_ids.id
    FROM people JOIN person_facts ON person = people.id LEFT JOIN person_ids USING (name)
    WHERE {} AND (? OR NOT hidden) ORDER BY people.name LIMIT ?"""


UNDATED = "~"
"""What sorts after every date."""

ALONE = """NOT EXISTS (SELECT 1 FROM album_faces WHERE face = faces.id)
    AND NOT EXISTS (SELECT 1 FROM person_faces WHERE face = faces.id)
    AND NOT EXISTS (SELECT 1 FROM hidden_faces WHERE face = faces.id)
    AND NOT EXISTS (SELECT 1 FROM unknown_faces WHERE face = faces.id)"""
"""The condition of a row of `faces` that is in no album and has no name."""


def album_page(
    catalog: Catalog,
    *,
    limit: int | None,
    cursor: str | None = None,
    hidden: bool = False,
    unknown: bool = False,
    unnamed: bool = False,
) -> Page[Album]:
    """As `Catalog.albums`, largest first. unnamed: only those without a name."""
    what = list_of_albums(hidden=hidden, unknown=unknown, unnamed=unnamed)
    limit = ALL if limit is None else limit
    key = begin(what, cursor, limit)
    faces, album = (1 << 62, 0) if key is None else (int(key[0] or 0), int(key[1] or 0))
    column = "faces" if hidden else "listed_faces"
    listed = "TRUE" if hidden else "listed_faces > 0"
    shown = "faces, photos, cover" if hidden else "listed_faces, listed_photos, listed_cover"
    statement = f"""SELECT album, {shown}, name, albums.hidden, unknown FROM album_facts
        JOIN albums ON albums.id = album LEFT JOIN people ON people.id = person
        WHERE {listed} AND {"TRUE" if unknown else "NOT unknown"} AND {"+person IS NULL" if unnamed else "TRUE"}
        AND {{}} ORDER BY {column} DESC, album LIMIT ?"""
    # The plus keeps SQLite from sorting all albums without a name instead.
    # Two ranges of the index: those as large that come later, then the smaller ones.
    rows = catalog.connection.execute(statement.format(f"{column} = ? AND album > ?"), (faces, album, limit + 1))
    found = rows.fetchall()
    if len(found) <= limit:
        rows = catalog.connection.execute(statement.format(f"{column} < ?"), (faces, limit + 1 - len(found)))
        found += rows.fetchall()
    albums = list(map(album_of, found))
    return page_of(what, albums, limit, lambda one: (one.faces, one.album))


def albums_left_out(catalog: Catalog) -> list[Album]:
    """Albums without a name that are hidden or left alone, the largest first."""
    rows = catalog.connection.execute(
        """SELECT album, faces, photos, cover, name, albums.hidden, unknown FROM albums
        JOIN album_facts ON album = albums.id LEFT JOIN people ON people.id = person
        WHERE person IS NULL AND (albums.hidden OR unknown) ORDER BY faces DESC, album"""
    )
    return list(map(album_of, rows))


def people_page(
    catalog: Catalog, *, limit: int | None, cursor: str | None = None, hidden: bool = False
) -> Page[Person]:
    """As `Catalog.people`, by name."""
    limit = ALL if limit is None else limit
    key = begin("people", cursor, limit)
    after, values = ("TRUE", ()) if key is None else ("people.name > ?", (key[0],))
    rows = catalog.connection.execute(_EVERYBODY.format(after), (*values, hidden, limit + 1))
    people = list(map(person_of, rows))
    return page_of("people", people, limit, lambda one: (one.person,))


def face_page(
    catalog: Catalog,
    *,
    limit: int | None,
    cursor: str | None = None,
    album: int | None = None,
    person: str | None = None,
    hidden: bool = True,
) -> Page[FaceRecord]:
    """Faces by rising id; only those of an album, or of a person. hidden: also hidden faces.

    Raises: UsageError when nobody has this name.
    """
    what = list_of_album(album) if person is None else f"faces of {person}"
    limit = ALL if limit is None else limit
    key = begin(what, cursor, limit)
    after = 0 if key is None else int(key[0] or 0)
    if album is None and person is None:
        where = "faces.id > ?" if hidden else "faces.id > ? AND faces.id NOT IN (SELECT face FROM hidden_faces)"
        rows = catalog.connection.execute(f"{FACES} WHERE {where} ORDER BY faces.id LIMIT ?", (after, limit + 1))
        return page_of(what, list(map(face_record, rows)), limit, lambda one: (one.face,))
    if person is None:
        ids = _of_album(catalog, album or 0, after, limit + 1, hidden=hidden)
    else:
        ids = _of_person(catalog, person_number(catalog, person), after, limit + 1, hidden=hidden)
        if album is not None:
            raise ValueError("faces of an album or of a person")
    found = catalog.faces_with(ids)
    return page_of(what, [found[face] for face in sorted(found)], limit, lambda one: (one.face,))


def dated_face_page(
    catalog: Catalog, person: str, *, limit: int | None, cursor: str | None = None, hidden: bool = False
) -> Page[FaceRecord]:
    """A person's faces by the date of their photo, then by id; those without a date last. hidden: also hidden faces.

    Raises: NotInLibrary when nobody has this name.
    """
    number = person_number(catalog, person)
    what = list_of_person(number)
    limit = ALL if limit is None else limit
    key = begin(what, cursor, limit)
    date, face = ("", 0) if key is None else (str(key[0]), int(key[1] or 0))
    kept = "TRUE" if hidden else "face NOT IN (SELECT face FROM hidden_faces)"
    rows = catalog.connection.execute(
        f"""SELECT face, COALESCE(taken, '{UNDATED}') AS date FROM people_faces JOIN faces ON faces.id = face
        JOIN photos ON photos.id = photo WHERE person = ? AND {kept} AND (date, face) > (?, ?)
        ORDER BY date, face LIMIT ?""",
        (number, date, face, limit + 1),
    ).fetchall()
    records = catalog.faces_with([face for face, _ in rows])
    found = [records[face] for face, _ in rows if face in records]
    return page_of(what, found, limit, lambda one: (one.taken or UNDATED, one.face))


def alone_page(catalog: Catalog, *, limit: int | None, cursor: str | None = None) -> Page[FaceRecord]:
    """Faces in no album and without a name, by rising id; without those that are hidden or left alone."""
    limit = ALL if limit is None else limit
    key = begin("faces alone", cursor, limit)
    rows = catalog.connection.execute(
        f"SELECT id FROM faces WHERE id > ? AND {ALONE} ORDER BY id LIMIT ?",
        (0 if key is None else int(key[0] or 0), limit + 1),
    )
    records = catalog.faces_with([face for (face,) in rows.fetchall()])
    return page_of("faces alone", [records[face] for face in sorted(records)], limit, lambda one: (one.face,))


def photo_page(
    catalog: Catalog, *, limit: int | None, cursor: str | None = None, among: Selection = EVERYTHING
) -> Page[PhotoRecord]:
    """Every path of the selected photos, by path. Raises: UsageError when nobody has a name in the selection."""
    what = list_of_photos(among)
    limit = ALL if limit is None else limit
    key = begin(what, cursor, limit)
    after = None if key is None else str(key[0])
    found = first_photos(catalog, among, after, limit + 1)
    return page_of(what, found, limit, lambda one: (one.path,))


def failure_page(
    catalog: Catalog, *, limit: int | None, cursor: str | None = None, under: str | None = None
) -> Page[FailedPhoto]:
    """Files that could not be read, and what was out of reach, by path."""
    what = f"failures under {under}"
    limit = ALL if limit is None else limit
    key = begin(what, cursor, limit)
    where, values = under_path(under)
    where, after = (f"{where} AND" if where else "WHERE"), b"" if key is None else os.fsencode(str(key[0]))
    rows = catalog.connection.execute(
        f"SELECT path, error, out_of_reach FROM failures {where} path > ? ORDER BY path LIMIT ?",
        (*values, after, limit + 1),
    )
    found = [FailedPhoto(os.fsdecode(path), error, bool(out_of_reach)) for path, error, out_of_reach in rows]
    return page_of(what, found, limit, lambda one: (one.path,))


def list_of_albums(*, hidden: bool = False, unknown: bool = False, unnamed: bool = False) -> str:
    """What the cursors of `album_page` belong to; the same of the other lists follows."""
    what = ("hidden albums" if hidden else "albums") + (" and those left alone" if unknown else "")
    return what + (" without a name" if unnamed else "")


def list_of_album(album: int | None) -> str:
    """Of `face_page`, of an album or of all faces."""
    return f"faces of album {album}"


def list_of_person(number: int) -> str:
    """Of `dated_face_page`, of the person of this number."""
    return f"faces of person {number} by date"


def list_of_photos(among: Selection) -> str:
    """Of `photo_page`."""
    return f"photos {json.dumps([among.shows, among.without, among.only, among.first, among.last, among.under])}"


def _of_album(catalog: Catalog, album: int, after: int, most: int, *, hidden: bool) -> list[int]:
    kept = "TRUE" if hidden else "face NOT IN (SELECT face FROM hidden_faces)"
    rows = catalog.connection.execute(
        f"SELECT face FROM album_faces WHERE album = ? AND face > ? AND {kept} ORDER BY face LIMIT ?",
        (album, after, most),
    )
    return [face for (face,) in rows]


def _of_person(catalog: Catalog, person: int, after: int, most: int, *, hidden: bool) -> list[int]:
    """The first faces of a person: those that were named so, and the others in the person's albums."""
    kept = "TRUE" if hidden else "face NOT IN (SELECT face FROM hidden_faces)"
    said = catalog.connection.execute(
        f"SELECT face FROM person_faces WHERE person = ? AND face > ? AND {kept} ORDER BY face LIMIT ?",
        (person, after, most),
    )
    lists: list[list[Any]] = [[face for (face,) in said]]
    albums = catalog.connection.execute("SELECT id FROM albums WHERE person = ?", (person,)).fetchall()
    for (album,) in albums:
        others = catalog.connection.execute(
            f"""SELECT face FROM album_faces WHERE album = ? AND face > ? AND {kept}
            AND face NOT IN (SELECT face FROM person_faces) ORDER BY face LIMIT ?""",
            (album, after, most),
        )
        lists.append([face for (face,) in others])
    return list(islice(merge(*lists), most))
