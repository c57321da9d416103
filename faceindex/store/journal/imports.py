"""Acts that came from files and are undone together, and the names that photos and sidecars last had.

There are two kinds of import. Names in photos and sidecars follow these files, unless people decide otherwise. Names in
rows, which somebody imported on purpose, count as decisions of people.
"""

from __future__ import annotations

import os
import sqlite3
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from faceindex.journal.acts import APART, CONFIRM, DRAW, MERGE, MOVE, NAME, REJECT, SPLIT, UNDO, UNNAME
from faceindex.store.journal.acts import LISTED, dead_acts, listed, write_act
from faceindex.store.journal.names import decide_names, replay_all

BY_PEOPLE = "act NOT IN (SELECT act FROM imports WHERE NOT decided)"
"""A condition on `decisions`: of an act that people made, or that they imported as rows."""

_ABOUT_WHO_IT_IS = f"""(kind = '{MERGE}' OR (kind = '{MOVE}' AND side < 2)
    OR (side = 0 AND kind IN ('{NAME}', '{CONFIRM}', '{UNNAME}', '{SPLIT}', '{REJECT}', '{APART}'))
    OR (side = 0 AND kind = '{DRAW}' AND person NOTNULL))"""
"""Acts that say who a face is or is not; not that others do not belong to its album, nor that it is hidden."""


@dataclass(frozen=True, slots=True)
class NameInFile:
    """A name, and the file in which it was: a sidecar, or the photo."""

    name: str
    file: str


def names_in_files(connection: sqlite3.Connection, faces: Collection[int]) -> dict[int, NameInFile]:
    """What files said of `faces` when the library last followed them."""
    rows = connection.execute(f"SELECT face, name, file FROM names_in_files WHERE face IN {LISTED}", (listed(faces),))
    return {face: NameInFile(name, os.fsdecode(file)) for face, name, file in rows}


def decided_by_people(connection: sqlite3.Connection, faces: Collection[int]) -> set[int]:
    """Those of `faces` of which people said who they are, or are not; what they took back does not count."""
    rows = connection.execute(
        f"""SELECT face, act FROM decisions CROSS JOIN acts ON acts.id = act
        WHERE face IN {LISTED} AND {BY_PEOPLE} AND {_ABOUT_WHO_IT_IS}""",
        (listed(faces),),
    ).fetchall()
    acts = {act for _, act in rows}
    statement = f"SELECT 1 FROM acts WHERE undoes IN {LISTED}"
    spoken_against = acts and connection.execute(statement, (listed(acts),)).fetchone()
    dead = dead_acts(connection).keys() if spoken_against else ()
    return {face for face, act in rows if act not in dead}


def import_names(
    transaction: sqlite3.Connection, changes: Mapping[int, str | None], said: Mapping[int, NameInFile | None]
) -> None:
    """Let faces have the names that files give them: acts of one import, that are undone together.

    changes: face to its name, None for none. said: what the files say now of these and of other faces, None for
    nothing any more.
    """
    faces_of: dict[str | None, list[int]] = defaultdict(list)
    for face, name in sorted(changes.items()):
        faces_of[name].append(face)
    acts = [write_act(transaction, NAME if name else UNNAME, (faces,), name, None) for name, faces in faces_of.items()]
    make_one_import(transaction, acts)
    gone = [(face,) for face, name in said.items() if name is None]
    transaction.executemany("DELETE FROM names_in_files WHERE face = ?", gone)
    transaction.executemany(
        "INSERT OR REPLACE INTO names_in_files (face, name, file) VALUES (?, ?, ?)",
        [(face, found.name, os.fsencode(found.file)) for face, found in said.items() if found is not None],
    )
    if acts:
        replay_all(transaction)


