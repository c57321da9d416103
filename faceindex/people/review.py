"""Suggestions of a library, and the answers to them."""

from __future__ import annotations

import shlex
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np
import numpy.typing as npt

from faceindex.clustering.quality_gate import LOW_QUALITY
from faceindex.errors import LibraryLocked, LibraryUnwritable, StaleError, UsageError
from faceindex.journal.state import state_after
from faceindex.judgement import library_calibration as calibrated
from faceindex.judgement.calibration import Calibration
from faceindex.people import acting, prepared
from faceindex.people.albums import constraints_of
from faceindex.people.best_suggestions import best_first, rank
from faceindex.people.excluding import never_suggest
from faceindex.people.never_suggested import never_pairs
from faceindex.people.suggestions import groups_of, suggestions
from faceindex.store import albums as stored_albums
from faceindex.store.catalog import Catalog
from faceindex.store.cursors import ALL, begin, page_of
from faceindex.store.folder import LibraryFolder
from faceindex.store.group_file import remove_group_file
from faceindex.store.journal.acts import read_acts
from faceindex.store.people.reviewed import has_more_faces, named_faces, never_suggested, not_asked_about
from faceindex.store.photos.lost import lost_faces
from faceindex.types import (
    Album,
    Decided,
    FaceIds,
    FaceRecord,
    Labels,
    Page,
    Question,
    Stale,
    Suggestion,
    Target,
    Vectors,
)

SMALL = 5_000
"""Up to so many faces all are compared each time, which takes a tenth of a second; nothing is stored."""

_SUGGESTIONS = "suggestions"

_EVEN = 0.5  # probability of a face of which only the place is known

SHOWN = 8
"""Faces of best quality that are shown for an album. A no is stored as a decision about these."""


def suggest(folder: LibraryFolder) -> list[Suggestion]:
    """All suggestions, the most useful first, without those that were answered with no, and without hidden faces.

    First come faces that may be ones that their photos lost in edits.
    """
    return [*suggestion_page(folder, limit=None)]


def suggestion_page(
    folder: LibraryFolder, *, limit: int | None, cursor: str | None = None, wait: bool = True
) -> Page[Suggestion]:
    """As `suggest`, in pages. In a large library near pairs are prepared first, once; see `stale`.

    wait: for that. Raises: StaleError when it would have to wait.
    """
    limit = ALL if limit is None else limit
    key = begin(_SUGGESTIONS, cursor, limit)
    if not wait and (missing := stale(folder)) is not None:
        raise StaleError(missing.message)
    last = None if key is None else tuple(key)
    try:
        found = _after(folder, last, limit + 1)
    except sqlite3.DatabaseError:  # of the file of what was prepared, unless it happens again
        remove_group_file(folder.index)
        found = _after(folder, last, limit + 1)
    return page_of(_SUGGESTIONS, found, limit, _rank)


def _after(folder: LibraryFolder, last: tuple[object, ...] | None, most: int) -> list[Suggestion]:
    return list(islice((one for one in _best_first(folder) if last is None or _rank(one) > last), most))


def stale(folder: LibraryFolder) -> Stale | None:
    """What must be prepared before suggestions can be made; None when nothing must."""
    with suppress(sqlite3.DatabaseError):
        if _is_small(folder.catalog) or prepared.is_ready(folder, calibrated.of_library(folder)):
            return None
    return Stale(
        "suggestions",
        "suggestions are not prepared, or much has changed since; `faceindex people review` prepares them",
    )


def prepare_suggestions(folder: LibraryFolder) -> int:
    """Find all albums and faces that are near each other, and store them; returns their number.

    Raises: LibraryUnwritable; LibraryLocked.
    """
    with folder.guarded():
        token = prepared.begin(folder)
        asked = _asked(folder)
        groups, _ = groups_of(*asked.listed())
        prepared.prepare(folder, token, groups, asked.calibration)
    return len(groups.number)


def _best_first(folder: LibraryFolder) -> Iterator[Suggestion]:
    yield from _of_lost_faces(folder.catalog, calibrated.of_library(folder))
    if _is_small(folder.catalog):
        yield from _of_all_faces(folder)
        return
    calibration = calibrated.of_library(folder)
    try:
        if not prepared.is_ready(folder, calibration):
            prepare_suggestions(folder)
        with folder.guarded():
            prepared.update_prepared(folder, calibration)
    except (LibraryUnwritable, LibraryLocked):  # on a disk that is read-only nothing is kept
        yield from _of_all_faces(folder)
        return
    yield from best_first(folder, calibration)


def _is_small(catalog: Catalog) -> bool:
    return not has_more_faces(catalog.connection, SMALL)


def _rank(one: Suggestion) -> tuple[float | int, ...]:
    if one.lost is not None:
        return (0, -one.probability, one.lost, 0, 0)
    return (1, *rank(one))


@dataclass(frozen=True, slots=True)
class _Asked:
    """All faces of a library, as `suggestions` takes them."""

    ids: FaceIds
    vectors: Vectors
    albums: Labels
    person: Labels
    not_asked: FaceIds
    left_out: npt.NDArray[np.bool_]
    calibration: Calibration
    photos: FaceIds

    def listed(self) -> tuple[FaceIds, Vectors, Labels, Labels]:
        """Ids, vectors, albums and people of the faces that are asked about."""
        rows = np.flatnonzero(~self.left_out)
        return self.ids[rows], self.vectors[rows], self.albums[rows], self.person[rows]


