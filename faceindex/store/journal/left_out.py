"""What the journal takes out of the faces: what users say is no face, and drawn faces whose drawing was undone.

Their rows lie in `not_faces`, so that no list, search, count or export has to think of them. Their vectors stay in the
segments. When the journal says so, a row goes back, with its id and its cluster.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection
from dataclasses import replace

from faceindex.journal.state import State
from faceindex.store.journal.acts import LISTED, listed
from faceindex.store.photos.writing import note_change_of_faces
from faceindex.store.settings import setting

_COLUMNS = "photo, segment, x, y, width, height, score, landmarks, quality, origin"
_INDEXED = "indexed"  # of which state of the library an index was saved


def leave_out(transaction: sqlite3.Connection, state: State, faces: Collection[int] | None = None) -> State:
    """Move rows between `faces` and `not_faces` as `state` says. faces: only these.

    Returns: the state, in which what is left out is nobody's.
    """
    out = _out(transaction, state, "SELECT id, origin NOTNULL FROM faces WHERE", "id", faces)
    waiting = _rows(transaction, "SELECT face, origin NOTNULL FROM not_faces WHERE", "face", faces)
    back = [face for face, drawn in waiting if face not in state.not_faces and (not drawn or face in state.drawn)]
    if out:
        _take_out(transaction, out)
    if back:
        _put_back(transaction, back)
    if out or back:
        note_change_of_faces(transaction)
    gone = {face for face, _ in waiting}.union(out).difference(back)
    if gone.isdisjoint(state.person):
        return state
    person = {face: name for face, name in state.person.items() if face not in gone}
    return replace(state, person=person, names=frozenset(person.values()))


def once_left_out(connection: sqlite3.Connection) -> list[int]:
    """Faces of which somebody once said that they are none, or whose drawing may have been undone; rising."""
    rows = connection.execute(
        """SELECT DISTINCT face FROM acts JOIN decisions ON act = acts.id WHERE kind IN ('draw', 'not-face')
        ORDER BY face"""
    )
    return [face for (face,) in rows]


def wrongly_kept(connection: sqlite3.Connection, state: State) -> int:
    """How many rows lie in the other table than the journal says."""
    out = _out(connection, state, "SELECT id, origin NOTNULL FROM faces WHERE", "id", None)
    waiting = _rows(connection, "SELECT face, origin NOTNULL FROM not_faces WHERE", "face", None)
    return len(out) + sum(face not in state.not_faces and (not drawn or face in state.drawn) for face, drawn in waiting)


def _out(
    connection: sqlite3.Connection, state: State, statement: str, column: str, faces: Collection[int] | None
) -> list[int]:
    chosen = state.not_faces if faces is None else state.not_faces & set(faces)
    said = _rows(connection, statement, column, chosen)
    drawn = _rows(connection, f"{statement} origin NOTNULL AND", column, faces)
    return sorted({face for face, _ in said} | {face for face, _ in drawn if face not in state.drawn})


def _rows(
    connection: sqlite3.Connection, statement: str, column: str, faces: Collection[int] | None
) -> list[tuple[int, int]]:
    if faces is None:
        return connection.execute(f"{statement} TRUE").fetchall()
    return connection.execute(f"{statement} {column} IN {LISTED}", (listed(faces),)).fetchall()


def _take_out(transaction: sqlite3.Connection, faces: Collection[int]) -> None:
    transaction.execute(
        f"""INSERT INTO not_faces (face, {_COLUMNS}, cluster, indexed)
        SELECT id, {_COLUMNS}, cluster, ? FROM faces LEFT JOIN clusters ON face = id WHERE id IN {LISTED}
        ON CONFLICT (face) DO UPDATE SET photo = excluded.photo, segment = excluded.segment, x = excluded.x,
            y = excluded.y, width = excluded.width, height = excluded.height, score = excluded.score,
            landmarks = excluded.landmarks, quality = excluded.quality, origin = excluded.origin,
            cluster = COALESCE(excluded.cluster, cluster), indexed = excluded.indexed""",
        (setting(transaction, _INDEXED), listed(faces)),
    )
    transaction.execute(f"DELETE FROM faces WHERE id IN {LISTED}", (listed(faces),))


def _put_back(transaction: sqlite3.Connection, faces: Collection[int]) -> None:
    """An index that was saved while a face was left out lacks it, and is built again."""
    chosen = listed(faces)
    transaction.execute(
        f"INSERT INTO faces (id, {_COLUMNS}) SELECT face, {_COLUMNS} FROM not_faces WHERE face IN {LISTED}", (chosen,)
    )
    transaction.execute(
        f"INSERT INTO clusters SELECT face, cluster FROM not_faces WHERE face IN {LISTED} AND cluster NOTNULL",
        (chosen,),
    )
    transaction.execute(
        f"""DELETE FROM settings WHERE name = '{_INDEXED}'
        AND EXISTS (SELECT 1 FROM not_faces WHERE face IN {LISTED} AND indexed IS NOT settings.value)""",
        (chosen,),
    )
    transaction.execute(f"DELETE FROM not_faces WHERE face IN {LISTED}", (chosen,))
