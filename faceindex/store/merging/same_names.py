"""People of one name in several libraries: one person, or several."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Collection, Sequence
from pathlib import Path

from faceindex.store.catalog import Catalog
from faceindex.store.journal.acts import other_names
from faceindex.store.merging.acts import acts_by_name
from faceindex.store.merging.source import Source
from faceindex.types import SameName


def same_names(catalog: Catalog | None, sources: Sequence[Source]) -> list[SameName]:
    """Names that people have in a source, and in the library or a source before, if nothing was said about that yet.

    Those who were merged before are one person already. catalog: of the library; None when it does not exist.
    """
    found = []
    faces: dict[str, int] = {}
    acts: dict[str, set[str]] = {}
    decided = set()
    if catalog is not None:
        decided = set(catalog.connection.execute("SELECT library, name FROM merged_names"))
        _count(catalog, faces, acts)
    for source in sources:
        own_faces: dict[str, int] = {}
        own_acts: dict[str, set[str]] = {}
        _count(source.catalog, own_faces, own_acts)
        for name, others in sorted(own_faces.items()):
            new = (source.library, name) not in decided
            if new and name in faces and acts[name].isdisjoint(own_acts[name]):
                found.append(SameName(name, faces[name], source.name, others))
        for name, others in own_faces.items():
            faces[name] = faces.get(name, 0) + others
            acts.setdefault(name, set()).update(own_acts[name])
    return found


def call_otherwise(
    transaction: sqlite3.Connection, sources: Sequence[Source], others: Collection[tuple[str, str]]
) -> list[tuple[str, str]]:
    """Store names for people who are somebody else than those of their name. Returns: name, and name here, of each.

    others: path of the library, and name. Names that these people had before get new ones, too.
    """
    given = []
    used = {name for (name,) in transaction.execute("SELECT name FROM people")}
    used.update(name for source in sources for (name,) in source.connection.execute("SELECT name FROM people"))
    for source in sources:
        label = Path(source.name).stem
        chosen = sorted(name for path, name in others if path == source.name)
        for name in chosen:
            here = _free(name, label, used)
            suffix = here.removeprefix(name)
            used.add(here)
            given.append((name, here))
            transaction.executemany(
                "INSERT OR IGNORE INTO merged_names (library, name, here) VALUES (?, ?, ?)",
                [(source.library, one, one + suffix) for one in sorted(other_names(source.connection, [name]))],
            )
    return given


def names_here(connection: sqlite3.Connection) -> dict[str, dict[str, str]]:
    """By library: what its people are called here, of those who are other people than those with their names here."""
    found: dict[str, dict[str, str]] = defaultdict(dict)
    for library, name, here in connection.execute("SELECT library, name, here FROM merged_names"):
        found[library][name] = here
    return found


def _free(name: str, label: str, used: Collection[str]) -> str:
    wanted, number = f"{name} ({label})", 2
    while wanted in used:
        wanted, number = f"{name} ({label} {number})", number + 1
    return wanted


def _count(catalog: Catalog, faces: dict[str, int], acts: dict[str, set[str]]) -> None:
    """Add how many faces everybody has, and which acts, by uid, name them, also by names that they had before."""
    by_name = acts_by_name(catalog.connection)
    for person in catalog.people(hidden=True):
        faces[person.person] = person.faces
        acts[person.person] = by_name.get(person.person, set())
