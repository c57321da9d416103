"""Suggestions of a library, and the answers to them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np
import numpy.typing as npt

from faceindex.clustering.quality_gate import LOW_QUALITY
from faceindex.errors import LibraryLocked, LibraryUnwritable, StaleError
from faceindex.journal.state import state_after
from faceindex.judgement import library_calibration as calibrated
from faceindex.judgement.calibration import Calibration
from faceindex.people import acting, best_suggestions, prepared
from faceindex.people.albums import constraints_of
from faceindex.people.excluding import never_ask_whose, never_suggest
from faceindex.people.learnt_odds import learn, learnt_odds
from faceindex.people.never_suggested import never_pairs
from faceindex.people.questions import is_open, settled, shown
from faceindex.people.suggestions import LIKELY, groups_of, rank, suggestions
from faceindex.people.uniting import unite_faces
from faceindex.store import albums as stored_albums
from faceindex.store.catalog import Catalog
from faceindex.store.cursors import ALL, begin, page_of
from faceindex.store.folder import LibraryFolder
from faceindex.store.group_file import remove_group_file
from faceindex.store.journal.acts import read_acts
from faceindex.store.people.reviewed import has_more_faces, named_faces, not_asked_about
from faceindex.store.people.unsure_names import open_unsure
from faceindex.store.photos.lost import lost_faces
from faceindex.store.photos.years import years_of
from faceindex.types import (
    Decided,
    FaceIds,
    Labels,
    Page,
    Stale,
    Suggestion,
    Target,
    Vectors,
)

SMALL = 5_000
"""Up to so many faces all are compared each time, which takes a tenth of a second; nothing is stored."""

_SUGGESTIONS = "suggestions"

_EVEN = 0.5  # probability of a face of which only the place is known


def suggest(folder: LibraryFolder, least: float = LIKELY) -> list[Suggestion]:
    """All suggestions, the most useful first, without those that were answered with no, and without hidden faces.

    First come faces that may be ones that their photos lost in edits, then those of which another program says who may
    be in their photo. least: probability of the others.
    """
    try:
        return list(best_first(folder, least))
    except sqlite3.DatabaseError:  # of the file of what was prepared, unless it happens again
        remove_group_file(folder.index)
        return list(best_first(folder, least))


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
    return list(islice((one for one in best_first(folder) if last is None or _rank(one) > last), most))


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


def best_first(folder: LibraryFolder, least: float = LIKELY) -> Iterator[Suggestion]:
    """As `suggest`, one by one."""
    yield from _of_lost_faces(folder.catalog, calibrated.of_library(folder))
    yield from _of_unsure_names(folder.catalog)
    if _is_small(folder.catalog):
        yield from _of_all_faces(folder, alone=True, least=least)
        return
    calibration = calibrated.of_library(folder)
    try:
        if not prepared.is_ready(folder, calibration):
            prepare_suggestions(folder)
        with folder.guarded():
            prepared.update_prepared(folder, calibration)
    except (LibraryUnwritable, LibraryLocked):  # on a disk that is read-only nothing is kept
        yield from _of_all_faces(folder, least=least)
        return
    yield from best_suggestions.best_first(folder, calibration, learnt_odds(folder), least)


def _is_small(catalog: Catalog) -> bool:
    return not has_more_faces(catalog.connection, SMALL)


def _rank(one: Suggestion) -> tuple[float | int, ...]:
    if one.lost is not None:
        return (0, -one.probability, one.lost, 0, 0, 0)
    if one.origin is not None:
        return (1, -one.probability, one.face or 0, 0, 0, 0)
    return (2, *rank(one))


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
    years: npt.NDArray[np.float64]

    def listed(self) -> tuple[FaceIds, Vectors, Labels, Labels, npt.NDArray[np.float64]]:
        """Ids, vectors, albums, people and years of the faces that are asked about."""
        rows = np.flatnonzero(~self.left_out)
        return self.ids[rows], self.vectors[rows], self.albums[rows], self.person[rows], self.years[rows]


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
    years = years_of(catalog.connection, ids)
    return _Asked(ids, vectors, albums, person, not_asked, left_out, calibration, photos, years)


def _of_all_faces(
    folder: LibraryFolder, square: float | None = None, *, alone: bool = False, least: float = LIKELY
) -> list[Suggestion]:
    asked = _asked(folder)
    found = suggestions(
        *(asked.ids, asked.vectors, asked.albums, asked.person, asked.not_asked, asked.left_out),
        asked.calibration,
        asked.photos,
        square,
        years=asked.years,
        learnt=learnt_odds(folder),
        alone=alone,
        least=least,
    )
    names = {album.album: album.person for album in folder.catalog.albums(hidden=True)}
    names |= {-face: name for face, name in named_faces(folder.catalog.connection)}
    return [replace(one, person=names.get(one.album or -(one.with_face or 0))) for one in found]


def _of_lost_faces(catalog: Catalog, calibration: Calibration) -> list[Suggestion]:
    """Suggestions that faces of edited photos are the ones that these photos lost, the most probable first."""
    found = []
    for lost in lost_faces(catalog):
        if lost.candidate is not None:
            distance = np.nan if lost.distance is None else lost.distance
            probability = _EVEN if lost.distance is None else float(calibration.confidence(distance))
            found.append(Suggestion(None, None, lost.candidate, probability, distance, 1, lost.person, lost.face))
    return sorted(found, key=_rank)


def _of_unsure_names(catalog: Catalog) -> Iterator[Suggestion]:
    """Suggestions that faces are the people whom another program names in their photos, the most probable first."""
    for one in open_unsure(catalog.connection):
        yield Suggestion(None, None, one.face, one.probability, np.nan, 1, one.name, origin=one.origin)


def _sides(suggestion: Suggestion) -> tuple[Target, Target]:
    if suggestion.lost is not None:
        return Target(face=suggestion.face), Target(person=suggestion.person)
    first = suggestion.with_face
    one = Target(album=suggestion.album) if first is None else Target(face=first)
    return one, Target(album=suggestion.other) if suggestion.face is None else Target(face=suggestion.face)


def do_not_ask(folder: LibraryFolder, suggestion: Suggestion, *, dry_run: bool = False) -> Decided:
    """Never ask this again, whatever the answer is. Raises: UsageError."""
    if not is_open(folder.catalog, suggestion):
        raise settled()
    if suggestion.origin is not None and suggestion.face is not None and suggestion.person is not None:
        return never_ask_whose(folder, suggestion.face, suggestion.person, dry_run=dry_run)
    return never_suggest(folder, *_sides(suggestion), dry_run=dry_run)


def answer(folder: LibraryFolder, suggestion: Suggestion, *, same: bool, dry_run: bool = False) -> Decided:
    """Settle a suggestion, and learn from the answer. same: merge the albums, move the face to the album, put two faces
    together, or name the face; else they are never one person.

    Raises: UsageError.
    """
    decided = _answered(folder, suggestion, same, dry_run)
    if not dry_run:
        learn(folder, suggestion, same=same)
    return decided


def _answered(folder: LibraryFolder, suggestion: Suggestion, same: bool, dry_run: bool) -> Decided:
    album, face = suggestion.album or 0, suggestion.face
    if suggestion.asks_who and face is not None and suggestion.person is not None:
        if not is_open(folder.catalog, suggestion):
            raise settled()
        if same:
            return acting.name(folder, [face], suggestion.person, dry_run=dry_run)
        return acting.deny(folder, face, suggestion.person, dry_run=dry_run)
    if same and suggestion.with_face is not None and face is not None:
        if not is_open(folder.catalog, suggestion):
            raise settled()
        return unite_faces(folder, [suggestion.with_face, face], dry_run=dry_run)
    if same and face is not None:
        return acting.move(folder, [face], album, dry_run=dry_run)
    if same:
        return acting.merge(folder, [album, suggestion.other or 0], dry_run=dry_run)
    one, other = shown(folder.catalog, suggestion)
    ones, others = [face.face for face in one], [face.face for face in other]
    return acting.cannot_link(folder, others, ones, one[0].person, dry_run=dry_run)
