"""The index of a library: a file beside its vectors, and what has changed since it was built.

An index stays useful while the library changes. The number of the last segment at the time says what it holds. A face
whose vector was written in a later segment, new or edited, is in the delta, which is searched as well. A face of the
index that the catalog has no more, or has with a later vector, is deleted: it is left out of what is found. Only when
these are many is the index built anew. Its file is checked whenever it is opened.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from faceindex.running.lazily import functions, module
from faceindex.running.meter import Meter
from faceindex.search.coverage import Coverage, SavedIndex, index_config
from faceindex.search.files import Stamp, damaged, read_stamp
from faceindex.search.kinds import FLAT_UP_TO, IndexConfig
from faceindex.types import FaceIds, IndexReport, Stale, Vectors

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from faceindex.search import building
    from faceindex.store.folder import LibraryFolder
    from faceindex.vectors.ivf import of_the_same_lists
    from faceindex.vectors.nearest import FaceIndex, Found, nearest, nearest_of_each
else:
    np = module("numpy")
    building = module("faceindex.search.building")
    of_the_same_lists = functions("faceindex.vectors.ivf", "of_the_same_lists")
    FaceIndex, nearest, nearest_of_each = functions(
        "faceindex.vectors.nearest", "FaceIndex", "nearest", "nearest_of_each"
    )


SMALL = FLAT_UP_TO
"""Faces up to which a search builds a stale index anew."""

_MANY_MORE = 10_000
"""Faces in a delta from which on comparing all of them takes longer than an approximate search."""

_MANY_PROBES = 500
"""Probes after which such a delta is put into lists, which takes as long as comparing so many with all of its faces
(100,000 faces: 5 s and 10 ms)."""

_log = logging.getLogger(__name__)


class Delta:
    """Faces that were written after the main index was built: compared with every probe or, when both are many, in
    lists of their own with the main index's centroids."""

    def __init__(self, main: FaceIndex, ids: FaceIds, vectors: Vectors) -> None:
        """ids: int64 [n]. vectors: float32 [n, d]."""
        self.faces = FaceIndex(ids, vectors)
        self._main = main
        self._probes = 0

    def index_for(self, probes: int) -> FaceIndex:
        """The index to search for so many probes more. Threads may ask at once: at worst each makes the lists."""
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

    main: what was built, of `coverage`. delta: the faces written later. deleted: how many of main are no more, or are
    in the delta. state: of the library. saved_as: what no other index on the disk is called; None when main is not
    there.
    """

    main: FaceIndex
    coverage: Coverage
    delta: Delta
    deleted: int
    state: str
    saved_as: str | None

    @property
    def faces(self) -> int:
        """How many are searched."""
        return len(self.main.ids) - self.deleted + len(self.delta.faces.ids)


def load_or_build(folder: LibraryFolder, former: LibraryIndex | None = None) -> LibraryIndex:
    """The index of all faces in the library as it is.

    former: what this returned before, of which as much as possible is used. Built, and saved where possible, when there
    is none, when more has changed than it holds, and, in a small library, when it is stale.
    """
    if former and former.state == folder.catalog.faces_state():
        return former
    saved = SavedIndex.of(folder)
    if saved is None or saved.outgrown:
        return _build_before_search(folder)
    if saved.stale and saved.coverage.faces + saved.change.delta <= SMALL:
        return _build_before_search(folder)
    name = name_of(saved.stamp)
    main = former.main if former and former.saved_as == name else building.open_saved(folder, saved.stamp)
    return _build_before_search(folder) if main is None else _with_changes(folder, main, saved.coverage, name)


def stale(folder: LibraryFolder, former: LibraryIndex | None = None) -> Stale | None:
    """What `load_or_build` would make its caller wait for: the building of an index of more than SMALL faces."""
    if (former and former.state == folder.catalog.faces_state()) or folder.catalog.counts()["faces"] <= SMALL:
        return None
    saved = SavedIndex.of(folder)
    if saved is not None and not saved.outgrown:
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
    return _with_changes(folder, main, coverage, None if stamp is None else name_of(stamp))


def build_if_stale(folder: LibraryFolder, meter: Meter | None = None) -> None:
    """Build the index after many changes, or when there is none. Raises: JobCancelled."""
    if state(folder) != "current":
        build(folder, meter=meter)


def find_nearest(
    folder: LibraryFolder, index: LibraryIndex, probe: npt.NDArray[np.float32], k: int, threshold: float
) -> Found:
    """As `nearest`, over all faces of the library.

    Faces of the delta that are further than the k-th of the main index are not looked for.
    """
    wanted = len(index.main.ids) if k >= index.faces else k
    while True:
        found = nearest(index.main, probe, wanted, threshold)
        exhausted = len(found[0]) < wanted or wanted >= len(index.main.ids)
        found = _without_deleted(folder, index, found)
        if exhausted or len(found[0]) >= k:
            break
        wanted = 4 * wanted + 16
    within = min(threshold, float(found[1][k - 1])) if 0 < k <= len(found[1]) else threshold
    return _merged(found, nearest(index.delta.index_for(1), probe, k, within), k)


def find_nearest_of_each(
    folder: LibraryFolder, index: LibraryIndex, probes: Vectors, k: int, threshold: float, *, threads: int = 1
) -> Iterator[Found]:
    """What `find_nearest` finds for each of `probes`, float32 [p, d], in their order."""
    wanted = min(k + 16, len(index.main.ids)) if index.deleted else k
    of_main = nearest_of_each(index.main, probes, wanted, threshold, threads=threads)
    of_delta = nearest_of_each(index.delta.index_for(len(probes)), probes, k, threshold, threads=threads)
    for probe, main, delta in zip(probes, of_main, of_delta, strict=True):
        stored = _without_deleted(folder, index, main)
        if len(stored[0]) >= k or len(main[0]) < wanted:
            yield _merged(stored, delta, k)
        else:
            yield find_nearest(folder, index, probe, k, threshold)


def is_on_disk(folder: LibraryFolder, index: LibraryIndex) -> bool:
    """Whether the main part of `index` is what the library's index on the disk is."""
    stamp = read_stamp(folder.index)
    return stamp is not None and index.saved_as == name_of(stamp)


