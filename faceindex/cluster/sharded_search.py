"""The index of a library, searched on Ray for as long as it is open; what changes in the library is found at once.

The faces that were added since the index was built stay with the library, in the process that asks; the shards are of
the index on the disk. When that is built again, new shards take the place of the old ones; when it was removed, because
faces were erased, the actors end.
"""

from __future__ import annotations

import threading
from dataclasses import replace

from faceindex.cluster.session import RaySession
from faceindex.cluster.shards import WAIT, RayShards
from faceindex.search.index import LibraryIndex
from faceindex.search.shard_files import cut
from faceindex.store.folder import LibraryFolder
from faceindex.vectors.shards import Scattered

FEWEST = 25_000
"""Faces in a shard, where nobody says how many shards there are: fewer are searched in less time than a call takes."""


class ShardedSearch:
    """Puts the index of a library into shards."""

    def __init__(
        self, session: RaySession, *, shards: int | None = None, replicas: int = 1, wait: float = WAIT
    ) -> None:
        """shards: how many, default a processor of the cluster each, of FEWEST faces at least. replicas: actors for
        each. wait: seconds that a search waits for a shard that is lost."""
        self._session, self._count, self._replicas, self._wait = session, shards, replicas, wait
        self._lock = threading.RLock()
        self.shards: RayShards | None = None

    def scattered(self, folder: LibraryFolder, index: LibraryIndex) -> LibraryIndex | None:
        """`index`, searched by its shards, which are loaded if they are not yet; None when another index took its
        place on the disk. Raises: MachineError; LibraryUnwritable; LibraryLocked."""
        with self._lock:
            if self.shards is not None and self.shards.cut.of != index.saved_as:
                self.close()
            if self.shards is None:
                made = cut(folder, index, self._shards_for(len(index.main.ids)))
                if made is None:
                    return None
                self.shards = RayShards(self._session, made, replicas=self._replicas, wait=self._wait)
            elif index.main.elsewhere is not None:
                return index
            main = replace(index.main, elsewhere=None)
            return replace(index, main=replace(main, elsewhere=Scattered(main, self.shards.cut.starts, self.shards)))

    def end_if_removed(self, folder: LibraryFolder) -> None:
        """End the actors when the index that they hold is no longer the library's."""
        with self._lock:
            if self.shards is not None and not self.shards.cut.is_current(folder):
                self.close()

    def close(self) -> None:
        """End the actors."""
        with self._lock:
            if self.shards is not None:
                self.shards.close()
                self.shards = None

    def _shards_for(self, faces: int) -> int:
        if self._count is not None:
            return self._count
        processors = int(self._session.module.cluster_resources().get("CPU", 1))
        return max(1, min(processors, faces // FEWEST))
