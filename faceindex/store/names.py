"""The journal of acts, and the names that follow from it: what people said, never changed and never derived away.

The journal holds, beside the id of each face, the photo's content and the face's box then: by them it is known again.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from itertools import groupby

from faceindex.journal.acts import NAME, Act
from faceindex.journal.state import State, fold
from faceindex.store.albums import describe_albums
from faceindex.store.rows import Arrival, now, save_settings
from faceindex.types import Box

ALBUMS_DUE = "albums_due"
"""A setting that is there while albums may not be what follows from the acts."""


def decide(
    transaction: sqlite3.Connection,
    kind: str,
    faces: Iterable[int],
    person: str | None = None,
    *,
    others: Sequence[Iterable[int]] = (),
    undoes: int | None = None,
) -> int:
    """Write one act about `faces`, side 0, and `others`, further sides, and name faces by it. Returns its id.

    kind and the rest: see `Act`.
    """
    act = _write_act(transaction, kind, (faces, *others), person, undoes)
    replay_all(transaction)
    return act


def decide_names(transaction: sqlite3.Connection, faces_of: Mapping[str, Iterable[int]]) -> None:
    """Write an act for each person, that these faces are theirs, and name the faces by them."""
    for person, faces in faces_of.items():
        _write_act(transaction, NAME, (faces,), person, None)
    replay_all(transaction)


def replay(transaction: sqlite3.Connection, faces: Iterable[int]) -> None:
    """Let names follow from the journal after `faces` came into the library."""
    chosen = (_listed(faces),)
    if transaction.execute("SELECT 1 FROM decisions WHERE face IN (SELECT value FROM json_each(?))", chosen).fetchone():
        replay_all(transaction)


def replay_all(transaction: sqlite3.Connection) -> State:
    """Make people, their names and faces, and what is hidden, what follows from the journal. Albums are due then."""
    state = fold(read_acts(transaction))
    names = dict(transaction.execute("SELECT name, id FROM people"))
    transaction.executemany("DELETE FROM people WHERE name = ?", [(name,) for name in sorted(set(names) - state.names)])
    transaction.executemany("INSERT INTO people (name) VALUES (?)", [(n,) for n in sorted(state.names - set(names))])
    transaction.execute(
        "UPDATE people SET hidden = name IN (SELECT value FROM json_each(?))",
        (json.dumps(sorted(state.hidden_people)),),
    )
    people = dict(transaction.execute("SELECT name, id FROM people"))
    _make_so(transaction, "person_faces (face, person)", _present(transaction, state, people))
    hidden = _known(transaction, state.hidden_faces)
    _make_so(transaction, "hidden_faces (face)", {(face,) for face in hidden})
    describe_albums(transaction, state)
    save_settings(transaction, **{ALBUMS_DUE: 1})
    return state


def unsaid(connection: sqlite3.Connection) -> tuple[int, int]:
    """How many faces' names, and people, are not what follows from the journal."""
    state = fold(read_acts(connection))
    people = dict(connection.execute("SELECT name, id FROM people"))
    said = _present(connection, state, people)
    wrong = {face for face, _ in said ^ set(connection.execute("SELECT face, person FROM person_faces"))}
    return len(wrong), len(state.names ^ set(people))


def read_acts(connection: sqlite3.Connection) -> list[Act]:
    """The whole journal, by rising id."""
    rows = connection.execute("SELECT act, side, face FROM decisions WHERE act IS NOT NULL ORDER BY act, side, face")
    sides: dict[int, tuple[tuple[int, ...], ...]] = {}
    for act, group in groupby(rows, key=lambda row: int(row[0])):
        by_side = {side: tuple(row[2] for row in own) for side, own in groupby(group, key=lambda row: int(row[1]))}
        sides[act] = tuple(by_side.get(side, ()) for side in range(max(by_side) + 1))
    acts = connection.execute("SELECT id, kind, person, undoes, made FROM acts ORDER BY id")
    return [Act(act, kind, sides.get(act, ()), person, undoes, made) for act, kind, person, undoes, made in acts]


def follow_photo(transaction: sqlite3.Connection, arrival: Arrival) -> None:
    """Note where faces that were decided about are now: their photo was edited, or came back."""
    moved = [
        (face_id, arrival.content, *face.box.as_list())
        for face_id, face in zip(arrival.ids, arrival.faces, strict=True)
        if (anchor := _anchor(transaction, face_id)) is not None and anchor != (arrival.content, face.box)
    ]
    transaction.executemany(
        "INSERT INTO decisions (act, side, face, content, x, y, width, height) VALUES (NULL, 0, ?, ?, ?, ?, ?, ?)",
        moved,
    )


def _anchor(transaction: sqlite3.Connection, face: int) -> tuple[bytes, Box] | None:
    row = transaction.execute(
        "SELECT content, x, y, width, height FROM decisions WHERE face = ? ORDER BY id DESC LIMIT 1", (face,)
    ).fetchone()
    return (row[0], Box(*row[1:])) if row else None


def _present(connection: sqlite3.Connection, state: State, people: dict[str, int]) -> set[tuple[int, int]]:
    """(face, person id) of the faces in the library that are somebody's."""
    known = _known(connection, state.person)
    return {(face, people[name]) for face, name in state.person.items() if face in known and name in people}


def _known(connection: sqlite3.Connection, faces: Iterable[int]) -> set[int]:
    """Those of `faces` that are in the library."""
    statement = "SELECT id FROM faces WHERE id IN (SELECT value FROM json_each(?))"
    return {row[0] for row in connection.execute(statement, (_listed(faces),))}


def _make_so(transaction: sqlite3.Connection, table: str, wanted: AbstractSet[tuple[int, ...]]) -> None:
    """Let `table (columns)` hold these rows, of which each begins with another face."""
    name, columns = table.split(" ", 1)
    there = set(transaction.execute(f"SELECT {columns.strip('()')} FROM {name}"))
    transaction.executemany(f"DELETE FROM {name} WHERE face = ?", [(row[0],) for row in sorted(there - wanted)])
    marks = ", ".join("?" * len(columns.split(",")))
    transaction.executemany(f"INSERT INTO {table} VALUES ({marks})", sorted(wanted - there))


def _listed(faces: Iterable[int]) -> str:
    return json.dumps([int(face) for face in faces])


def _write_act(
    transaction: sqlite3.Connection,
    kind: str,
    sides: Iterable[Iterable[int]],
    person: str | None,
    undoes: int | None,
) -> int:
    """Returns its id."""
    cursor = transaction.execute(
        "INSERT INTO acts (made, kind, person, undoes) VALUES (?, ?, ?, ?)", (now(), kind, person, undoes)
    )
    for side, chosen in enumerate(sides):
        transaction.execute(
            """INSERT INTO decisions (act, side, face, content, x, y, width, height)
            SELECT ?, ?, faces.id, content, x, y, faces.width, faces.height FROM faces JOIN photos ON photos.id = photo
            WHERE faces.id IN (SELECT value FROM json_each(?)) ORDER BY faces.id""",
            (cursor.lastrowid, side, _listed(chosen)),
        )
    return int(cursor.lastrowid or 0)
