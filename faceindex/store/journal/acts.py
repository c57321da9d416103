"""The rows of the journal: acts, written once and never changed, and the faces that they are about."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterable
from itertools import groupby

from faceindex.journal.acts import APART, MOVE, NEVER_SUGGEST, REJECT, SPLIT, UNDO, Act, undone, with_last_names
from faceindex.store.journal.act_keys import new_key
from faceindex.store.photos.writing import now

LISTED = "(SELECT value FROM json_each(?))"
"""In a statement, the values of a list that `listed` made."""

_DENIALS = f"""FROM decisions CROSS JOIN acts ON acts.id = act WHERE side = 0 AND person NOTNULL
    AND kind IN ('{APART}', '{REJECT}', '{SPLIT}', '{MOVE}', '{NEVER_SUGGEST}')"""
"""Faces that are not the person's of the act, and the acts that say so."""


def listed(values: Iterable[int | str]) -> str:
    """Numbers or texts, as one value for `LISTED`."""
    return json.dumps([value if isinstance(value, str) else int(value) for value in values])


def write_act(
    transaction: sqlite3.Connection,
    kind: str,
    sides: Iterable[Iterable[int]],
    person: str | None,
    undoes: int | None = None,
    renamed: str | None = None,
) -> int:
    """Write an act and return its id. kind and the rest: see `Act`."""
    cursor = transaction.execute(
        "INSERT INTO acts (made, kind, person, undoes, renamed, at, library, uid) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (now(), kind, person, undoes, renamed, *new_key(transaction)),
    )
    for side, chosen in enumerate(sides):
        transaction.execute(
            f"""INSERT INTO decisions (act, side, face, content, x, y, width, height)
            SELECT ?, ?, known.id, content, x, y, known.width, known.height
            FROM every_face AS known JOIN photos ON photos.id = photo WHERE known.id IN {LISTED} ORDER BY known.id""",
            (cursor.lastrowid, side, listed(chosen)),
        )
    return int(cursor.lastrowid or 0)


def read_acts(
    connection: sqlite3.Connection, chosen: Collection[int] | None = None, faces: Collection[int] | None = None
) -> list[Act]:
    """Acts by rising id: the whole journal, or those `chosen`. faces: if given, others are left out of the sides."""
    which, values = ("", []) if chosen is None else (f"AND act IN {LISTED}", [listed(chosen)])
    whom, about = ("", []) if faces is None else (f"AND face IN {LISTED}", [listed(faces)])
    rows = connection.execute(
        f"SELECT act, side, face FROM decisions WHERE act IS NOT NULL {which} {whom} ORDER BY act, side, face",
        (*values, *about),
    )
    sides: dict[int, tuple[tuple[int, ...], ...]] = {}
    for act, group in groupby(rows, key=lambda row: int(row[0])):
        by_side = {side: tuple(row[2] for row in own) for side, own in groupby(group, key=lambda row: int(row[1]))}
        sides[act] = tuple(by_side.get(side, ()) for side in range(max(by_side) + 1))
    only = "" if chosen is None else f"WHERE id IN {LISTED}"
    acts = connection.execute(f"SELECT id, kind, person, undoes, made, renamed FROM acts {only} ORDER BY id", values)
    return [Act(act, kind, sides.get(act, ()), *rest) for act, kind, *rest in acts]


def last_act(connection: sqlite3.Connection) -> int:
    """The highest id of an act in the journal; 0 when the journal is empty."""
    return int(connection.execute("SELECT COALESCE(MAX(id), 0) FROM acts").fetchone()[0])


def count_acts(connection: sqlite3.Connection) -> int:
    """Number of acts in the journal, undos among them."""
    return int(connection.execute("SELECT COUNT(*) FROM acts").fetchone()[0])


