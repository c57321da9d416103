"""What to ask next: who somebody is, and which albums and faces are one person's, by the faces that an answer names."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

from faceindex.errors import StaleError, UsageError
from faceindex.people.review import stale, suggest, suggestion_page
from faceindex.people.suggestions import LIKELY
from faceindex.store.catalog import Catalog
from faceindex.store.folder import LibraryFolder
from faceindex.store.people.known_people import unknown_person
from faceindex.store.people.person_ids import name_meant
from faceindex.types import NameQuestion, Suggestion

LEAST_OF_ONE = 0.2
"""Probability from which on it is asked whether something is a person's who was asked for by name."""

LEAST_ALONE = 0.02
"""Probability that a face alone belongs with another one from which on it is asked who it is: on lfw-dev half of the
faces alone of people with several photos are then asked about, and one in six of the others."""


def next_questions(
    folder: LibraryFolder, *, limit: int, person: str | None, names: bool, wait: bool
) -> list[Suggestion | NameQuestion]:
    """What to ask next: about a person, with names, or which are the same person's. wait: until it is prepared.

    Raises: UsageError; StaleError.
    """
    if person is not None and names:
        raise UsageError("questions about one person ask for no names: give one of person and names")
    if names or person is not None:
        if not wait and (missing := stale(folder)) is not None:
            raise StaleError(missing.message)
        return with_names(folder, limit) if person is None else [*same_person(folder, person, limit)]
    return [*suggestion_page(folder, limit=limit, wait=wait)]


def same_person(folder: LibraryFolder, person: str, limit: int) -> list[Suggestion]:
    """What may be this person's, the most useful answers first. person: name, or id. Raises: UsageError."""
    name = name_meant(folder.catalog.connection, person)
    if folder.catalog.person(name) is None:
        raise unknown_person(folder.catalog, person)
    return [one for one in suggest(folder, LEAST_OF_ONE) if one.person == name][:limit]


def with_names(folder: LibraryFolder, limit: int) -> list[Suggestion | NameQuestion]:
    """Suggestions, and who the albums without a name and the faces alone are.

    By the faces that an answer is expected to name: of a suggestion about two groups without a name, a name is expected
    for both. Who an album is need not be asked as far as a suggestion says it. A face alone is asked about where it
    probably belongs with another one.
    """
    found = suggest(folder, least=LEAST_ALONE)
    albums = {album.album: album for album in folder.catalog.albums()}
    nameless = {number: album.faces for number, album in albums.items() if album.person is None}
    likely = [one for one in found if one.probability >= LIKELY]
    told: dict[int | None, float] = defaultdict(float)
    for one in likely:
        for album in (one.album, one.other):
            told[album] = max(told[album], one.probability)
    asked: list[tuple[float, Suggestion | NameQuestion]] = [
        (_names(one, nameless) * one.probability, one) for one in likely
    ]
    asked += [(faces * (1 - told[album]), NameQuestion(album, None, 1.0, faces)) for album, faces in nameless.items()]
    asked += [(one.probability, one) for one in _alone(folder.catalog, found, albums.keys())]
    asked.sort(key=lambda pair: -pair[0])  # it is stable: suggestions come before names that are worth the same
    return [one for _, one in asked[:limit]]


def _names(one: Suggestion, nameless: Mapping[int, int]) -> int:
    """Faces that an answer may name."""
    if one.asks_who:
        return 1
    single = (one.face is not None) + (one.with_face is not None and one.person is None)
    return single + sum(nameless.get(album, 0) for album in (one.album, one.other) if album is not None)


def _alone(catalog: Catalog, found: Sequence[Suggestion], albums: Collection[int]) -> list[NameQuestion]:
    """Faces alone that probably belong with others, and are not asked about in a likely suggestion."""
    no_mate: dict[int, float] = defaultdict(lambda: 1.0)
    likely = set()
    for one in found:
        faces = {one.face, one.with_face} - {None}
        if one.asks_who or (one.album is not None and one.album not in albums):
            continue
        for face in faces:
            no_mate[face or 0] *= 1 - one.probability
        likely |= faces if one.probability >= LIKELY else set()
    records = catalog.faces_with(list(no_mate))
    return [
        NameQuestion(None, face, 1 - alone, 1)
        for face, alone in no_mate.items()
        if face not in likely and face in records and records[face].person is None
    ]
