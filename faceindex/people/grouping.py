"""The clustering of a library: its first albums, new faces placed, or everything rebuilt; decisions hold in each
case."""

from __future__ import annotations

import sqlite3
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from faceindex.clustering.blocks import Elsewhere
from faceindex.clustering.cluster import cluster
from faceindex.clustering.constraints import Constraints
from faceindex.clustering.extend import extend
from faceindex.clustering.quality_gate import is_low
from faceindex.journal.state import state_after
from faceindex.judgement.library_calibration import usual_strangers
from faceindex.people.albums import constraints_of, derive_albums, update_albums
from faceindex.people.numbering import known_numbers
from faceindex.running.meter import Meter
from faceindex.store import albums as stored_albums
from faceindex.store.catalog import Catalog
from faceindex.store.folder import LibraryFolder
from faceindex.store.journal.acts import last_act, read_acts
from faceindex.store.journal.left_out import once_left_out
from faceindex.store.settings import save_settings, setting
from faceindex.types import AlbumChange, ClusterReport, FaceIds, Labels, PersonChange, Qualities, Vectors

CLUSTERED_UNTIL, CLUSTERED_AFTER = "clustered_until", "clustered_after_act"
"""Settings: the highest face id when faces were last clustered, and the newest act at the last rebuild."""


def group_faces(
    folder: LibraryFolder,
    *,
    method: str,
    threshold: float,
    seed: int,
    rebuild: bool,
    dry_run: bool,
    threads: int = 1,
    meter: Meter | None = None,
    elsewhere: Elsewhere | None = None,
) -> ClusterReport:
    """Place new faces; or, when there are no albums or with `rebuild`, group all faces.

    method: of grouping all; new faces are placed by average linkage, see `extend`. threshold: Euclidean. dry_run:
    nothing is changed. threads: number that look for neighbours. meter: is told the progress. elsewhere: where
    neighbours are looked for, if not here. Raises: JobCancelled, and nothing is changed.
    """
    began, meter = time.monotonic(), meter or Meter()
    meter.stage("reading")
    update_albums(folder)
    ids, vectors, qualities = folder.vectors_with_qualities()
    newest, cluster_of = last_act(folder.catalog.connection), stored_albums.clusters(folder.catalog.connection)
    state = state_after(read_acts(folder.catalog.connection))
    known = constraints_of(state, ids, stored_albums.photos_of(folder.catalog.connection, ids))
    merges: tuple[tuple[int, int], ...] = ()
    extended = bool(cluster_of) and not rebuild
    usual = usual_strangers(folder, len(ids), threshold)
    # No transaction is open while faces are grouped: an ingest may be at work.
    if not extended:
        labels = cluster(
            vectors,
            method=method,
            threshold=threshold,
            seed=seed,
            qualities=qualities,
            modest_last=folder.recipe.card.poor_last,
            constraints=known,
            usual=usual,
            threads=threads,
            meter=meter,
            in_place=True,
            elsewhere=elsewhere,
        )
    else:
        placing = _placing(folder.catalog.connection, ids, cluster_of)
        labels, merges = _placed(vectors, qualities, placing, threshold, known, usual, threads, meter, elsewhere)
    meter.stage("storing")
    del vectors
    with folder.decisions() as catalog, catalog.transaction(dry_run=dry_run) as transaction:
        before, names = _membership(transaction), _people(catalog)
        if not extended:
            stored_albums.replace_clusters(transaction, _anew(transaction, ids, labels))
            save_settings(transaction, **{CLUSTERED_AFTER: newest})
        else:
            stored_albums.add_to_clusters(transaction, _extended(transaction, ids, placing, labels))
        save_settings(transaction, **{CLUSTERED_UNTIL: int(ids.max(initial=0))})
        derive_albums(transaction)
        after = _membership(transaction)
        change = _change(before, after, names, _people(catalog))
    inside = np.isin(ids, np.array(list(after), dtype=np.int64))
    clustered = int(inside.sum())
    albums, seconds = len(set(after.values())), time.monotonic() - began
    return ClusterReport(
        method="linkage" if extended else method,
        threshold=threshold,
        albums=albums,
        clustered=clustered,
        singletons=len(ids) - clustered,
        seconds=seconds,
        change=change,
        merges=merges,
        dry_run=dry_run,
        extended=extended,
        low_quality=int((is_low(qualities) & ~inside).sum()),
    )


