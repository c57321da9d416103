"""The people with a name, and the error about a name that nobody has."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from faceindex.errors import NotInLibrary
from faceindex.journal.person_names import likely_meant
from faceindex.running.lazily import module
from faceindex.store.catalog import Catalog
from faceindex.types import FaceIds, Labels

if TYPE_CHECKING:
    import numpy as np
else:
    np = module("numpy")


def names_of_people(connection: sqlite3.Connection) -> list[str]:
    """The name of everybody who has one."""
    return [name for (name,) in connection.execute("SELECT name FROM people")]


def confirmed_faces(connection: sqlite3.Connection) -> tuple[FaceIds, Labels, dict[int, str]]:
    """Faces that somebody named: ids, int64 [n], rising; the number of each one's person, int64 [n]; and the names."""
    rows = connection.execute("SELECT face, person FROM person_faces ORDER BY face").fetchall()
    names = dict(connection.execute("SELECT id, name FROM people").fetchall())
    faces, people = np.array(rows, dtype=np.int64).reshape(-1, 2).T
    return faces, people, names


def unknown_person(catalog: Catalog, name: str) -> NotInLibrary:
    """The error, with the names that may have been meant."""
    meant = " or ".join(f'"{other}"' for other in likely_meant(name, names_of_people(catalog.connection)))
    hint = f"did you mean {meant}?" if meant else "`faceindex people list` shows the names"
    return NotInLibrary(f"nobody is called {name}; {hint}")
