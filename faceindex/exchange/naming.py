"""Turns imported names into decisions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from faceindex.store.folder import LibraryFolder
from faceindex.store.people.names import decide_names
from faceindex.store.people.sightings import undecided


def name_faces(folder: LibraryFolder, people: Mapping[int, str]) -> int:
    """Record the names of faces, by face id: one act for each person. Returns how many faces were named.

    A face that a user decided about stays as it is. Raises: LibraryUnwritable.
    """
    faces_of: dict[str, list[int]] = defaultdict(list)
    if people:
        with folder.decisions() as catalog, catalog.transaction() as transaction:
            for face in sorted(undecided(catalog, people)):
                faces_of[people[face]].append(face)
            if faces_of:
                decide_names(transaction, faces_of)
    return sum(map(len, faces_of.values()))
