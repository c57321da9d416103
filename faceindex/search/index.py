"""The index of a library: built from its vectors, kept beside them, followed by what changed since, never trusted
unchecked.

An index stays useful while the library changes. What it holds is told by the number of the last segment at the time: a
face whose vector was first written in a later one, new or edited, is searched exactly beside it; a face of its own
that is not in the catalog any more, or has a later vector now, is left out of what it finds. Only when these are
many is it made anew.
"""

from __future__ import annotations

import contextlib
import time
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from faceindex.errors import FaceindexError
from faceindex.search import kinds
from faceindex.search.files import Stamp, damaged, publish, read_arrays, read_stamp, written
from faceindex.search.kinds import Made
from faceindex.search.nearest import Distances, FaceIndex, nearest
from faceindex.store import rows
from faceindex.store.folder import LibraryFolder
from faceindex.types import FaceIds, IndexReport

SMALL = 50_000
"""Faces up to which a search makes a stale index anew: it takes no longer than a photo."""

_MOST_BESIDE = 20_000  # faces beside an index, or gone from it: an exact search among so many takes a millisecond
_SHARE_BESIDE = 0.1
_INDEXED = "indexed"  # the setting that says of which state of this catalog an index was saved
_NO_SEGMENT = (1 << 63) - 1


@dataclass(frozen=True, slots=True)
class Coverage:
    """What an index was built from.

    recipe: its fingerprint. state: the library's word for the faces it had then. segment: number of the last one.
    faces: those with a vector.
    """

    recipe: str
    state: str
    segment: int
    faces: int

    @classmethod
    def of(cls, folder: LibraryFolder) -> Coverage:
        """The coverage that an index of the library as it is would have."""
        with folder.catalog.snapshot():
            return cls._now(folder)

    @classmethod
    def _now(cls, folder: LibraryFolder) -> Coverage:
        catalog = folder.catalog
        last = catalog.last_segment()
        return cls(folder.recipe.fingerprint, catalog.faces_state(), last, catalog.count_written(1, last))


@dataclass(frozen=True, slots=True)
class LibraryIndex:
    """All faces of a library in one state.

    main: what was built, of `coverage`. beside: exact, the faces written later. gone: how many of main are no more, or
    are beside. state: of the library. seal: of the stamp on the disk; None when main is not there.
    """

    main: FaceIndex
    coverage: Coverage
    beside: FaceIndex
    gone: int
    state: str
    seal: str | None

    @property
    def faces(self) -> int:
        """Those that are searched."""
        return len(self.main.ids) - self.gone + len(self.beside.ids)


@dataclass(frozen=True, slots=True)
class Change:
    """beside: faces that an index has not. gone: faces that it has and the library has not, or with another vector."""

    beside: int
    gone: int

    def many(self, covered: int) -> bool:
        """Whether it is time to make an index of `covered` faces anew."""
        return self.beside + self.gone > min(_SHARE_BESIDE * covered, _MOST_BESIDE)


def load_or_build(folder: LibraryFolder, former: LibraryIndex | None = None) -> LibraryIndex:
    """The index of all faces in the library as it is.

    former: what this returned before, of which as much as possible is used. Built, and saved where possible, when there
    is none, when more has changed than it holds, and, in a small library, when it is stale.
    """
    if former and former.state == folder.catalog.faces_state():
        return former
    stamp = _usable(folder)
    if stamp is None:
        return build(folder)
    change, covered = _change(folder, stamp), stamp["coverage"]["faces"]
    too_much = change.beside + change.gone > covered
    if too_much or (covered + change.beside <= SMALL and change.many(covered)):
        return build(folder)
    main = former.main if former and former.seal == _name(stamp) else _opened(folder, stamp)
    return build(folder) if main is None else _followed(folder, main, Coverage(**stamp["coverage"]), _name(stamp))


def build(folder: LibraryFolder, *, threads: int = 1) -> LibraryIndex:
    """Build the index anew, of the kind that was chosen for this library, and save it where possible."""
    choice = chosen(folder)
    with folder.vectors_of_one_state() as (ids, vectors):
        coverage = Coverage._now(folder)
    began = time.monotonic()
    main, made = kinds.make(ids, vectors, choice, threads=threads)
    made = replace(made, seconds=time.monotonic() - began)
    with contextlib.suppress(OSError, FaceindexError):  # a reader of a read-only library does without
        save(folder, main, coverage, made)
    stamp = _usable(folder)
    if stamp is not None and stamp["coverage"] == asdict(coverage):
        main = _opened(folder, stamp) or main  # mapped: the memory can be had back
        return _followed(folder, main, coverage, _name(stamp))
    return _followed(folder, main, coverage, None)


def fold(folder: LibraryFolder) -> None:
    """After many changes, or without an index: build it."""
    if state(folder) != "current":
        build(folder)


def save(folder: LibraryFolder, main: FaceIndex, coverage: Coverage, made: Made | None = None) -> None:
    """Write an index and its stamp, unless the faces have changed since: of what was forgotten nothing comes back.

    The catalog remembers of which of its states there is an index, so that none of another library, or of this one's
    future before it was restored from a backup, is taken for an older index of this one.
    Raises: OSError; LibraryUnwritable; LibraryLocked.
    """
    made = made or kinds.plain()
    with (
        written(folder.index, kinds.arrays(main)) as stamp,
        folder.decisions() as catalog,
        catalog.transaction() as transaction,
    ):
        if catalog.faces_state() == coverage.state:
            publish(folder.index, stamp, coverage=asdict(coverage), made=asdict(made))
            rows.save_settings(transaction, **{_INDEXED: coverage.state})