def import_decisions(
    transaction: sqlite3.Connection,
    faces_of: Mapping[str, Collection[int]],
    first: int | None = None,
    *,
    origin: str | None = None,
) -> int:
    """Decide whose faces these are: acts of one import, that are undone together; returns the first of them.

    faces_of: by person, of one at least. first: the first act of the same import, when it wrote some before. origin:
    see `make_one_import`.
    """
    acts = decide_names(transaction, faces_of)
    make_one_import(transaction, acts, first=first, decided=True, origin=origin)
    return first or min(acts)


def make_one_import(
    transaction: sqlite3.Connection,
    acts: Collection[int],
    *,
    first: int | None = None,
    decided: bool = False,
    origin: str | None = None,
) -> None:
    """Mark these acts, or undos, as one import, which is undone as a whole. decided: they count as decisions of
    people. origin: the program and the file that they came from."""
    if acts:
        begun = first or min(acts)
        rows = [(act, begun, decided, origin) for act in acts]
        transaction.executemany("INSERT INTO imports (act, first, decided, origin) VALUES (?, ?, ?, ?)", rows)


def undo_import(transaction: sqlite3.Connection, acts: Collection[int]) -> list[int]:
    """Undo the acts of one import; returns the undos, which are one import themselves."""
    undos = [write_act(transaction, UNDO, (), None, act) for act in sorted(acts)]
    make_one_import(transaction, undos)
    replay_all(transaction)
    return undos


def imports(connection: sqlite3.Connection, acts: Collection[int] | None = None) -> dict[int, int]:
    """Acts of imports, with the first act of each import. acts: only these."""
    if acts is None:
        return dict(connection.execute("SELECT act, first FROM imports").fetchall())
    statement = f"SELECT act, first FROM imports WHERE act IN {LISTED}"
    return dict(connection.execute(statement, (listed(acts),)).fetchall())


def acts_of_files(connection: sqlite3.Connection) -> set[int]:
    """The acts of imports that do not count as people's."""
    return {act for (act,) in connection.execute("SELECT act FROM imports WHERE NOT decided")}


def origins(connection: sqlite3.Connection, acts: Collection[int]) -> dict[int, str]:
    """For those of `acts` that came from another program, the program and its file."""
    statement = f"SELECT act, origin FROM imports WHERE origin NOTNULL AND act IN {LISTED}"
    return dict(connection.execute(statement, (listed(acts),)).fetchall())


def same_import(connection: sqlite3.Connection, act: int) -> list[int]:
    """The acts of the same import as `act` that count; none when it is of no import."""
    dead = dead_acts(connection)
    statement = "SELECT act FROM imports WHERE first = (SELECT first FROM imports WHERE act = ?) ORDER BY act"
    return [found for (found,) in connection.execute(statement, (act,)) if found not in dead]


def copy_origins(
    source: sqlite3.Connection, transaction: sqlite3.Connection, acts: Mapping[int, int], faces: Mapping[int, int]
) -> None:
    """Copy from `source` which acts came from imports. acts, faces: ids there to ids here."""
    together: dict[tuple[int, bool, str | None], list[int]] = defaultdict(list)
    for act, first, decided, origin in source.execute("SELECT act, first, decided, origin FROM imports"):
        if act in acts:
            together[first, decided, origin].append(acts[act])
    for (_, decided, origin), copied in together.items():
        make_one_import(transaction, copied, decided=decided, origin=origin)
    said = source.execute("SELECT face, name, file FROM names_in_files").fetchall()
    transaction.executemany(
        "INSERT OR IGNORE INTO names_in_files (face, name, file) VALUES (?, ?, ?)",
        [(faces[face], name, file) for face, name, file in said if face in faces],
    )


def forget_names_in_files(transaction: sqlite3.Connection, faces: Collection[int], people: Collection[str]) -> None:
    """Forget what files said of these faces, and these names."""
    statement = f"DELETE FROM names_in_files WHERE face IN {LISTED} OR name IN {LISTED}"
    transaction.execute(statement, (listed(faces), listed(people)))
