"""What the acts of merged journals are about, and what follows from it: imports, lost faces, ids of people."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from faceindex.journal.acts import NAME, RENAME, UNDO
from faceindex.store.journal.acts import other_names
from faceindex.store.journal.imports import make_one_import
from faceindex.store.merging.acts import merge_acts, uids
from faceindex.store.merging.faces import FacesHere, Place, faces_here, other_states
from faceindex.store.merging.source import Source, take_failures
from faceindex.store.people.person_ids import erase_unsaid_ids, take_ids
from faceindex.store.people.unsure_names import copy_unsure

_Row = tuple[int, int, int, Place]
"""Act, side, face and place: all as they are here."""


def merge_decisions(
    transaction: sqlite3.Connection, sources: Sequence[Source], names: Mapping[str, Mapping[str, str]]
) -> int:
    """Take the journals of `sources`, whose photos are here. Returns the number of new acts. Names are due then.

    names: see `merge_acts`.
    """
    coming = merge_acts(transaction, sources, names)
    for source in sources:
        same = faces_here(source.connection, transaction)
        known = uids(transaction)
        _write_rows(transaction, _rows(source.connection, known, same))
        _write_notes(transaction, source.connection, same.first)
        _take_imports(transaction, source.connection, known)
        _take_names_in_files(transaction, source.connection, same.first, names.get(source.library, {}))
        _take_lost_faces(transaction, source.connection, same.first)
        _take_unsure_names(transaction, source.connection, known, names.get(source.library, {}))
        take_ids(source.connection, transaction)
        take_failures(transaction, source)
    _write_rows(transaction, _own_rows(transaction))
    _note_present_places(transaction)
    transaction.execute("DELETE FROM lost_faces WHERE face IN (SELECT id FROM every_face)")
    _drop_acts_about_nothing(transaction)
    erase_unsaid_ids(transaction)
    return len(coming & uids(transaction).keys())


def _rows(source: sqlite3.Connection, known: Mapping[str, int], same: FacesHere) -> Iterator[_Row]:
    rows = source.execute(
        """SELECT uid, side, face, content, x, y, width, height FROM decisions JOIN acts ON acts.id = act
        ORDER BY decisions.id"""
    )
    for uid, side, face, *place in rows:
        act, here = known.get(uid), same.first.get(face)
        if act is None or here is None:
            continue
        yield act, side, here, tuple(place)
        for other, where in same.further.get(face, ()):
            yield act, side, other, where


def _own_rows(transaction: sqlite3.Connection) -> list[_Row]:
    """Rows about other states of faces: their photo was edited in one library, and is in another as it was."""
    other = other_states(transaction)
    rows = transaction.execute("SELECT act, side, face FROM decisions WHERE act NOTNULL ORDER BY id") if other else ()
    return [(act, side, here, place) for act, side, face in rows if face in other for here, place in other[face]]


def _write_rows(transaction: sqlite3.Connection, rows: Iterable[_Row]) -> None:
    transaction.executemany(
        """INSERT INTO decisions (act, side, face, content, x, y, width, height) SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8
        WHERE NOT EXISTS (SELECT 1 FROM decisions INDEXED BY decisions_by_face
            WHERE face = ?3 AND act = ?1 AND side = ?2)""",
        ((act, side, face, *place) for act, side, face, place in rows),
    )


def _write_notes(transaction: sqlite3.Connection, source: sqlite3.Connection, first: Mapping[int, int]) -> None:
    """Where faces were after edits of their photos."""
    rows = source.execute("SELECT face, content, x, y, width, height FROM decisions WHERE act IS NULL ORDER BY id")
    transaction.executemany(
        """INSERT INTO decisions (act, side, face, content, x, y, width, height) SELECT NULL, 0, ?1, ?2, ?3, ?4, ?5, ?6
        WHERE NOT EXISTS (SELECT 1 FROM decisions INDEXED BY decisions_by_face
            WHERE face = ?1 AND (content, x, y, width, height) = (?2, ?3, ?4, ?5, ?6))""",
        ((first[face], *place) for face, *place in rows if face in first),
    )


def _note_present_places(transaction: sqlite3.Connection) -> None:
    """Decided faces that are here are last known where they are."""
    transaction.execute(
        """INSERT INTO decisions (act, side, face, content, x, y, width, height)
        SELECT NULL, 0, known.id, photos.content, known.x, known.y, known.width, known.height
        FROM (SELECT face, MAX(id) AS newest FROM decisions GROUP BY face) AS last
            JOIN decisions ON decisions.id = newest JOIN every_face AS known ON known.id = last.face
            JOIN photos ON photos.id = known.photo
        WHERE (decisions.content, decisions.x, decisions.y, decisions.width, decisions.height)
            IS NOT (photos.content, known.x, known.y, known.width, known.height)"""
    )


def _take_imports(transaction: sqlite3.Connection, source: sqlite3.Connection, known: Mapping[str, int]) -> None:
    """Acts of one import are undone as a whole here, too."""
    imports: dict[tuple[int, int, str | None], list[int]] = defaultdict(list)
    rows = source.execute("SELECT uid, first, decided, origin FROM imports JOIN acts ON acts.id = act")
    for uid, first, decided, origin in rows:
        if uid in known:
            imports[first, decided, origin].append(known[uid])
    here = dict(transaction.execute("SELECT act, first FROM imports"))
    for (_, decided, origin), acts in imports.items():
        new = [act for act in acts if act not in here]
        first = next((here[act] for act in acts if act in here), None)
        make_one_import(transaction, new, first=first, decided=bool(decided), origin=origin)


def _take_names_in_files(
    transaction: sqlite3.Connection, source: sqlite3.Connection, first: Mapping[int, int], called: Mapping[str, str]
) -> None:
    rows = source.execute("SELECT face, name, file FROM names_in_files").fetchall()
    transaction.executemany(
        """INSERT INTO names_in_files (face, name, file) VALUES (?, ?, ?) ON CONFLICT (face) DO UPDATE
        SET name = excluded.name, file = excluded.file WHERE (excluded.file, excluded.name) < (file, name)""",
        [(first[face], called.get(name, name), file) for face, name, file in rows if face in first],
    )


def _take_lost_faces(transaction: sqlite3.Connection, source: sqlite3.Connection, first: Mapping[int, int]) -> None:
    rows = source.execute(
        """SELECT face, content, vector, lost, IIF(candidate IS NULL, distance, NULL) FROM lost_faces
        JOIN photos ON photos.id = photo"""
    )
    transaction.executemany(
        """INSERT OR IGNORE INTO lost_faces (face, photo, vector, lost, distance)
        SELECT ?1, id, ?3, ?4, ?5 FROM photos WHERE content = ?2""",
        ((first[face], *rest) for face, *rest in rows if face in first),
    )


def _take_unsure_names(
    transaction: sqlite3.Connection, source: sqlite3.Connection, known: Mapping[str, int], called: Mapping[str, str]
) -> None:
    acts = {act: known[uid] for act, uid in source.execute("SELECT id, uid FROM acts") if uid in known}
    rows = source.execute(
        """SELECT DISTINCT face, content, x, y, faces.width, faces.height FROM unsure_names
        JOIN faces ON faces.id = face JOIN photos ON photos.id = photo"""
    ).fetchall()
    faces: dict[int, int] = {}
    for face, *place in rows:
        here = transaction.execute(
            """SELECT faces.id FROM photos CROSS JOIN faces ON photo = photos.id
            WHERE content = ? AND (x, y, faces.width, faces.height) = (?, ?, ?, ?)""",
            place,
        ).fetchone()
        if here is not None:
            faces[face] = here[0]
    copy_unsure(source, transaction, acts=acts, faces=faces, called=called)


def _drop_acts_about_nothing(transaction: sqlite3.Connection) -> None:
    """As when faces are erased: what is said of no face, and what is said of names that no face ever had."""
    transaction.execute("DELETE FROM acts WHERE kind = ? AND undoes IS NULL", (UNDO,))
    about = "id NOT IN (SELECT act FROM decisions WHERE act NOTNULL)"
    transaction.execute(f"DELETE FROM acts WHERE (person IS NULL OR kind = ?) AND undoes IS NULL AND {about}", (NAME,))
    said = {
        name
        for (name,) in transaction.execute(
            "SELECT DISTINCT person FROM acts WHERE person NOTNULL AND id IN (SELECT act FROM decisions)"
        )
    }
    known = other_names(transaction, said)
    rows = transaction.execute(
        f"SELECT id, kind, person, renamed FROM acts WHERE person NOTNULL AND {about}"
    ).fetchall()
    unsaid = [act for act, kind, *names in rows if known.isdisjoint(names if kind == RENAME else names[:1])]
    transaction.executemany("DELETE FROM acts WHERE id = ?", [(act,) for act in unsaid])
