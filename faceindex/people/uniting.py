"""Several people, and albums without a name, become one person in one step."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import replace

from faceindex.errors import UsageError
from faceindex.journal import acts as kinds
from faceindex.people.prices import price_of
from faceindex.people.steps import Step, deciding
from faceindex.store.folder import LibraryFolder
from faceindex.store.journal.act_changes import changes_between, places_of
from faceindex.store.journal.imports import make_one_import
from faceindex.store.people.known_people import unknown_person
from faceindex.store.people.person_ids import name_meant
from faceindex.types import Decided, Target


def unite(folder: LibraryFolder, targets: Sequence[Target], *, dry_run: bool = False) -> Decided:
    """All of these people and albums are the first person given, who keeps the name. One undo takes all of it back.

    An album that is somebody's stands for that person. Raises: UsageError when they are fewer than two, when nobody
    among them has a name, or when one does not exist.
    """
    with deciding(folder, dry_run=dry_run) as step:
        people, nameless = _people_and_albums(step, targets)
        if not people:
            raise UsageError("none of these has a name; `faceindex people merge` takes the numbers of such albums")
        if len(people) + len(nameless) < 2:
            raise UsageError(f"these are all {people[0]} already; merging takes two people, or a person and an album")
        kept, others = people[0], people[1:]
        sides = [*(step.catalog.faces_of_person(name) or [] for name in people), *nameless]
        about = sorted({face for side in sides for face in side})
        before = places_of(step.transaction, about)
        done = [_renamed(step, other, kept) for other in others]
        done.append(step.decide(kinds.MERGE, sides[0], others=sides[1:], about=about))
        if not step.dry_run:
            make_one_import(step.transaction, [one.act for one in done], decided=True)
        return _summed(step.transaction, kept, done, about, before, step.dry_run)


def unite_faces(folder: LibraryFolder, faces: Sequence[int], *, dry_run: bool = False) -> Decided:
    """These faces, of which one at most has a name, are one person's. Raises: UsageError when one is not in the
    library."""
    with deciding(folder, dry_run=dry_run) as step:
        chosen = step.faces(faces)
        return step.decide(kinds.MERGE, chosen[:1], others=[[face] for face in chosen[1:]], about=chosen)


def _people_and_albums(step: Step, targets: Sequence[Target]) -> tuple[list[str], list[list[int]]]:
    """Names, each once, and the faces of each album that has none."""
    people: list[str] = []
    nameless: list[list[int]] = []
    for target in targets:
        if target.person is not None:
            if step.catalog.faces_of_person(target.person) is None:
                raise unknown_person(step.catalog, target.person)
            people.append(name_meant(step.transaction, target.person))
            continue
        members = step.members(target)
        person = step.place_of(members)[1] if target.face is not None else step.person_of(target.album or 0)
        if person is not None:
            people.append(person)
        elif members not in nameless:
            nameless.append(members)
    return list(dict.fromkeys(people)), nameless


def _renamed(step: Step, person: str, kept: str) -> Decided:
    faces = step.catalog.faces_of_person(person) or []
    return step.decide(kinds.RENAME, [], person, about=faces, renamed=kept)


def _summed(
    transaction: sqlite3.Connection,
    person: str,
    done: Sequence[Decided],
    about: Sequence[int],
    before: dict[int, tuple[str | None, int | None]],
    dry_run: bool,
) -> Decided:
    after = places_of(transaction, about)
    albums = sorted({album for _, album in after.values() if album is not None})
    price = price_of(transaction, kinds.MERGE, about, before, after) if dry_run else None
    return replace(
        done[0],
        kind=kinds.MERGE,
        person=person,
        faces=len(about),
        albums=tuple(albums),
        renamed=None,
        changes=changes_between(before, after),
        similar=(),
        price=price,
    )
