"""What users have answered about named faces already, for an audit that does not ask again."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection
from dataclasses import replace

from faceindex.journal.acts import APART, CONFIRM, MERGE, MOVE, NAME, NEVER_SUGGEST, REJECT, SPLIT, Act
from faceindex.store.journal.acts import LISTED, dead_among, listed, read_acts, with_names_of_now

_KINDS = (CONFIRM, MERGE, MOVE, SPLIT, REJECT, APART, NEVER_SUGGEST)


def named_rows(connection: sqlite3.Connection) -> tuple[list[tuple[int, int]], dict[int, str]]:
    """(face, number of the person) of all faces with a name that are not hidden, by rising face, and these people's
    names; hidden people are left out."""
    names = dict(connection.execute("SELECT id, name FROM people WHERE NOT hidden").fetchall())
    rows = connection.execute(
        """SELECT face, person FROM people_faces WHERE person IN (SELECT id FROM people WHERE NOT hidden)
        AND face NOT IN (SELECT face FROM hidden_faces) ORDER BY face"""
    ).fetchall()
    return rows, names


def confirmed_by_look(connection: sqlite3.Connection) -> dict[int, set[str]]:
    """The faces that somebody confirmed, and as whose by their present names."""
    acts = [act for (act,) in connection.execute("SELECT id FROM acts WHERE kind = ?", (CONFIRM,))]
    found: dict[int, set[str]] = {}
    for act in _with_faces(connection, acts, None):
        for face in act.side(0) if act.person is not None else ():
            found.setdefault(face, set()).add(str(act.person))
    return found


def acts_between(connection: sqlite3.Connection, faces: Collection[int], others: Collection[int] = ()) -> list[Act]:
    """The acts that count and say of any of `faces` that it belongs with others, or does not, or is not asked about,
    with present names. Their sides have `faces` and `others` alone."""
    rows = connection.execute(
        f"""SELECT DISTINCT act FROM decisions CROSS JOIN acts ON acts.id = act WHERE face IN {LISTED}
        AND (kind IN {_KINDS} OR kind = '{NAME}' AND side = 1)""",
        (listed(faces),),
    )
    return _with_faces(connection, [act for (act,) in rows], {*faces, *others})


def _with_faces(connection: sqlite3.Connection, acts: Collection[int], faces: Collection[int] | None) -> list[Act]:
    if not acts:
        return []
    alive = sorted(set(acts) - dead_among(connection, acts).keys())
    person = {act.act: act.person for act in with_names_of_now(connection, alive)}
    return [replace(act, person=person.get(act.act, act.person)) for act in read_acts(connection, alive, faces)]