@dataclass(frozen=True, slots=True)
class _Placing:
    """Faces to be placed among albums.

    albums: int64 [n], of each face, -1 for none. new: bool [n], which are to be placed. behind: of each album, the
    cluster that most of its faces are in. bare: the album of each face in an album without a cluster; such an album
    becomes a cluster.
    """

    albums: Labels
    new: npt.NDArray[np.bool_]
    behind: Mapping[int, int]
    bare: Mapping[int, int]


def _placed(
    vectors: Vectors,
    qualities: Qualities,
    placing: _Placing,
    threshold: float,
    known: Constraints,
    usual: float,
    threads: int,
    meter: Meter,
    elsewhere: Elsewhere | None,
) -> tuple[Labels, tuple[tuple[int, int], ...]]:
    """The albums of all faces, int64 [n], with the new ones placed; and pairs of albums that seem one person's."""
    old, new = np.flatnonzero(~placing.new), np.flatnonzero(placing.new)
    order = np.concatenate([old, new])
    known = known.reordered(order)
    found = extend(
        vectors[old],
        placing.albums[old],
        vectors[new],
        threshold=threshold,
        qualities=qualities[order],
        constraints=known,
        usual=usual,
        threads=threads,
        meter=meter,
        elsewhere=elsewhere,
    )
    labels = placing.albums.copy()
    labels[new] = found.labels
    labels[old[found.woken[:, 0]]] = found.woken[:, 1]
    return labels, tuple((one, other) for one, other in found.merges.tolist())


def _anew(transaction: sqlite3.Connection, ids: FaceIds, labels: Labels) -> dict[int, int]:
    """The cluster of each face; clusters that were albums keep their numbers."""
    former, albums = stored_albums.album_faces(transaction)
    numbers = known_numbers(ids, labels, former, albums)
    unknown = [label for label in range(int(labels.max(initial=-1)) + 1) if label not in numbers]
    first = stored_albums.reserve(transaction, len(unknown))
    numbers.update(zip(unknown, range(first, first + len(unknown)), strict=True))
    inside = labels >= 0
    return dict(zip(ids[inside].tolist(), (numbers[label] for label in labels[inside].tolist()), strict=True))


def _placing(connection: sqlite3.Connection, ids: FaceIds, cluster_of: Mapping[int, int]) -> _Placing:
    until = int(setting(connection, CLUSTERED_UNTIL) or 0)
    membership = _membership(connection)
    albums = np.array([membership.get(face, -1) for face in ids.tolist()], dtype=np.int64)
    pairs = Counter((album, cluster_of[face]) for face, album in membership.items() if face in cluster_of)
    behind = {album: cluster_behind for (album, cluster_behind), _ in reversed(pairs.most_common())}
    bare = {face: album for face, album in membership.items() if album not in behind}
    new = (ids > until) | np.isin(ids, once_left_out(connection))  # the latter may be back since
    return _Placing(albums, new & (albums < 0), behind, bare)


def _extended(transaction: sqlite3.Connection, ids: FaceIds, placing: _Placing, labels: Labels) -> dict[int, int]:
    """The clusters of faces that were placed, labels int64 [n], and of those in albums that had no cluster."""
    changed = np.flatnonzero(labels != placing.albums)
    begun = np.unique(labels[changed][labels[changed] > placing.albums.max(initial=-1)]).tolist()
    first = stored_albums.reserve(transaction, len(begun))
    number = dict(placing.behind) | dict(zip(begun, range(first, first + len(begun)), strict=True))
    new = {int(ids[row]): number.get(int(labels[row]), int(labels[row])) for row in changed.tolist()}
    return new | {face: album for face, album in placing.bare.items() if album in set(new.values())}


def _membership(transaction: sqlite3.Connection) -> dict[int, int]:
    faces, albums = stored_albums.album_faces(transaction)
    return dict(zip(faces.tolist(), albums.tolist(), strict=True))


def _people(catalog: Catalog) -> dict[str, set[int]]:
    """The faces of everybody with a name."""
    people = (person.person for person in catalog.people(hidden=True))
    return {person: set(catalog.faces_of_person(person) or ()) for person in people}


def _change(
    before: Mapping[int, int],
    after: Mapping[int, int],
    names: Mapping[str, set[int]],
    names_now: Mapping[str, set[int]],
) -> AlbumChange:
    old, new = set(before.values()), set(after.values())
    moved = sum(after.get(face) != album for face, album in before.items())
    people = tuple(
        PersonChange(person, len(faces), len(faces - names[person]), len(names[person] - faces))
        for person, faces in names_now.items()
        if faces != names.get(person, faces)
    )
    return AlbumChange(len(old & new), len(new - old), len(old - new), len(after.keys() - before.keys()), moved, people)
