"""What a decision would change, told by where faces were before it and are after it."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Collection, Mapping

from faceindex.journal import acts as kinds
from faceindex.store.journal.act_changes import NOWHERE, Place
from faceindex.store.photos.photo_paths import count_photos
from faceindex.types import Joined, Price

_ABOUT_ALL = frozenset(
    (
        *(kinds.NOT_FACE, kinds.IS_FACE, kinds.DRAW, kinds.COVER, kinds.HIDE, kinds.UNHIDE),
        *(kinds.UNKNOWN, kinds.KNOWN, kinds.CONFIRM),
    )
)
"""Kinds of acts that change each of their faces, also where its person and album stay."""


def price_of(
    transaction: sqlite3.Connection,
    kind: str,
    concerned: Collection[int],
    before: Mapping[int, Place],
    after: Mapping[int, Place],
) -> Price:
    """before, after: of all faces that the act may have changed. concerned: those that it is about."""
    changed = {face for face in before.keys() | after.keys() if before.get(face, NOWHERE) != after.get(face, NOWHERE)}
    people = {place[0] for face in changed for place in (before.get(face, NOWHERE), after.get(face, NOWHERE))} - {None}
    if kind in _ABOUT_ALL:
        changed = changed.union(concerned)
    return Price(
        len(changed), count_photos(transaction, changed), len(people), _joined(transaction, changed, before, after)
    )


def _joined(
    transaction: sqlite3.Connection, changed: Collection[int], before: Mapping[int, Place], after: Mapping[int, Place]
) -> tuple[Joined, ...]:
    """The parts of every person and album that has two at least, and new ones among them; the largest first."""
    parts: dict[str | int, dict[Place, list[int]]] = defaultdict(lambda: defaultdict(list))
    for face, (person, album) in after.items():
        whole = album if person is None else person
        if whole is not None:
            parts[whole][before.get(face, NOWHERE)].append(face)
    wholes = {place[0] or place[1] for face in changed if (place := after.get(face, NOWHERE)) != NOWHERE}
    found = [
        Joined(person, album, len(faces), count_photos(transaction, faces))
        for whole in wholes
        if whole is not None and len(parts[whole]) > 1
        for (person, album), faces in parts[whole].items()
    ]
    return tuple(sorted(found, key=lambda one: (-one.faces, one.person or "", one.album or 0)))
