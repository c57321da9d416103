"""`library.index`: how a library is searched."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from faceindex.errors import UsageError
from faceindex.library.deprecation import renamed
from faceindex.library.job import Job, finished
from faceindex.library.opened import Opened
from faceindex.running.lazily import functions
from faceindex.running.meter import Meter
from faceindex.search import index as face_index
from faceindex.search.coverage import configure, index_config
from faceindex.search.kinds import IndexConfig
from faceindex.types import IndexReport, Progress, Stale

if TYPE_CHECKING:
    from faceindex.cluster.session import RaySession
    from faceindex.cluster.sharded_search import ShardedSearch
else:
    RaySession = functions("faceindex.cluster.session", "RaySession")
    ShardedSearch = functions("faceindex.cluster.sharded_search", "ShardedSearch")

WAIT_FOR_SHARDS = 60.0
"""Seconds."""


class Index:
    """The index of a library: its state, and building it."""

    def __init__(self, opened: Opened) -> None:
        self._opened = opened

    def __call__(self) -> IndexReport:
        """What is known of the index. Deprecated: `library.index.report()`."""
        renamed("index()", "index.report()")
        return self.report()

    def report(self) -> IndexReport:
        """What is known of the index."""
        return face_index.report(self._opened.folder)

    def stale(self) -> Stale | None:
        """What must be built before a search; None when nothing must. `start_build` builds it."""
        return face_index.stale(self._opened.folder, self._opened.index)

    def release(self) -> None:
        """Unmap the index's file until the next search, unless it is still the one on the disk: after an erasure it is
        only a deleted file, which stays on the disk as long as it is mapped. Processes on Ray that hold it end."""
        self._opened.release_index()

    def search_on(
        self, on: str, *, shards: int | None = None, replicas: int = 1, wait: float = WAIT_FOR_SHARDS
    ) -> None:
        """Search on Ray from now on, until the library is closed: the index is cut into shards, which actors hold.

        The same faces are found. An index that must be built first is put there by the first search after that.
        on: "ray" starts Ray on this machine, and ends it when the library is closed; "ray://HOST:PORT" is a cluster.
        The calling thread must last as long. shards: how many, default one for each processor of the cluster, of 25,000
        faces at least. replicas: actors for each shard. wait: seconds that a search waits for a shard that is lost,
        before it answers without: `ProbeFace.unsearched`. Raises: UsageError for another address; MachineError when Ray
        does not answer, or has no room; LibraryUnwritable; LibraryLocked.
        """
        opened = self._opened
        if opened.sharded is not None:
            raise UsageError("the library is searched on Ray already")
        session = RaySession(on)
        opened.sharded = ShardedSearch(session, shards=shards, replicas=replicas, wait=wait)
        opened.at_close(opened.sharded.close)
        opened.at_close(session.close)
        if face_index.state(opened.folder) != "absent" and self.stale() is None:
            opened.loaded_index()

    def start_build(
        self,
        kind: str | None = None,
        *,
        recall: float | None = None,
        threads: int = 1,
        progress: Callable[[Progress], None] | None = None,
    ) -> Job[IndexReport]:
        """Build the index.

        kind: "flat", which is exact, "ivf", which is approximate, or "auto", by the number of faces. recall: wanted of
        an approximate one, between 0 and 1. Both are stored for later builds; None is what was chosen before. threads:
        number for the build. Raises: UsageError; LibraryUnwritable; LibraryLocked.
        """
        folder = self._opened.folder
        before = index_config(folder)
        chosen = IndexConfig(before.kind if kind is None else kind, before.recall if recall is None else recall)

        def work(meter: Meter) -> IndexReport:
            self._opened.index = face_index.build(folder, config=chosen, threads=threads, meter=meter)
            configure(folder, chosen)
            return face_index.report(folder)

        return self._opened.start("index", work, progress)

    def build(
        self,
        kind: str | None = None,
        *,
        recall: float | None = None,
        threads: int = 1,
        progress: Callable[[Progress], None] | None = None,
    ) -> IndexReport:
        """As `start_build`; returns when it has ended."""
        return finished(self.start_build(kind, recall=recall, threads=threads, progress=progress))
