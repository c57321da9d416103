"""What suggestions read from the catalog: which groups there are, and whether two may be one person's."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection
from typing import NamedTuple

from faceindex.journal.acts import APART, MOVE, NAME, NEVER_SUGGEST, REJECT, SPLIT
from faceindex.store.albums import person_of_album
from faceindex.store.derived import PAIRED
from faceindex.store.journal.acts import LISTED, dead_among, listed, with_names_of_now
from faceindex.store.settings import save_settings, setting

_SHOWN = "faces.id NOT IN (SELECT face FROM hidden_faces)"
_PARTS = f"""(kind IN ('{REJECT}', '{SPLIT}', '{APART}', '{NAME}') AND side < 2
    OR kind = '{MOVE}' AND side IN (0, 2))"""
_NEVER = f"(kind = '{NEVER_SUGGEST}')"


class Member(NamedTuple):
    """A face of a group; number: the album, or minus the face's id. taken: when its photo was taken."""

    number: int
    face: int
    named: bool
    taken: str | None


def members(connection: sqlite3.Connection, numbers: Collection[int], least_quality: float) -> list[Member]:
    """The faces, with vectors and neither hidden nor left alone, of those of `numbers` that are groups to ask about; by
    face id.

    least_quality: of single faces; those of unknown quality are included.
    """
    albums = connection.execute(
        f"""SELECT album, faces.id, person IS NOT NULL, taken FROM album_faces JOIN faces ON faces.id = face
            JOIN photos ON photos.id = faces.photo JOIN albums ON albums.id = album
            LEFT JOIN people ON people.id = person
        WHERE album IN {LISTED} AND segment > 0 AND NOT albums.hidden AND NOT albums.unknown
            AND NOT COALESCE(people.hidden, 0) AND {_SHOWN}
            AND NOT EXISTS (SELECT 1 FROM person_faces JOIN people AS own ON own.id = person_faces.person
                WHERE person_faces.face = faces.id AND own.hidden)
        ORDER BY faces.id""",
        (listed([number for number in numbers if number > 0]),),
    ).fetchall()
    singles = connection.execute(
        f"""SELECT -faces.id, faces.id, people.id IS NOT NULL, taken FROM faces JOIN photos ON photos.id = faces.photo
            LEFT JOIN person_faces ON person_faces.face = faces.id LEFT JOIN people ON people.id = person
        WHERE faces.id IN {LISTED} AND segment > 0 AND NOT COALESCE(people.hidden, 0) AND {_SHOWN}
            AND COALESCE(quality, 1) >= ? AND faces.id NOT IN (SELECT face FROM album_faces)
            AND faces.id NOT IN (SELECT face FROM unknown_faces)
        ORDER BY faces.id""",
        (listed([-number for number in numbers if number < 0]), least_quality),
    ).fetchall()
    return [Member(number, face, bool(named), taken) for number, face, named, taken in [*albums, *singles]]


def person_of(connection: sqlite3.Connection, number: int) -> str | None:
    """The name of the person whose group it is; None for nobody's."""
    if number > 0:
        return person_of_album(connection, number)
    statement = "SELECT name FROM person_faces JOIN people ON people.id = person WHERE face = ?"
    row = connection.execute(statement, (-number,)).fetchone()
    return None if row is None else str(row[0])


def in_one_photo(connection: sqlite3.Connection, album: int, number: int) -> bool:
    """Whether a face of the album is in a photo together with one of the group, which is the smaller one; hidden faces
    do not count."""
    ones = "album_faces AS one CROSS JOIN faces AS theirs ON theirs.id = one.face" if number > 0 else "faces AS theirs"
    which = "one.album = ?1" if number > 0 else "theirs.id = ?1"
    row = connection.execute(
        f"""SELECT 1 FROM {ones} CROSS JOIN faces ON faces.photo = theirs.photo
            CROSS JOIN album_faces AS other ON other.face = faces.id
        WHERE {which} AND other.album = ?2 AND {_SHOWN} AND theirs.id NOT IN (SELECT face FROM hidden_faces) LIMIT 1""",
        (abs(number), album),
    ).fetchone()
    return row is not None


