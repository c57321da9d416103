"""Undoing: one act, or all acts of one import; also after a rebuild has used them."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import replace

from faceindex.errors import NotInLibrary, UsageError
from faceindex.journal import acts as kinds
from faceindex.journal.acts import Act
from faceindex.journal.state import state_after
from faceindex.people.albums import derive_albums
from faceindex.people.grouping import CLUSTERED_AFTER
from faceindex.people.history import past_act
from faceindex.people.prices import price_of
from faceindex.people.putting_back import put_back
from faceindex.people.steps import Step, deciding
from faceindex.store.albums import albums_of
from faceindex.store.folder import LibraryFolder
from faceindex.store.journal.act_changes import places_of
from faceindex.store.journal.acts import dead_acts, newest_step, read_acts
from faceindex.store.journal.imports import same_import, undo_import
from faceindex.store.settings import setting
from faceindex.types import Decided


def undo(folder: LibraryFolder, act: int | None = None, *, dry_run: bool = False) -> Decided:
    """Undo an act, by default the newest that counts; an undo can be undone, too.

    Raises: UsageError when there is no such act, or it no longer counts.
    """
    with deciding(folder, dry_run=dry_run) as step:
        chosen = _to_undo(step.transaction, act)
        if imported := same_import(step.transaction, chosen.act):
            done = _undo_import(step, chosen.act, imported)
            return replace(done, undone=past_act(step.catalog, chosen.act))
        _take_out_of_clusters(step.transaction, [chosen])
        about = [face for side in chosen.sides for face in side]
        if chosen.kind == kinds.RENAME:
            about = step.catalog.faces_of_person(chosen.renamed or "") or []
        done = step.decide(kinds.UNDO, [], undoes=chosen.act, about=about)
        return replace(done, undone=past_act(step.catalog, chosen.act))


def _to_undo(transaction: sqlite3.Connection, number: int | None) -> Act:
    dead = dead_acts(transaction)
    if number is None:
        number = newest_step(transaction)
        if number is None:
            raise UsageError("there is nothing to undo; `faceindex people history` shows what was decided")
    if number in dead:
        raise UsageError(f"act {number} is undone already; `faceindex people undo {dead[number]}` takes that back")
    found = read_acts(transaction, [number])
    if not found:
        raise NotInLibrary(f"no act {number}; `faceindex people history` shows what was decided")
    return found[0]


def _undo_import(step: Step, chosen: int, acts: Sequence[int]) -> Decided:
    """Undo `acts` of one import, or undo such undos. chosen: the act that was asked for."""
    transaction = step.transaction
    undone = read_acts(transaction, acts)
    faces = sorted({face for act in undone for side in act.sides for face in side} | _renamed_faces(step, undone))
    before = places_of(transaction, faces)
    _take_out_of_clusters(transaction, undone)
    undos = undo_import(transaction, [act.act for act in undone])
    derive_albums(transaction)
    albums = sorted(set(albums_of(transaction, faces).values()))
    people = {act.person for act in undone}
    person = people.pop() if len(people) == 1 else None
    price = None
    if step.dry_run:
        price = price_of(transaction, kinds.UNDO, faces, before, places_of(transaction, faces))
    number = 0 if step.dry_run else undos[0]
    return Decided(number, kinds.UNDO, person, len(faces), tuple(albums), chosen, price=price)


def _renamed_faces(step: Step, acts: Sequence[Act]) -> set[int]:
    """The faces of people who were renamed by `acts`, by the names that they have now."""
    names = {act.renamed for act in acts if act.kind == kinds.RENAME}
    return {face for name in names for face in step.catalog.faces_of_person(name or "") or []}


def _take_out_of_clusters(transaction: sqlite3.Connection, acts: Sequence[Act]) -> None:
    """Undo in the clusters what the last rebuild made of those `acts` that it has used."""
    clustered_after = int(setting(transaction, CLUSTERED_AFTER) or 0)
    ending = (_ends(transaction, act) for act in acts if act.act <= clustered_after)
    if used := [act for act in ending if act is not None]:
        put_back(transaction, used, state_after(read_acts(transaction)))


def _ends(transaction: sqlite3.Connection, act: Act) -> Act | None:
    """The decision that no longer counts when `act` is undone: itself, or the one that it brought back; None when one
    counts again instead."""
    while act.undoes is not None:
        (below,) = read_acts(transaction, [act.undoes])
        if below.undoes is None:
            return None
        (act,) = read_acts(transaction, [below.undoes])
    return act
