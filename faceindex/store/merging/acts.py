"""The acts of several journals in one order, by (at, library, uid): whoever decided later, by the clock, holds."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from faceindex.store.journal.act_keys import ActKey
from faceindex.store.merging.source import Source


class _Coming(NamedTuple):
    """An act that is not here. undoes: uid of the act that it undoes."""

    key: ActKey
    made: str
    kind: str
    person: str | None
    undoes: str | None
    renamed: str | None


def merge_acts(
    transaction: sqlite3.Connection, sources: Sequence[Source], names: Mapping[str, Mapping[str, str]]
) -> set[str]:
    """Write the acts that are not here, without their faces. Returns their uids.

    An act keeps its id unless one comes before it; then it, and all behind it, get ids that were never given: an id
    never comes to mean another act. names: by library, what its people are called here, where that differs.
    """
    coming: dict[str, _Coming] = {}
    known = set(uids(transaction))
    for source in sources:
        called = names.get(source.library, {})
        for act in _acts_of(source.connection):
            if act.key.uid not in known and act.key.uid not in coming:
                person, renamed = (None if one is None else called.get(one, one) for one in (act.person, act.renamed))
                coming[act.key.uid] = act._replace(person=person, renamed=renamed)
        _forget_names(transaction, source)
    if coming:
        _write(transaction, sorted(coming.values()))
    return set(coming)


def uids(connection: sqlite3.Connection) -> dict[str, int]:
    """The id of every act, by uid."""
    return dict(connection.execute("SELECT uid, id FROM acts"))


def acts_by_name(connection: sqlite3.Connection) -> dict[str, set[str]]:
    """By name: the uids of the acts in which it is said, or a name that the person had before or after."""
    found: dict[str, set[str]] = {}
    for uid, *names in connection.execute("SELECT uid, person, renamed FROM acts WHERE person NOTNULL"):
        sets = [found.setdefault(name, set()) for name in names if name is not None]
        if sets[0] is not sets[-1]:  # renamed: one person from now on
            sets[0] |= sets[-1]
            found |= {name: sets[0] for name, own in found.items() if own is sets[-1]}
        sets[0].add(uid)
    return found


def _acts_of(connection: sqlite3.Connection) -> Iterable[_Coming]:
    rows = connection.execute(
        """SELECT acts.at, acts.library, acts.uid, acts.made, acts.kind, acts.person, target.uid, acts.renamed
        FROM acts LEFT JOIN acts AS target ON target.id = acts.undoes ORDER BY acts.id"""
    )
    return (_Coming(ActKey(*row[:3]), *row[3:]) for row in rows)


def _forget_names(transaction: sqlite3.Connection, source: Source) -> None:
    """What the source has erased from an act that is here, too: a person who was forgotten there."""
    nameless = source.connection.execute("SELECT uid FROM acts WHERE person IS NULL")
    transaction.executemany("UPDATE acts SET person = NULL WHERE uid = ? AND person NOTNULL", nameless)


def _write(transaction: sqlite3.Connection, coming: Sequence[_Coming]) -> None:
    behind = [
        (ActKey(*key), act)
        for act, *key in transaction.execute(
            "SELECT id, at, library, uid FROM acts WHERE (at, library, uid) > (?, ?, ?) ORDER BY id", coming[0].key
        )
    ]
    following = _last_id(transaction) + 1
    order = sorted([*(key for key, _ in behind), *(act.key for act in coming)])
    number = {key.uid: place for place, key in enumerate(order, start=following)}
    _renumber(transaction, {act: number[key.uid] for key, act in behind})
    transaction.executemany(
        """INSERT INTO acts (id, made, kind, person, undoes, renamed, at, library, uid)
        VALUES (?, ?, ?, ?, (SELECT id FROM acts WHERE uid = ?), ?, ?, ?, ?)""",
        ((number[act.key.uid], act.made, act.kind, act.person, act.undoes, act.renamed, *act.key) for act in coming),
    )
    _set_last_id(transaction, following + len(order) - 1)


def _renumber(transaction: sqlite3.Connection, numbers: Mapping[int, int]) -> None:
    """Give acts other ids, which no act has."""
    if not numbers:
        return
    transaction.execute("PRAGMA defer_foreign_keys = ON")
    changed = [(new, old) for old, new in numbers.items()]
    for statement in (
        "UPDATE acts SET undoes = ? WHERE undoes = ?",
        "UPDATE decisions SET act = ? WHERE act = ?",
        "UPDATE imports SET first = ? WHERE first = ?",
        "UPDATE imports SET act = ? WHERE act = ?",
        "UPDATE covers SET act = ? WHERE act = ?",
        "UPDATE acts SET id = ? WHERE id = ?",
    ):
        transaction.executemany(statement, changed)
    used = transaction.execute("SELECT value FROM settings WHERE name = 'clustered_after_act'").fetchone()
    if used is not None and (moved := [new for old, new in numbers.items() if old <= int(used[0])]):
        transaction.execute("UPDATE settings SET value = ? WHERE name = 'clustered_after_act'", (str(max(moved)),))


def _last_id(transaction: sqlite3.Connection) -> int:
    row = transaction.execute("SELECT seq FROM sqlite_sequence WHERE name = 'acts'").fetchone()
    (highest,) = transaction.execute("SELECT COALESCE(MAX(id), 0) FROM acts").fetchone()
    return max(int(highest), int(row[0]) if row else 0)


def _set_last_id(transaction: sqlite3.Connection, last: int) -> None:
    transaction.execute("DELETE FROM sqlite_sequence WHERE name = 'acts'")
    transaction.execute("INSERT INTO sqlite_sequence VALUES ('acts', ?)", (last,))