def cannot_be_one(connection: sqlite3.Connection, one: int, other: int) -> bool:
    """Whether somebody said that a face of one group is not the same person as a face of the other, or not the other's
    person."""
    return _on_two_sides(connection, one, other, _PARTS) or any(
        _denied(connection, number, person, _PARTS)
        for number, person in ((one, person_of(connection, other)), (other, person_of(connection, one)))
        if person is not None
    )


def unpaired(connection: sqlite3.Connection) -> tuple[str | None, int]:
    """The token of the prepared suggestions, None when there are none, and how many groups have changed since."""
    return setting(connection, PAIRED), int(connection.execute("SELECT COUNT(*) FROM unpaired").fetchone()[0])


def unpaired_groups(connection: sqlite3.Connection) -> set[int]:
    """The albums, and as negative numbers the faces, that changed since suggestions were prepared."""
    return {number for (number,) in connection.execute("SELECT number FROM unpaired")}


def set_paired(transaction: sqlite3.Connection, token: str) -> None:
    """Store that suggestions are prepared as `token`, and that no group has changed since."""
    transaction.execute("DELETE FROM unpaired")
    save_settings(transaction, **{PAIRED: token})


def named_faces(connection: sqlite3.Connection) -> list[tuple[int, str]]:
    """Every face that is somebody's, by a decision or by its album, with the name."""
    statement = "SELECT face, name FROM people_faces JOIN people ON people.id = person"
    return connection.execute(statement).fetchall()


def never_suggested(connection: sqlite3.Connection, one: int, other: int) -> bool:
    """Whether somebody said that it is not to be asked whether these groups are one person's."""
    return _on_two_sides(connection, one, other, _NEVER) or any(
        _denied(connection, number, person, _NEVER)
        for number, person in ((one, person_of(connection, other)), (other, person_of(connection, one)))
        if person is not None
    )


def not_asked_about(connection: sqlite3.Connection) -> list[int]:
    """Ids of the faces that are hidden or left alone, by themselves or with their album or person."""
    rows = connection.execute(
        """SELECT face FROM hidden_faces
        UNION SELECT face FROM album_faces JOIN albums ON albums.id = album LEFT JOIN people ON people.id = person
            WHERE albums.hidden OR people.hidden OR albums.unknown
        UNION SELECT face FROM unknown_faces WHERE face NOT IN (SELECT face FROM album_faces)
        UNION SELECT face FROM person_faces JOIN people ON people.id = person WHERE people.hidden"""
    )
    return [face for (face,) in rows]


def has_more_faces(connection: sqlite3.Connection, count: int) -> bool:
    """Whether the library has more than `count` faces, without counting them all."""
    return connection.execute("SELECT 1 FROM faces LIMIT 1 OFFSET ?", (count,)).fetchone() is not None


def _on_two_sides(connection: sqlite3.Connection, one: int, other: int, parts: str) -> bool:
    acts = _acts_about(connection, one, parts)
    if not acts:
        return False
    theirs = _acts_about(connection, other, parts)
    shared = {act for act, sides in acts.items() if act in theirs and any(a != b for a in sides for b in theirs[act])}
    return bool(shared - dead_among(connection, shared).keys())


def _denied(connection: sqlite3.Connection, number: int, person: str, parts: str) -> bool:
    acts = {act for act, sides in _acts_about(connection, number, parts).items() if 0 in sides}
    if not acts:
        return False
    return any(act.person == person and act.kind != NAME for act in with_names_of_now(connection, acts))


def _acts_about(connection: sqlite3.Connection, number: int, parts: str) -> dict[int, set[int]]:
    """The acts, with faces on the sides that the condition `parts` chooses, in which faces of the group are, with these
    sides. Faces that belong with the group's and are in no photo now are included.

    With CROSS JOIN SQLite looks for the faces first; of itself it reads all acts of these kinds, 18 times as long.
    """
    ours = "SELECT face FROM album_faces WHERE album = ?1" if number > 0 else "SELECT ?1"
    rows = connection.execute(
        f"""SELECT act, side FROM decisions CROSS JOIN acts ON acts.id = act WHERE {parts} AND face IN (
            {ours} UNION SELECT face FROM bonds WHERE bond IN (SELECT bond FROM bonds WHERE face IN ({ours})))""",
        (abs(number),),
    )
    found: dict[int, set[int]] = {}
    for act, side in rows:
        found.setdefault(act, set()).add(side)
    return found