def find_nearest(
    folder: LibraryFolder, index: LibraryIndex, probe: npt.NDArray[np.float32], k: int, threshold: float
) -> tuple[FaceIds, Distances]:
    """As `nearest`, over all faces of the library."""
    wanted = k
    while True:
        ids, distances = nearest(index.main, probe, wanted, threshold)
        exhausted = len(ids) < wanted
        ids, distances = _left(folder, index, ids, distances)
        if exhausted or len(ids) >= k:
            break
        wanted = 4 * wanted + 16
    found, away = together((ids, distances), nearest(index.beside, probe, k, threshold))
    return found[:k], away[:k]


def state(folder: LibraryFolder) -> str:
    """By the stamp alone: "current" when searched as it is, "stale" when so much changed that it should be made anew,
    or "absent"."""
    return report(folder).state


def report(folder: LibraryFolder) -> IndexReport:
    """What is known of the index by its stamp."""
    stamp, choice = _usable(folder), chosen(folder)
    if stamp is None:
        return IndexReport("stale" if read_stamp(folder.index) else "absent", choice.kind, choice.recall)
    change, covered = _change(folder, stamp), stamp["coverage"]["faces"]
    word = "stale" if change.many(covered) else "current"
    made: dict[str, Any] = stamp["made"]
    size = sum(figures["bytes"] for figures in stamp["files"].values())
    return IndexReport(word, choice.kind, choice.recall, covered, change.beside, change.gone, **made, bytes=size)


def chosen(folder: LibraryFolder) -> kinds.Choice:
    """The kind of index that was chosen for the library, "auto" at first, and the recall."""
    settings = folder.catalog.settings()
    return kinds.Choice(settings.get("index_kind", kinds.AUTO), float(settings.get("index_recall", kinds.RECALL)))


def choose(folder: LibraryFolder, choice: kinds.Choice) -> None:
    """Let the library's index be of this kind whenever it is built. Raises: LibraryUnwritable; LibraryLocked."""
    if choice != chosen(folder):
        with folder.decisions() as catalog, catalog.transaction() as transaction:
            rows.save_settings(transaction, index_kind=choice.kind, index_recall=choice.recall)


def damage(folder: LibraryFolder) -> str | None:
    """What is wrong with the files of an index that would be used; None when it is whole, or there is none."""
    stamp = _usable(folder)
    return damaged(folder.index, stamp) if stamp else None


def stored(folder: LibraryFolder) -> tuple[FaceIndex, Coverage] | None:
    """What was built, as it is on the disk; None when there is none that would be used."""
    stamp = _usable(folder)
    main = _opened(folder, stamp) if stamp else None
    return (main, Coverage(**stamp["coverage"])) if stamp and main else None


def _usable(folder: LibraryFolder) -> Stamp | None:
    """The stamp of an index of this library, in this or an earlier state."""
    stamp = read_stamp(folder.index)
    if stamp is None or stamp["coverage"]["recipe"] != folder.recipe.fingerprint:
        return None
    known = folder.catalog.settings()
    return stamp if stamp["coverage"]["state"] in (known.get("faces_state", ""), known.get(_INDEXED)) else None


def _opened(folder: LibraryFolder, stamp: Stamp) -> FaceIndex | None:
    arrays = read_arrays(folder.index, stamp)
    return None if arrays is None else kinds.of_arrays(arrays, Made(**stamp["made"]))


def _name(stamp: Stamp) -> str:
    """What no other index has."""
    return str(stamp["coverage"]["state"]) + "".join(figures["checksum"] for figures in stamp["files"].values())


def _change(folder: LibraryFolder, stamp: Stamp) -> Change:
    coverage = Coverage(**stamp["coverage"])
    catalog = folder.catalog
    with catalog.snapshot():
        if catalog.faces_state() == coverage.state:
            return Change(0, 0)
        later = catalog.count_written(coverage.segment + 1, _NO_SEGMENT)
        return Change(later, coverage.faces - catalog.count_written(1, coverage.segment))


def _followed(folder: LibraryFolder, main: FaceIndex, coverage: Coverage, seal: str | None) -> LibraryIndex:
    """`main` and what has changed since."""
    if folder.catalog.faces_state() == coverage.state:
        nothing = FaceIndex(np.empty(0, dtype=np.int64), np.empty((0, folder.recipe.dimension), dtype=np.float32))
        return LibraryIndex(main, coverage, nothing, 0, coverage.state, seal)
    with folder.vectors_of_one_state(coverage.segment) as (ids, vectors):
        catalog = folder.catalog
        gone = coverage.faces - catalog.count_written(1, coverage.segment)
        return LibraryIndex(main, coverage, FaceIndex(ids, vectors), gone, catalog.faces_state(), seal)


def _left(folder: LibraryFolder, index: LibraryIndex, ids: FaceIds, distances: Distances) -> tuple[FaceIds, Distances]:
    """Those that are in the library with the vector that they have in the main index."""
    if not index.gone:
        return ids, distances
    left = folder.catalog.written_until(ids, index.coverage.segment)
    return ids[left], distances[left]


def together(a: tuple[FaceIds, Distances], b: tuple[FaceIds, Distances]) -> tuple[FaceIds, Distances]:
    """What was found in two indexes, nearest first, ties by id."""
    if not len(b[0]):
        return a
    ids, distances = np.concatenate([a[0], b[0]]), np.concatenate([a[1], b[1]])
    order = np.lexsort((ids, distances))
    return ids[order], distances[order]
