"""The index of a library: kept beside its vectors, followed by what changed since it was built, never trusted
unchecked.

An index stays useful while the library changes. What it holds is told by the number of the last segment at the time: a
face whose vector was first written in a later one, new or edited, is in the delta, which is searched as well;
a face of its own that is not in the catalog any more, or has a later vector now, counts as deleted and is left out of
what it finds. Only when these are many is it built anew.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from faceindex.running.meter import Meter
from faceindex.search import building
from faceindex.search.coverage import Change, Coverage, index_config, usable_stamp
from faceindex.search.files import Stamp, damaged, read_stamp
from faceindex.search.kinds import IndexConfig
from faceindex.store.folder import LibraryFolder
from faceindex.types import FaceIds, IndexReport, Stale, Vectors
from faceindex.vectors.ivf import of_the_same_lists
from faceindex.vectors.nearest import FaceIndex, Found, nearest, nearest_of_each

SMALL = 50_000
"""Faces up to which a search builds a stale index anew: it takes no longer than a photo."""

_MANY_MORE = 10_000
"""Faces in the delta from which on they may be put into lists, as those of an approximate index are: comparing all
takes longer than such a search."""

_MANY_PROBES = 500
"""Probes after which that is done: it takes as long as comparing so many with all (100,000 faces: 5 s and 10 ms)."""

_log = logging.getLogger(__name__)


class Delta:
    """Faces that were written after the main index was built.

    Exact at first; once many probes were compared with many faces, an index that shares the main one's lists.
    """

    def __init__(self, main: FaceIndex, ids: FaceIds, vectors: Vectors) -> None:
        """ids: int64 [n]. vectors: float32 [n, d]."""
        self.faces = FaceIndex(ids, vectors)
        self._main = main
        self._probes = 0

    def before(self, probes: int) -> FaceIndex:
        """The index to look in for so many probes more. Threads may ask at once: at worst each makes the lists."""
        self._probes += probes
        if self._probes > _MANY_PROBES and len(self.faces.ids) >= _MANY_MORE and self.faces.ivf is None:
            self.put_into_lists()
        return self.faces

    def put_into_lists(self) -> None:
        """Make the index approximate, where the main one is."""
        main, faces = self._main, self.faces
        if main.ivf is not None and main.probing is not None:
            lists = of_the_same_lists(main.ivf, faces.vectors)
            self.faces = FaceIndex(faces.ids, faces.vectors, lists, main.probing, main.owner)


@dataclass(frozen=True, slots=True)
class LibraryIndex:
    """All faces of a library in one state.

    main: what was built, of `coverage`. delta: the faces written later. deleted: how many of
    main are no more, or are in the delta. state: of the library. seal: of the stamp on the disk; None when main is not
    there.
    """

    main: FaceIndex
    coverage: Coverage
    delta: Delta
    deleted: int
    state: str
    seal: str | None

    @property
    def faces(self) -> int:
        """Those that are searched."""
        return len(self.main.ids) - self.deleted + len(self.delta.faces.ids)


def load_or_build(folder: LibraryFolder, former: LibraryIndex | None = None) -> LibraryIndex:
    """The index of all faces in the library as it is.

    former: what this returned before, of which as much as possible is used. Built, and saved where possible, when there
    is none, when more has changed than it holds, and, in a small library, when it is stale.
    """
    if former and former.state == folder.catalog.faces_state():
        return former
    stamp = usable_stamp(folder)
    if stamp is None:
        return _built_meanwhile(folder)
    coverage = Coverage(**stamp["coverage"])
    change = Change.since(folder, coverage)
    too_much = change.delta + change.deleted > coverage.faces
    if too_much or (coverage.faces + change.delta <= SMALL and change.many(coverage.faces)):
        return _built_meanwhile(folder)
    main = former.main if former and former.seal == _name(stamp) else building.open_saved(folder, stamp)
    return _built_meanwhile(folder) if main is None else _followed(folder, main, coverage, _name(stamp))


def stale(folder: LibraryFolder, former: LibraryIndex | None = None) -> Stale | None:
    """What `load_or_build` would make its caller wait for: the building of an index of more than SMALL faces."""
    if (former and former.state == folder.catalog.faces_state()) or folder.catalog.counts()["faces"] <= SMALL:
        return None
    stamp = usable_stamp(folder)
    if stamp is not None:
        coverage = Coverage(**stamp["coverage"])
        change = Change.since(folder, coverage)
        if change.delta + change.deleted <= coverage.faces:
            return None
    return Stale("index", "the index is missing, or more has changed than it holds; `faceindex index build` makes it")


def build(
    folder: LibraryFolder, *, config: IndexConfig | None = None, threads: int = 1, meter: Meter | None = None
) -> LibraryIndex:
    """Build the index anew and save it where possible.

    config: its kind, default what was chosen for this library. meter: hears of the progress. Raises: LibraryDamaged;
    JobCancelled, when what was there before stays.
    """
    main, coverage, stamp = building.build(folder, config=config, threads=threads, meter=meter)
    return _followed(folder, main, coverage, None if stamp is None else _name(stamp))


def build_if_stale(folder: LibraryFolder, meter: Meter | None = None) -> None:
    """After many changes, or without an index: build it. Raises: JobCancelled."""
    if state(folder) != "current":
        build(folder, meter=meter)


def find_nearest(
    folder: LibraryFolder, index: LibraryIndex, probe: npt.NDArray[np.float32], k: int, threshold: float
) -> Found:
    """As `nearest`, over all faces of the library.

    Faces of the delta that are further than the k-th of the others are not looked for.
    """
    wanted = len(index.main.ids) if k >= index.faces else k
    while True:
        found = nearest(index.main, probe, wanted, threshold)
        exhausted = len(found[0]) < wanted or wanted >= len(index.main.ids)
        found = _left(folder, index, found)
        if exhausted or len(found[0]) >= k:
            break
        wanted = 4 * wanted + 16
    within = min(threshold, float(found[1][k - 1])) if 0 < k <= len(found[1]) else threshold
    return _merged(found, nearest(index.delta.before(1), probe, k, within), k)


def find_nearest_of_each(
    folder: LibraryFolder, index: LibraryIndex, probes: Vectors, k: int, threshold: float, *, threads: int = 1
) -> Iterator[Found]:
    """What `find_nearest` finds for each of `probes`, float32 [p, d], in their order."""
    wanted = min(k + 16, len(index.main.ids)) if index.deleted else k
    main = nearest_of_each(index.main, probes, wanted, threshold, threads=threads)
    delta = nearest_of_each(index.delta.before(len(probes)), probes, k, threshold, threads=threads)
    for probe, found, beside in zip(probes, main, delta, strict=True):
        left = _left(folder, index, found)
        if len(left[0]) >= k or len(found[0]) < wanted:
            yield _merged(left, beside, k)
        else:
            yield find_nearest(folder, index, probe, k, threshold)


def state(folder: LibraryFolder) -> str:
    """By the stamp alone: "current" when searched as it is, "stale" when so much changed that it should be built anew,
    or "absent"."""
    return report(folder).state


def report(folder: LibraryFolder) -> IndexReport:
    """What is known of the index by its stamp."""
    stamp, config = usable_stamp(folder), index_config(folder)
    if stamp is None:
        return IndexReport("stale" if read_stamp(folder.index) else "absent", config.kind, config.recall)
    coverage = Coverage(**stamp["coverage"])
    change = Change.since(folder, coverage)
    word = "stale" if change.many(coverage.faces) else "current"
    built: dict[str, Any] = stamp["built"]
    size = sum(figures["bytes"] for figures in stamp["files"].values())
    changed = (coverage.faces, change.delta, change.deleted)
    return IndexReport(word, config.kind, config.recall, *changed, **built, bytes=size)


def damage(folder: LibraryFolder) -> str | None:
    """What is wrong with the file of an index that would be used; None when it is whole, or there is none."""
    stamp = usable_stamp(folder)
    return damaged(folder.index, stamp) if stamp else None


def saved_index(folder: LibraryFolder) -> tuple[FaceIndex, Coverage] | None:
    """What was built, as it is on the disk; None when there is none that would be used."""
    stamp = usable_stamp(folder)
    main = building.open_saved(folder, stamp) if stamp else None
    return (main, Coverage(**stamp["coverage"])) if stamp and main else None


def _built_meanwhile(folder: LibraryFolder) -> LibraryIndex:
    """`build`, for which somebody waits who asked for something else."""
    faces = folder.catalog.counts()["faces"]
    if faces > SMALL:
        _log.warning("the index of %s faces is missing or outdated: it is built first, once", f"{faces:,}")
    return build(folder)


def _name(stamp: Stamp) -> str:
    """What no other index has."""
    return str(stamp["coverage"]["state"]) + "".join(figures["checksum"] for figures in stamp["files"].values())


def _followed(folder: LibraryFolder, main: FaceIndex, coverage: Coverage, seal: str | None) -> LibraryIndex:
    """`main` and what has changed since."""
    if folder.catalog.faces_state() == coverage.state:
        nothing = Delta(main, np.empty(0, dtype=np.int64), np.empty((0, folder.recipe.dimension), dtype=np.float32))
        return LibraryIndex(main, coverage, nothing, 0, coverage.state, seal)
    with folder.vectors_of_one_state(coverage.segment) as (ids, vectors):
        catalog = folder.catalog
        deleted = coverage.faces - catalog.count_written(1, coverage.segment)
        return LibraryIndex(main, coverage, Delta(main, ids, vectors), deleted, catalog.faces_state(), seal)


def _left(folder: LibraryFolder, index: LibraryIndex, found: Found) -> Found:
    """Those that are in the library with the vector that they have in the main index."""
    ids, distances = found
    if not index.deleted or not len(ids):
        return found
    left = folder.catalog.written_until(ids, index.coverage.segment)
    return ids[left], distances[left]


def _merged(main: Found, delta: Found, k: int) -> Found:
    """The k nearest of what was found in two indexes, nearest first, ties by id."""
    if not len(delta[0]):
        return main[0][:k], main[1][:k]
    ids, distances = np.concatenate([main[0], delta[0]]), np.concatenate([main[1], delta[1]])
    order = np.lexsort((ids, distances))[:k]
    return ids[order], distances[order]