def _asked(folder: LibraryFolder) -> _Asked:
    ids, vectors, qualities = folder.vectors_with_qualities()
    catalog, calibration = folder.catalog, calibrated.of_library(folder)
    people = {person.person: number for number, person in enumerate(catalog.people(hidden=True))}
    albums = np.full(len(ids), -1, dtype=np.int64)
    faces, numbers = stored_albums.album_faces(catalog.connection)
    albums[np.isin(ids, faces)] = numbers[np.isin(faces, ids)]
    number_of = {face: people[name] for face, name in named_faces(catalog.connection) if name in people}
    person = np.array([number_of.get(face, -1) for face in ids.tolist()], dtype=np.int64)
    state = state_after(read_acts(catalog.connection))
    not_asked = np.vstack([constraints_of(state, ids).cannot_link, never_pairs(state, ids, albums)])
    left_out = np.isin(ids, not_asked_about(catalog.connection)) | ((albums < 0) & (qualities < LOW_QUALITY))
    photos = stored_albums.photos_of(catalog.connection, ids)
    return _Asked(ids, vectors, albums, person, not_asked, left_out, calibration, photos)


def _of_all_faces(folder: LibraryFolder, square: float | None = None) -> list[Suggestion]:
    asked = _asked(folder)
    found = suggestions(
        *(asked.ids, asked.vectors, asked.albums, asked.person, asked.not_asked, asked.left_out),
        asked.calibration,
        asked.photos,
        square,
    )
    names = {album.album: album.person for album in folder.catalog.albums(hidden=True)}
    return [replace(one, person=names.get(one.album or 0)) for one in found]


def _of_lost_faces(catalog: Catalog, calibration: Calibration) -> list[Suggestion]:
    """Suggestions that faces of edited photos are the ones that these photos lost, the most probable first."""
    found = []
    for lost in lost_faces(catalog):
        if lost.candidate is not None:
            distance = np.nan if lost.distance is None else lost.distance
            probability = _EVEN if lost.distance is None else float(calibration.confidence(distance))
            found.append(Suggestion(None, None, lost.candidate, probability, distance, 1, lost.person, lost.face))
    return sorted(found, key=_rank)


def is_open(catalog: Catalog, suggestion: Suggestion) -> bool:
    """Whether a suggestion can still be answered: other answers may have settled it."""
    if suggestion.lost is not None:
        return any(lost.candidate == suggestion.face for lost in lost_faces(catalog, [suggestion.lost]))
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


def do_not_ask(folder: LibraryFolder, suggestion: Suggestion, *, dry_run: bool = False) -> Decided:
    """Never ask this again, whatever the answer is. Raises: UsageError."""
    if not is_open(folder.catalog, suggestion):
        raise _settled()
    if suggestion.lost is not None:
        one, other = Target(face=suggestion.face), Target(person=suggestion.person)
    else:
        one = Target(album=suggestion.album)
        other = Target(album=suggestion.other) if suggestion.face is None else Target(face=suggestion.face)
    return never_suggest(folder, one, other, dry_run=dry_run)


def answer(folder: LibraryFolder, suggestion: Suggestion, *, same: bool, dry_run: bool = False) -> Decided:
    """Settle a suggestion. same: merge the albums, move the face to the album, or name it; else they are never one
    person.

    Raises: UsageError.
    """
    album, face = suggestion.album or 0, suggestion.face
    if suggestion.lost is not None and face is not None and suggestion.person is not None:
        if not is_open(folder.catalog, suggestion):
            raise _settled()
        if same:
            return acting.name(folder, [face], suggestion.person, dry_run=dry_run)
        return acting.deny(folder, face, suggestion.person, dry_run=dry_run)
    if same and face is not None:
        return acting.move(folder, [face], album, dry_run=dry_run)
    if same:
        return acting.merge(folder, [album, suggestion.other or 0], dry_run=dry_run)
    one, other = _shown(folder.catalog, suggestion)
    ones, others = [face.face for face in one], [face.face for face in other]
    return acting.cannot_link(folder, others, ones, one[0].person, dry_run=dry_run)


def questions(catalog: Catalog, chosen: Sequence[Suggestion]) -> list[Question]:
    """The suggestions as a page shows them."""
    return [_question(catalog, suggestion) for suggestion in chosen]


def _question(catalog: Catalog, suggestion: Suggestion) -> Question:
    album, other = _shown(catalog, suggestion)
    if suggestion.lost is not None:
        yes = f"faceindex people name face:{suggestion.face} {shlex.quote(suggestion.person or '')}"
        return Question(suggestion, tuple(album), tuple(other), suggestion.person, yes)
    step, number = ("merge", suggestion.other) if suggestion.face is None else ("move", suggestion.face)
    numbers = f"{suggestion.album} {number}" if step == "merge" else f"{number} {suggestion.album}"
    return Question(suggestion, tuple(album), tuple(other), album[0].person, f"faceindex people {step} {numbers}")


def _shown(catalog: Catalog, suggestion: Suggestion) -> tuple[list[FaceRecord], list[FaceRecord]]:
    """The faces that are shown for both sides. Raises: UsageError when they no longer exist."""
    if not is_open(catalog, suggestion):
        raise _settled()
    single = [] if suggestion.face is None else [catalog.faces_with([suggestion.face])[suggestion.face]]
    if suggestion.lost is not None:
        theirs = catalog.faces_with(catalog.faces_of_person(suggestion.person or "") or [])
        return _best(list(theirs.values())), single
    return _standing_for(catalog, suggestion.album or 0), single or _standing_for(catalog, suggestion.other or 0)


def _settled() -> UsageError:
    return UsageError("this suggestion is settled already; `faceindex people review` makes new ones")


def _standing_for(catalog: Catalog, album: int) -> list[FaceRecord]:
    return _best(catalog.album_faces(album))


def _best(faces: Sequence[FaceRecord]) -> list[FaceRecord]:
    best_first = sorted(faces, key=lambda face: (-(face.quality or 0.0), -face.score, face.face))
    return best_first[:SHOWN]
