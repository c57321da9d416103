"""Names follow from the journal: what people said is never changed, and everything else is derived from it.

Beside the id of each face, the journal holds the photo's content and the face's box then, by which the face is
recognised later.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any

from faceindex.journal.acts import NAME
from faceindex.journal.person_names import spelled
from faceindex.journal.state import State, state_after
from faceindex.store.albums import describe_albums
from faceindex.store.journal.act_changes import Place, places_of
from faceindex.store.journal.acts import LISTED, listed, read_acts, write_act
from faceindex.store.journal.affected import Affected, acts_about, affected_by
from faceindex.store.journal.left_out import leave_out, wrongly_kept
from faceindex.store.people.person_ids import give_ids, renames, with_ids
from faceindex.store.photos.writing import Arrival
from faceindex.store.settings import save_settings, setting
from faceindex.types import Box

ALBUMS_DUE = "albums_due"
"""The setting that exists while albums may be out of date with the acts."""


@dataclass(frozen=True, slots=True)
class Decision:
    """An act that was written. act: its id. affected: what it may have changed. state: the state of these faces and
    people now. before: whose and where these faces were, if that was asked for."""

    act: int
    affected: Affected
    state: State
    before: Mapping[int, Place] = field(default_factory=dict)


def decide(
    transaction: sqlite3.Connection,
    kind: str,
    faces: Iterable[int],
    person: str | None = None,
    *,
    others: Sequence[Iterable[int]] = (),
    undoes: int | None = None,
    renamed: str | None = None,
    priced: bool = False,
) -> Decision:
    """Write one act about `faces`, side 0, and `others`, further sides, and update names. Albums are due then.

    kind and the rest: see `Act`. priced: whether to say where faces were before. Only what the act may change is looked
    at; people, names and hidden faces must have been up to date with the journal before.
    """
    act = write_act(transaction, kind, (faces, *others), person, undoes, renamed)
    affected = affected_by(transaction, act)
    before = places_of(transaction, affected.faces) if priced else {}
    state = state_after(acts_about(transaction, affected))
    _apply(transaction, state, affected, renamed=renames(transaction, kind, undoes))
    return Decision(act, affected, state, before)


def decide_names(transaction: sqlite3.Connection, faces_of: Mapping[str, Iterable[int]]) -> list[int]:
    """Write an act for each person, which names these faces, and update names; returns the acts."""
    acts = [write_act(transaction, NAME, (faces,), spelled(person), None) for person, faces in faces_of.items()]
    replay_all(transaction)
    return acts


def replay(transaction: sqlite3.Connection, faces: Iterable[int]) -> None:
    """Update names after `faces` came into the library."""
    chosen = (listed(faces),)
    if transaction.execute("SELECT 1 FROM decisions WHERE face IN (SELECT value FROM json_each(?))", chosen).fetchone():
        replay_all(transaction)


def replay_all(transaction: sqlite3.Connection) -> State:
    """Update people, names and hidden faces from the whole journal. Albums are due then."""
    state = state_after(read_acts(transaction))
    _apply(transaction, state)
    return state


def _apply(
    transaction: sqlite3.Connection, state: State, affected: Affected | None = None, *, renamed: bool = False
) -> None:
    """Update what is a face, people, names, hidden faces and covers to `state`. affected: what the state is of, default
    everything.

    renamed: by an act that renamed somebody, or undid that.
    """
    faces = None if affected is None else affected.faces
    state = leave_out(transaction, state, faces)
    names = dict(_people(transaction, affected))
    said = state.names if affected is None else state.names & affected.people
    transaction.executemany("DELETE FROM people WHERE name = ?", [(name,) for name in sorted(set(names) - said)])
    transaction.executemany("INSERT INTO people (name) VALUES (?)", [(name,) for name in sorted(said - set(names))])
    before = set(names) if affected is not None else names.keys() & with_ids(transaction)
    give_ids(transaction, before, said, renamed=renamed)
    people = dict(_people(transaction, affected))
    changed = ((name in state.hidden_people, number) for name, number in people.items())
    transaction.executemany("UPDATE people SET hidden = ?1 WHERE id = ?2 AND hidden != ?1", changed)
    _make_so(transaction, "person_faces (face, person)", _present(transaction, state, people), faces)
    _make_so(transaction, "absent_names (face, name)", _absent(transaction, state), faces)
    _make_so(transaction, "bonds (face, bond)", _bonds(state), faces)
    hidden = _known(transaction, state.hidden_faces)
    _make_so(transaction, "hidden_faces (face)", {(face,) for face in hidden}, faces)
    left_alone = _known(transaction, state.unknown_faces)
    _make_so(transaction, "unknown_faces (face)", {(face,) for face in left_alone}, faces)
    chosen = _known(transaction, state.covers)
    _make_so(transaction, "covers (face, act)", {(face, state.covers[face]) for face in chosen}, faces)
    describe_albums(transaction, state, None if affected is None else affected.albums)
    save_settings(transaction, **{ALBUMS_DUE: 1})


def _people(connection: sqlite3.Connection, affected: Affected | None) -> list[tuple[str, int]]:
    """(name, id) of everybody, or of those affected."""
    if affected is None:
        return connection.execute("SELECT name, id FROM people").fetchall()
    statement = f"SELECT name, id FROM people WHERE name IN {LISTED}"
    return connection.execute(statement, (listed(affected.people),)).fetchall()


def unsaid(connection: sqlite3.Connection) -> tuple[int, int]:
    """How many faces, and how many people, have names that do not follow from the journal."""
    state = state_after(read_acts(connection))
    people = dict(connection.execute("SELECT name, id FROM people"))
    said = _present(connection, state, people)
    wrong = {face for face, _ in said ^ set(connection.execute("SELECT face, person FROM person_faces"))}
    kept = wrongly_kept(connection, state)
    due = setting(connection, ALBUMS_DUE) is not None
    if not due:
        absent = set(connection.execute("SELECT face, name FROM absent_names"))
        wrong |= {face for face, _ in _absent(connection, state) ^ absent}
        wrong |= {face for face, _ in _bonds(state) ^ set(connection.execute("SELECT face, bond FROM bonds"))}
    nobody = set() if due else set(people) - state.names  # else they go when albums follow
    return len(wrong) + kept, len(state.names - set(people)) + len(nobody)


def decided_faces(connection: sqlite3.Connection) -> int:
    """How many of the faces in the library somebody decided about."""
    return int(connection.execute("SELECT COUNT(*) FROM faces WHERE id IN (SELECT face FROM decisions)").fetchone()[0])


def note_places(transaction: sqlite3.Connection, arrival: Arrival) -> None:
    """Store where decided faces are now: their photo was edited, or came back."""
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


def _absent(connection: sqlite3.Connection, state: State) -> set[tuple[int, str]]:
    """(face, name) of the faces that are somebody's and in no photo now."""
    known = _known(connection, state.person)
    return {(face, name) for face, name in state.person.items() if face not in known}


