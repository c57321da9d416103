"""Questions as people see them: whether one is open, the faces of both sides, and the command for yes."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from faceindex.errors import UsageError
from faceindex.store.catalog import Catalog
from faceindex.store.people.reviewed import never_suggested
from faceindex.store.people.unsure_names import open_unsure
from faceindex.store.photos.lost import lost_faces
from faceindex.types import Album, FaceRecord, Question, Suggestion

SHOWN = 8
"""Faces of best quality that are shown for an album. A no is stored as a decision about these."""


def is_open(catalog: Catalog, suggestion: Suggestion) -> bool:
    """Whether a suggestion can still be answered: other answers may have settled it."""
    if suggestion.lost is not None:
        return any(lost.candidate == suggestion.face for lost in lost_faces(catalog, [suggestion.lost]))
    if suggestion.origin is not None:
        open_now = open_unsure(catalog.connection, suggestion.face)
        return any((one.face, one.name) == (suggestion.face, suggestion.person) for one in open_now)
    if suggestion.with_face is not None and suggestion.face is not None:
        alone = [suggestion.with_face, suggestion.face]
        records = catalog.faces_with(alone).values()
        if [record.album for record in records] != [None, None] or all(record.person for record in records):
            return False
        return not never_suggested(catalog.connection, *(-face for face in alone))
    album = _listed(catalog, suggestion.album)
    if album is None:
        return False
    if suggestion.face is not None:
        record = catalog.faces_with([suggestion.face]).get(suggestion.face)
        asked = not never_suggested(catalog.connection, album.album, -suggestion.face)
        return record is not None and record.album is None and asked
    other = _listed(catalog, suggestion.other)
    if other is None or None not in (album.person, other.person):
        return False
    return not never_suggested(catalog.connection, album.album, other.album)


def _listed(catalog: Catalog, album: int | None) -> Album | None:
    """The album of this number, unless it is hidden or left alone."""
    found = None if album is None else catalog.album(album)
    return None if found is None or found.unknown else found


def questions(catalog: Catalog, chosen: Sequence[Suggestion]) -> list[Question]:
    """The suggestions as a page shows them."""
    return [_question(catalog, suggestion) for suggestion in chosen]


def _question(catalog: Catalog, suggestion: Suggestion) -> Question:
    album, other = shown(catalog, suggestion)
    if suggestion.with_face is not None:
        yes = f"faceindex people name face:{suggestion.with_face},{suggestion.face} NAME"
        return Question(suggestion, tuple(album), tuple(other), suggestion.person, yes)
    if suggestion.asks_who:
        yes = f"faceindex people name face:{suggestion.face} {shlex.quote(suggestion.person or '')}"
        return Question(suggestion, tuple(album), tuple(other), suggestion.person, yes)
    step, number = ("merge", suggestion.other) if suggestion.face is None else ("move", suggestion.face)
    numbers = f"{suggestion.album} {number}" if step == "merge" else f"{number} {suggestion.album}"
    return Question(suggestion, tuple(album), tuple(other), album[0].person, f"faceindex people {step} {numbers}")


def shown(catalog: Catalog, suggestion: Suggestion) -> tuple[list[FaceRecord], list[FaceRecord]]:
    """The faces that are shown for both sides. Raises: UsageError when they no longer exist."""
    if not is_open(catalog, suggestion):
        raise settled()
    single = [] if suggestion.face is None else [catalog.faces_with([suggestion.face])[suggestion.face]]
    if suggestion.asks_who:
        theirs = catalog.faces_with(catalog.faces_of_person(suggestion.person or "") or [])
        return _best(list(theirs.values())), single
    if suggestion.with_face is not None:
        return [catalog.faces_with([suggestion.with_face])[suggestion.with_face]], single
    return _standing_for(catalog, suggestion.album or 0), single or _standing_for(catalog, suggestion.other or 0)


def settled() -> UsageError:
    """The error about a question that is no longer open."""
    return UsageError("this suggestion is settled already; `faceindex people review` makes new ones")


def _standing_for(catalog: Catalog, album: int) -> list[FaceRecord]:
    return _best(catalog.album_faces(album))


def _best(faces: Sequence[FaceRecord]) -> list[FaceRecord]:
    best_first = sorted(faces, key=lambda face: (-(face.quality or 0.0), -face.score, face.face))
    return best_first[:SHOWN]
