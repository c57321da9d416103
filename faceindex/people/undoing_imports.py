"""Undoing an import: all names that came with it, and not only those of one person."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from faceindex.journal.acts import UNDO
from faceindex.journal.state import fold
from faceindex.people.albums import derive_albums
from faceindex.people.grouping import CLUSTERED_AFTER
from faceindex.people.putting_back import put_back
from faceindex.store import albums as rows
from faceindex.store.journal.acts import read_acts
from faceindex.store.journal.imports import undo_import
from faceindex.store.settings import setting
from faceindex.types import Decided


def undo_whole_import(transaction: sqlite3.Connection, chosen: int, acts: Sequence[int]) -> Decided:
    """Undo `acts` of one import, or take such undos back. chosen: the one that was asked for."""
    together = read_acts(transaction, acts)
    clustered_after = int(setting(transaction, CLUSTERED_AFTER) or 0)
    if before := [act for act in together if act.act <= clustered_after]:
        put_back(transaction, before, fold(read_acts(transaction)))
    undos = undo_import(transaction, [act.act for act in together])
    derive_albums(transaction)
    faces = sorted({face for act in together for side in act.sides for face in side})
    albums = sorted(set(rows.albums_of(transaction, faces).values()))
    people = {act.person for act in together}
    person = people.pop() if len(people) == 1 else None
    return Decided(undos[0], UNDO, person, len(faces), tuple(albums), chosen)