def _bonds(state: State) -> set[tuple[int, int]]:
    """(face, lowest face that it belongs with) of the faces that belong with others."""
    members: dict[int, list[int]] = defaultdict(list)
    for face, group in state.group.items():
        members[group].append(face)
    groups = ((min(faces), faces) for faces in members.values() if len(faces) > 1)
    return {(face, lowest) for lowest, faces in groups for face in faces}


def _known(connection: sqlite3.Connection, faces: Iterable[int]) -> set[int]:
    """Those of `faces` that are in the library."""
    statement = "SELECT id FROM faces WHERE id IN (SELECT value FROM json_each(?))"
    return {row[0] for row in connection.execute(statement, (listed(faces),))}


def _make_so(
    transaction: sqlite3.Connection,
    table: str,
    wanted: AbstractSet[tuple[Any, ...]],
    faces: Collection[int] | None = None,
) -> None:
    """Make `table (columns)` hold these rows, each of which begins with another face. faces: only rows of these."""
    name, columns = table.split(" ", 1)
    where, values = ("", ()) if faces is None else (f"WHERE face IN {LISTED}", (listed(faces),))
    there = set(transaction.execute(f"SELECT {columns.strip('()')} FROM {name} {where}", values))
    transaction.executemany(f"DELETE FROM {name} WHERE face = ?", [(row[0],) for row in sorted(there - wanted)])
    marks = ", ".join("?" * len(columns.split(",")))
    transaction.executemany(f"INSERT INTO {table} VALUES ({marks})", sorted(wanted - there))