def act_ids(connection: sqlite3.Connection, beyond: int | None, most: int, *, newest_first: bool = False) -> list[int]:
    """At most `most` ids of acts, by rising id or the newest first. beyond: only those that come after this act."""
    where, order = ("id < ?", "id DESC") if newest_first else ("id > ?", "id")
    start = beyond if beyond is not None else (1 << 62) * newest_first
    rows = connection.execute(f"SELECT id FROM acts WHERE {where} ORDER BY {order} LIMIT ?", (start, most))
    return [act for (act,) in rows]


def newest_step(connection: sqlite3.Connection) -> int | None:
    """The newest act that counts and is no undo; None when there is none."""
    dead = dead_acts(connection)
    rows = connection.execute("SELECT id FROM acts WHERE kind != ? ORDER BY id DESC", (UNDO,))
    return next((act for (act,) in rows if act not in dead), None)


def was_named(connection: sqlite3.Connection, person: str) -> bool:
    """Whether anybody ever had this name, also when it was undone."""
    return connection.execute("SELECT 1 FROM acts WHERE ? IN (person, renamed)", (person,)).fetchone() is not None


def other_names(connection: sqlite3.Connection, people: Iterable[str]) -> set[str]:
    """`people`, and all names that they were renamed to or from, in any number of steps, undone or not."""
    pairs = connection.execute("SELECT person, renamed FROM acts WHERE renamed NOTNULL").fetchall()
    found, before = set(people), -1
    while pairs and len(found) > before:
        before = len(found)
        for pair in pairs:
            if not found.isdisjoint(pair):
                found.update(pair)
    return found


def faces_with_denials(connection: sqlite3.Connection, faces: Collection[int]) -> set[int]:
    """Those of `faces` of which somebody ever said that they are not somebody's: `denied` says whose, if it counts."""
    rows = connection.execute(f"SELECT DISTINCT face {_DENIALS} AND face IN {LISTED}", (listed(faces),))
    return {face for (face,) in rows}


def denied(connection: sqlite3.Connection, face: int) -> set[str]:
    """The people, by their present names, of whom somebody said that the face is not theirs, or that nobody is to ask
    whether it is."""
    about = {act for (act,) in connection.execute(f"SELECT act {_DENIALS} AND face = ?", (face,))}
    return {act.person for act in with_names_of_now(connection, about) if act.person is not None} if about else set()


def with_names_of_now(connection: sqlite3.Connection, acts: Collection[int]) -> list[Act]:
    """Those of `acts` that count, without their faces, with the present name of every person."""
    renaming = {act for (act,) in connection.execute("SELECT id FROM acts WHERE renamed NOTNULL")}
    dead = dead_among(connection, renaming.union(acts))
    rows = connection.execute(
        f"SELECT id, kind, person, renamed FROM acts WHERE id IN {LISTED} ORDER BY id", (listed(renaming.union(acts)),)
    )
    found = [Act(act, kind, (), person, renamed=renamed) for act, kind, person, renamed in rows if act not in dead]
    return [act for act in with_last_names(found) if act.act in set(acts)]


def dead_among(connection: sqlite3.Connection, acts: Iterable[int]) -> dict[int, int]:
    """Those of `acts` that do not count, with the undo that cancels each."""
    undos: dict[int, Act] = {}
    asked = set(acts)
    while asked:
        rows = connection.execute(f"SELECT id, undoes FROM acts WHERE undoes IN {LISTED}", (listed(asked),)).fetchall()
        asked = {act for act, _ in rows} - undos.keys()
        undos |= {act: Act(act, UNDO, undoes=undone_by) for act, undone_by in rows}
    return undone([undos[act] for act in sorted(undos)])


def dead_acts(connection: sqlite3.Connection, before: int | None = None) -> dict[int, int]:
    """Ids of the acts that do not count, with the undo that cancels each. before: as it was before this act."""
    undos = connection.execute("SELECT id, undoes FROM acts WHERE undoes IS NOT NULL ORDER BY id").fetchall()
    return undone([Act(act, UNDO, undoes=undoes) for act, undoes in undos if before is None or act < before])
