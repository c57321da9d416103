"""Albums follow from clusters and from what people decided, and keep their numbers."""

from __future__ import annotations

import sqlite3
from collections import defaultdict

import numpy as np

from faceindex.clustering.constrained_labels import obey
from faceindex.clustering.constraints import Constraints
from faceindex.journal.state import State
from faceindex.people.numbering import fingerprints, known_numbers
from faceindex.store import albums as stored_albums
from faceindex.store.folder import LibraryFolder
from faceindex.store.journal.affected import Affected
from faceindex.store.journal.names import ALBUMS_DUE, Decision, replay_all
from faceindex.store.photos.writing import drop_empty_albums
from faceindex.store.settings import remove_setting
from faceindex.types import FaceIds, Labels


def constraints_of(state: State, faces: FaceIds, photos: FaceIds | None = None) -> Constraints:
    """The constraints that decisions put on `faces`, int64 [n], rising. photos: int64 [n], the photo of each."""
    places = {face: row for row, face in enumerate(faces.tolist()) if face in state.group}
    person = np.full(len(faces), -1, dtype=np.int64)
    numbers = {name: number for number, name in enumerate(sorted(set(state.person.values())))}
    first: dict[int, int] = {}
    must_link = []
    for face, row in places.items():
        if face in state.person:
            person[row] = numbers[state.person[face]]
        here = first.setdefault(state.group[face], row)
        if here != row:
            must_link.append((here, row))
    cannot_link = [
        (first[one], first[other])
        for ones, others in state.cannot_link
        for one in ones
        for other in others
        if one in first and other in first and one != other
    ]
    unknown = np.full(len(faces), -1, dtype=np.int64)
    return Constraints(person, _pairs(must_link), _pairs(cannot_link), unknown if photos is None else photos)


def derive_albums(transaction: sqlite3.Connection) -> None:
    """Derive people, names and albums from clusters and acts, in the caller's transaction."""
    state = replay_all(transaction)
    _make_so(transaction, state, None)
    drop_empty_albums(transaction)
    stored_albums.describe_albums(transaction, state)
    remove_setting(transaction, ALBUMS_DUE)


def derive_affected(transaction: sqlite3.Connection, decision: Decision) -> None:
    """As `derive_albums`, of what one act may have changed; everything else must have been up to date before it."""
    numbers = _make_so(transaction, decision.state, decision.affected)
    stored_albums.describe_albums(transaction, decision.state, decision.affected.albums | numbers)
    remove_setting(transaction, ALBUMS_DUE)


def _make_so(transaction: sqlite3.Connection, state: State, affected: Affected | None) -> set[int]:
    """Move faces to the albums that follow; returns the numbers of these. affected: None for everything."""
    faces, cluster = stored_albums.clustered(transaction, None if affected is None else affected.faces)
    labels = obey(cluster, constraints_of(state, faces))
    wanted = _numbered(transaction, faces, cluster, labels, affected)
    there = stored_albums.albums_of(transaction, faces.tolist())
    changed = {face: album for face, album in wanted.items() if there.get(face) != album}
    stored_albums.move_to_albums(transaction, changed)
    return {album for album in wanted.values() if album is not None}


def update_albums(folder: LibraryFolder) -> None:
    """Update albums if faces came or went, or names changed, since they were last derived."""
    if ALBUMS_DUE in folder.catalog.settings():
        with folder.decisions() as catalog, catalog.transaction() as transaction:
            derive_albums(transaction)


def _numbered(
    transaction: sqlite3.Connection, faces: FaceIds, cluster: Labels, labels: Labels, affected: Affected | None
) -> dict[int, int | None]:
    """The album of each of `faces`; None for one that is alone."""
    _, group, sizes = np.unique(labels, return_inverse=True, return_counts=True)
    alone = (labels < 0) | (sizes[group] < 2)
    _, group[~alone] = np.unique(group[~alone], return_inverse=True)
    group[alone] = -1
    numbers = _numbers(transaction, faces, cluster, group, affected)
    return {face: numbers.get(number) for face, number in zip(faces.tolist(), group.tolist(), strict=True)}


def _numbers(
    transaction: sqlite3.Connection, faces: FaceIds, cluster: Labels, group: Labels, affected: Affected | None
) -> dict[int, int]:
    """The album number of each group. Stores what an undo needs to find the number again."""
    prints, versions = fingerprints(faces, group), _versions(transaction, faces, cluster, affected)
    aged = sorted((age, which, number) for which, known in prints.items() for age, number in versions.get(known, ()))
    exact = [(which, number) for _, which, number in aged]
    clustered = cluster >= 0
    seed_faces, seeds = stored_albums.seeds(transaction, None if affected is None else affected.faces)
    former, former_numbers = np.concatenate([faces[clustered], seed_faces]), np.concatenate([cluster[clustered], seeds])
    numbers = known_numbers(faces, group, former, former_numbers, exact)
    unknown = sorted(prints.keys() - numbers.keys())
    first = stored_albums.reserve(transaction, len(unknown))
    numbers.update(zip(unknown, range(first, first + len(unknown)), strict=True))
    new = np.isin(group, np.array(unknown, dtype=np.int64))
    founders = [(numbers[which], face) for which, face in zip(group[new].tolist(), faces[new].tolist(), strict=True)]
    stored_albums.seed(transaction, founders)
    known = set(exact)
    stored_albums.add_versions(
        transaction, [(numbers[g], own) for g, own in prints.items() if (g, numbers[g]) not in known]
    )
    return numbers


def _versions(
    transaction: sqlite3.Connection, faces: FaceIds, cluster: Labels, affected: Affected | None
) -> dict[bytes, list[tuple[int, int]]]:
    """The sets of faces, by fingerprint, that were an album before: (age, number). Clusters come first."""
    found: dict[bytes, list[tuple[int, int]]] = defaultdict(list)
    for number, known in fingerprints(faces, cluster).items():
        found[known].append((0, number))
    for age, number, known in stored_albums.versions(transaction, None if affected is None else affected.albums):
        found[known].append((age, number))
    return found


def _pairs(pairs: list[tuple[int, int]]) -> FaceIds:
    return np.array(pairs, dtype=np.int64).reshape(-1, 2)
