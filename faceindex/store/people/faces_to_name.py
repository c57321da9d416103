"""What an import of names has to know: the faces of many photos, and which of them it may name."""

from __future__ import annotations

import os
import sqlite3
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from faceindex.journal.acts import MERGE, RENAME
from faceindex.store.catalog import Catalog
from faceindex.store.journal.acts import LISTED, dead_acts, denied, faces_with_denials, listed
from faceindex.store.journal.imports import decided_by_people
from faceindex.types import Box


@dataclass(frozen=True, slots=True)
class FaceToName:
    """A face of a photo. box: pixels of the upright photo. person: whose it is, as somebody said."""

    face: int
    box: Box
    person: str | None
    album: int | None


@dataclass(frozen=True, slots=True)
class PhotoToName:
    """A photo. size: width and height, upright. faces: by rising id."""

    size: tuple[int, int]
    faces: tuple[FaceToName, ...]


def photos_to_name(catalog: Catalog, photos: Collection[int]) -> dict[int, PhotoToName]:
    """These photos, by id, with their faces."""
    found: dict[int, list[FaceToName]] = defaultdict(list)
    rows = catalog.connection.execute(
        f"""SELECT photo, faces.id, x, y, width, height, name, album FROM faces
        LEFT JOIN person_faces ON person_faces.face = faces.id LEFT JOIN people ON people.id = person
        LEFT JOIN album_faces ON album_faces.face = faces.id WHERE photo IN {LISTED} ORDER BY faces.id""",
        (listed(photos),),
    )
    for photo, face, x, y, width, height, name, album in rows:
        found[photo].append(FaceToName(face, Box(x, y, width, height), name, album))
    sizes = catalog.connection.execute(f"SELECT id, width, height FROM photos WHERE id IN {LISTED}", (listed(photos),))
    return {photo: PhotoToName((width, height), tuple(found[photo])) for photo, width, height in sizes}


def paths_and_sizes(catalog: Catalog) -> Iterator[tuple[str, int, int]]:
    """Every path of a photo, with the photo's id and the size of the file in bytes; by path."""
    rows = catalog.by_blocks(
        "SELECT path, photo, size FROM paths WHERE path > ? ORDER BY path LIMIT ?", lambda row: (row[0],), (b"",)
    )
    return ((os.fsdecode(path), photo, size) for path, photo, size in rows)


def names_of_now(connection: sqlite3.Connection, names: Collection[str]) -> dict[str, str]:
    """For each of `names` that nobody has now, because its person was renamed or merged, the person's present name."""
    dead = dead_acts(connection)
    renamed = {
        old: new
        for act, old, new in connection.execute(
            "SELECT id, person, renamed FROM acts WHERE kind = ? AND renamed NOTNULL ORDER BY id", (RENAME,)
        )
        if act not in dead
    }
    if not renamed:
        return {}
    known = {name for (name,) in connection.execute("SELECT name FROM people")}
    found: dict[str, str] = {}
    for name in names:
        now, seen = name, {name}
        while now not in known and now in renamed and renamed[now] not in seen:
            now = renamed[now]
            seen.add(now)
        if now != name and now in known:
            found[name] = now
    return found


def faces_named(catalog: Catalog, people: Mapping[str, int], most: int = 32) -> dict[int, int]:
    """Faces that somebody said are these people's, at most `most` of each. people: numbers, by name. Returns the number
    of each face's person, by face."""
    rows = catalog.connection.execute(
        f"""SELECT face, name FROM (SELECT face, name, ROW_NUMBER() OVER (PARTITION BY person ORDER BY face) AS place
            FROM person_faces JOIN people ON people.id = person WHERE name IN {LISTED}) WHERE place <= ?""",
        (listed(people), most),
    )
    return {face: people[name] for face, name in rows}


def nameable(catalog: Catalog, names: Mapping[int, str]) -> dict[int, str]:
    """Those of `names`, by face, that contradict nothing that users said.

    Left out are faces that somebody named or said to be nobody's or not this person's, hidden faces, those left alone,
    and faces that users put together if the names differ within the group or from its own name.
    """
    connection = catalog.connection
    left = {face: names[face] for face in names.keys() - _settled(connection, names)}
    refused = {face for face in faces_with_denials(connection, left) if left[face] in denied(connection, face)}
    groups = dict(
        connection.execute(f"SELECT face, bond FROM bonds WHERE face IN {LISTED}", (listed(left),)).fetchall()
    )
    people: dict[int, set[str]] = defaultdict(set)
    for face, group in groups.items():
        people[group].add(left[face])
    named = connection.execute(
        f"""SELECT DISTINCT bond, name FROM bonds JOIN person_faces USING (face) JOIN people ON people.id = person
        WHERE bond IN {LISTED}""",
        (listed(people),),
    )
    for group, name in named:
        people[group].add(name)
    return {
        face: name
        for face, name in left.items()
        if face not in refused and (face not in groups or len(people[groups[face]]) == 1)
    }


def _settled(connection: sqlite3.Connection, faces: Collection[int]) -> set[int]:
    """Faces that have a name, that users decided about other than by a merge, that are hidden or left alone."""
    found: set[int] = set()
    for table in ("person_faces", "hidden_faces", "unknown_faces"):
        rows = connection.execute(f"SELECT face FROM {table} WHERE face IN {LISTED}", (listed(faces),))
        found |= {face for (face,) in rows}
    undecided = set(faces) - found
    decided = decided_by_people(connection, undecided)
    merged = {
        face
        for (face,) in connection.execute(
            f"""SELECT face FROM decisions CROSS JOIN acts ON acts.id = act WHERE face IN {LISTED}
            GROUP BY face HAVING SUM(kind != '{MERGE}') = 0""",
            (listed(decided),),
        )
    }
    hidden = connection.execute(
        f"""SELECT face FROM album_faces JOIN albums ON albums.id = album
        WHERE (albums.hidden OR albums.unknown) AND face IN {LISTED}""",
        (listed(undecided),),
    )
    return found | (decided - merged) | {face for (face,) in hidden}
