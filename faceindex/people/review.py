"""Suggestions of a library, and the answers to them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from faceindex.errors import UsageError
from faceindex.journal.state import fold
from faceindex.people import acting
from faceindex.people.albums import constraints_of
from faceindex.people.suggestions import suggestions
from faceindex.search import calibrated
from faceindex.sheets.review import Question
from faceindex.store import albums as rows
from faceindex.store.acts import read_acts
from faceindex.store.catalog import Catalog
from faceindex.store.folder import LibraryFolder
from faceindex.types import Decided, FaceIds, FaceRecord, Suggestion

SHOWN = 8
"""Faces that stand for an album: those of best quality. It is these that are said to be another person's."""


def suggest(folder: LibraryFolder) -> list[Suggestion]:
    """What to ask, the most useful first; nothing that was answered with no, and nothing hidden."""
    ids, vectors = folder.vectors()
    catalog = folder.catalog
    people = {person.person: number for number, person in enumerate(catalog.people(hidden=True))}
    albums, person = (np.full(len(ids), -1, dtype=np.int64) for _ in range(2))
    faces, numbers = rows.album_faces(catalog.connection)
    albums[np.isin(ids, faces)] = numbers[np.isin(faces, ids)]
    for name, number in people.items():
        person[np.isin(ids, np.array(catalog.faces_of_person(name), dtype=np.int64))] = number
    constraints = constraints_of(fold(read_acts(catalog.connection)), ids)
    hidden = _hidden(catalog, ids)
    return suggestions(ids, vectors, albums, person, constraints.apart, hidden, calibrated.of_library(folder))


def is_open(catalog: Catalog, suggestion: Suggestion) -> bool:
    """Whether it can still be answered: other answers may have settled it."""
    there = {album.album: album.person for album in catalog.albums()}
    if suggestion.album not in there:
        return False
    if suggestion.face is not None:
        record = catalog.faces_with([suggestion.face]).get(suggestion.face)
        return record is not None and record.album is None
    return suggestion.other in there and None in (there[suggestion.album], there[suggestion.other])


def answer(folder: LibraryFolder, suggestion: Suggestion, *, same: bool) -> Decided:
    """Settle a suggestion: merge the albums, or move the face to the album; or keep them apart. Raises: UsageError."""
    if same and suggestion.face is not None:
        return acting.move(folder, [suggestion.face], suggestion.album)
    if same:
        return acting.merge(folder, [suggestion.album, suggestion.other or 0])
    one, other = _shown(folder.catalog, suggestion)
    return acting.keep_apart(folder, [face.face for face in other], [face.face for face in one], one[0].person)


def questions(catalog: Catalog, chosen: Sequence[Suggestion]) -> list[Question]:
    """The suggestions as a page shows them."""
    return [_question(catalog, suggestion) for suggestion in chosen]


def _question(catalog: Catalog, suggestion: Suggestion) -> Question:
    album, other = _shown(catalog, suggestion)
    step, number = ("merge", suggestion.other) if suggestion.face is None else ("move", suggestion.face)
    numbers = f"{suggestion.album} {number}" if step == "merge" else f"{number} {suggestion.album}"
    return Question(suggestion, album, other, album[0].person, f"faceindex people {step} {numbers}")


def _shown(catalog: Catalog, suggestion: Suggestion) -> tuple[list[FaceRecord], list[FaceRecord]]:
    """The faces that stand for either side. Raises: UsageError when they are not there any more."""
    if not is_open(catalog, suggestion):
        raise UsageError("this suggestion is settled already; `faceindex people review` makes new ones")
    if suggestion.face is not None:
        return _standing_for(catalog, suggestion.album), [catalog.faces_with([suggestion.face])[suggestion.face]]
    return _standing_for(catalog, suggestion.album), _standing_for(catalog, suggestion.other or 0)


def _standing_for(catalog: Catalog, album: int) -> list[FaceRecord]:
    best_first = sorted(catalog.album_faces(album), key=lambda face: (-(face.quality or 0.0), -face.score, face.face))
    return best_first[:SHOWN]


def _hidden(catalog: Catalog, ids: FaceIds) -> npt.NDArray[np.bool_]:
    """bool [n]: faces that are not listed, singly or with their album or person."""
    statement = """SELECT face FROM hidden_faces
        UNION SELECT face FROM album_faces JOIN albums ON albums.id = album LEFT JOIN people ON people.id = person
            WHERE albums.hidden OR people.hidden
        UNION SELECT face FROM person_faces JOIN people ON people.id = person WHERE people.hidden"""
    return np.isin(ids, [row[0] for row in catalog.connection.execute(statement)])