def state(folder: LibraryFolder) -> str:
    """By the stamp alone: "current" when searched as it is, "stale" when so much changed that it should be built anew,
    or "absent"."""
    return report(folder).state


def report(folder: LibraryFolder) -> IndexReport:
    """What is known of the index by its stamp."""
    saved, config = SavedIndex.of(folder), index_config(folder)
    if saved is None:
        return IndexReport("stale" if read_stamp(folder.index) else "absent", config.kind, config.recall)
    size = sum(figures["bytes"] for figures in saved.stamp["files"].values())
    counts = (saved.coverage.faces, saved.change.delta, saved.change.deleted)
    state = "stale" if saved.stale else "current"
    return IndexReport(state, config.kind, config.recall, *counts, **saved.stamp["built"], bytes=size)


def damage(folder: LibraryFolder) -> str | None:
    """What is wrong with the file of an index that would be used; None when it is whole, or there is none."""
    saved = SavedIndex.of(folder)
    return damaged(folder.index, saved.stamp) if saved else None


def _build_before_search(folder: LibraryFolder) -> LibraryIndex:
    """`build`, for which somebody waits who asked for something else."""
    faces = folder.catalog.counts()["faces"]
    if faces > SMALL:
        _log.warning("the index of %s faces is missing or outdated: it is built first, once", f"{faces:,}")
    return build(folder)


def name_of(stamp: Stamp) -> str:
    """What no other index on the disk is called."""
    return str(stamp["coverage"]["state"]) + "".join(figures["checksum"] for figures in stamp["files"].values())


def _with_changes(folder: LibraryFolder, main: FaceIndex, coverage: Coverage, saved_as: str | None) -> LibraryIndex:
    """`main` and what has changed since it was built."""
    if folder.catalog.faces_state() == coverage.state:
        nothing = Delta(main, np.empty(0, dtype=np.int64), np.empty((0, folder.recipe.dimension), dtype=np.float32))
        return LibraryIndex(main, coverage, nothing, 0, coverage.state, saved_as)
    with folder.vectors_of_one_state(coverage.segment) as (ids, vectors):
        catalog = folder.catalog
        deleted = coverage.faces - catalog.count_written_until(coverage.segment)
        return LibraryIndex(main, coverage, Delta(main, ids, vectors), deleted, catalog.faces_state(), saved_as)


def _without_deleted(folder: LibraryFolder, index: LibraryIndex, found: Found) -> Found:
    """Those that are in the library with the vector that they have in the main index."""
    ids, distances = found
    if not index.deleted or not len(ids):
        return found
    stored = folder.catalog.written_until(ids, index.coverage.segment)
    return ids[stored], distances[stored]


def _merged(main: Found, delta: Found, k: int) -> Found:
    """The k nearest of what was found in two indexes, nearest first, ties by id."""
    if not len(delta[0]):
        return main[0][:k], main[1][:k]
    ids, distances = np.concatenate([main[0], delta[0]]), np.concatenate([main[1], delta[1]])
    order = np.lexsort((ids, distances))[:k]
    return ids[order], distances[order]
