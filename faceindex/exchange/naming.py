"""Turns imported names into decisions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from faceindex.exchange.tally import Tally
from faceindex.store.folder import LibraryFolder
from faceindex.store.journal.imports import import_decisions
from faceindex.store.people.sightings import undecided


def name_faces(folder: LibraryFolder, people: Mapping[int, str], tally: Tally) -> None:
    """Record the names of faces, by face id: one act for each person. All acts of one import are undone together.

    A face that a user decided about stays as it is. Raises: LibraryUnwritable.
    """
    faces_of: dict[str, list[int]] = defaultdict(list)
    if people:
        with folder.decisions() as catalog, catalog.transaction() as transaction:
            for face in sorted(undecided(catalog, people)):
                faces_of[people[face]].append(face)
            if faces_of:
                tally.first_act = import_decisions(transaction, faces_of, tally.first_act)
    named = sum(map(len, faces_of.values()))
    tally.named += named
    tally.decided += len(people) - named
