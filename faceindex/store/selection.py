"""Photos and faces chosen by person, date and path: conditions in SQL, each answered by an index.

The date of a photo is text in ISO 8601, in local time. So the beginning of a date, "2019" or "2019-07", is a bound, and
with a tilde behind it the bound after everything that begins so.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

from faceindex.errors import UsageError
from faceindex.running.lazily import module
from faceindex.store.catalog import Catalog
from faceindex.store.people.known_people import unknown_person
from faceindex.store.people.person_ids import name_meant
from faceindex.store.photos.photo_paths import first_paths
from faceindex.types import FaceIds, PhotoRecord

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
else:
    np = module("numpy")


_DAY = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d))?)?")

_SHOWS = "{} IN (SELECT photo FROM people_faces JOIN faces ON id = face WHERE person = ?)"
_SHOWS_OTHERS = """EXISTS (SELECT 1 FROM faces LEFT JOIN person_faces ON person_faces.face = faces.id
    LEFT JOIN album_faces ON album_faces.face = faces.id LEFT JOIN albums ON albums.id = album
    WHERE photo = {} AND COALESCE(COALESCE(person_faces.person, albums.person)
        NOT IN (SELECT value FROM json_each(?)), TRUE))"""


@dataclass(frozen=True, slots=True)
class Selection:
    """Which photos are meant; those for which everything that is said here is true.

    shows: all these people. without: none of these. only: every face, unnamed ones too, is one of `shows`. first,
    last: taken on these days or between; "2019" and "2019-07" are all their days. A photo that does not say when it was
    taken is on no day. under: a path, at or under which the photo lies.
    Raises: UsageError when a day is none, or when only nobody is to be shown.
    """

    shows: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    only: bool = False
    first: str | None = None
    last: str | None = None
    under: str | None = None

    def __post_init__(self) -> None:
        for day in (self.first, self.last):
            if day is not None and not _is_day(day):
                raise UsageError(f"{day} is not a date; write 2019, 2019-07 or 2019-07-20")
        if self.only and not self.shows:
            raise UsageError("--only needs the people that may be in the photos: --with NAME")


EVERYTHING = Selection()
"""All photos."""


def selected_photos(catalog: Catalog, selection: Selection) -> Iterator[PhotoRecord]:
    """Every path of the photos that are meant, by path. Raises: UsageError when somebody has no such name."""
    if selection == replace(EVERYTHING, under=selection.under):
        return catalog.photos(selection.under)
    condition, values = conditions_of(catalog, selection)
    # The paths first, all of them, as they are sorted: nothing is open while the caller looks at a photo.
    paths = catalog.connection.execute(
        f"SELECT path FROM paths JOIN photos ON photos.id = paths.photo WHERE {condition} ORDER BY path", values
    ).fetchall()
    return (one for (path,) in paths for one in first_paths(catalog.connection, None, "path = ?", (path,), None, 1))


def first_photos(catalog: Catalog, selection: Selection, after: str | None, most: int) -> list[PhotoRecord]:
    """The first of `selected_photos` after the path `after`, if given. Raises: as that."""
    conditions, values = _conditions(catalog, selection, "photos.id")
    return first_paths(catalog.connection, selection.under, " AND ".join(conditions), values, after, most)


def conditions_of(catalog: Catalog, selection: Selection) -> tuple[str, list[object]]:
    """The condition of a row of `paths` joined with `photos`, and its values. Raises: as `selected_photos`."""
    conditions, values = _conditions(catalog, selection, "photos.id")
    place, where = _under(selection.under)
    return " AND ".join([*conditions, *place]), [*values, *where]


def selected_faces(
    catalog: Catalog, faces: FaceIds, selection: Selection, *, unnamed: bool = False
) -> npt.NDArray[np.bool_]:
    """Which of `faces`, int64 [m], are in photos that are meant: bool [m]. unnamed: and have no name.

    Raises: UsageError when somebody has no such name.
    """
    conditions, values = _conditions(catalog, selection, "photos.id")
    place, where = _under(selection.under)
    if place:
        conditions.append(f"photos.id IN (SELECT paths.photo FROM paths WHERE {place[0]})")
    if unnamed:
        conditions.append("NOT EXISTS (SELECT 1 FROM people_faces WHERE face = faces.id)")
    found = catalog.connection.execute(
        f"""SELECT faces.id FROM faces JOIN photos ON photos.id = faces.photo
        WHERE faces.id IN (SELECT value FROM json_each(?)) AND {" AND ".join(conditions)}""",
        (json.dumps(faces.tolist()), *values, *where),
    )
    return np.isin(faces, [row[0] for row in found])


def person_number(catalog: Catalog, name: str) -> int:
    """The id of the person of this name. Raises: UsageError when nobody has it."""
    row = catalog.connection.execute(
        "SELECT id FROM people WHERE name = ?", (name_meant(catalog.connection, name),)
    ).fetchone()
    if row is None:
        raise unknown_person(catalog, name)
    return int(row[0])


def _conditions(catalog: Catalog, selection: Selection, photo: str) -> tuple[list[str], list[object]]:
    """Of a photo whose id is the column `photo`, and their values."""
    conditions, values = ["TRUE"], list[object]()
    shown = [person_number(catalog, name) for name in selection.shows]
    for person in shown:
        conditions.append(_SHOWS.format(photo))
        values.append(person)
    for name in selection.without:
        conditions.append("NOT " + _SHOWS.format(photo))
        values.append(person_number(catalog, name))
    if selection.only:
        conditions.append("NOT " + _SHOWS_OTHERS.format(photo))
        values.append(json.dumps(shown))
    if selection.first is not None:
        conditions.append("taken >= ?")
        values.append(selection.first)
    if selection.last is not None:
        conditions.append("taken < ?")
        values.append(selection.last + "~")
    return conditions, values


def _under(path: str | None) -> tuple[list[str], list[object]]:
    if path is None:
        return [], []
    name = os.fsencode(path)
    folder = name.rstrip(b"/") + b"/"
    # 0 comes after /
    return ["(paths.path = ? OR (paths.path >= ? AND paths.path < ?))"], [name, folder, folder[:-1] + b"0"]


def _is_day(text: str) -> bool:
    found = _DAY.fullmatch(text)
    try:
        return bool(found and date(*(int(part or 1) for part in found.groups())))
    except ValueError:
        return False
