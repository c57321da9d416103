"""What an index covers of its library, and what has changed since."""

from __future__ import annotations

from dataclasses import dataclass

from faceindex.search.files import Stamp, read_stamp
from faceindex.search.kinds import AUTO, FLAT, KINDS, RECALL, IndexConfig
from faceindex.store.folder import LibraryFolder
from faceindex.store.settings import save_settings

INDEXED = "indexed"
"""The setting that says of which state of this catalog an index was saved."""

_MOST_CHANGED = 20_000  # faces added or deleted: an exact search among so many takes a millisecond
_SHARE_CHANGED = 0.1


@dataclass(frozen=True, slots=True)
class Coverage:
    """What an index was built from.

    recipe: its fingerprint. state: the library's token for the faces that it had then. segment: number of the last one.
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
            return cls.in_snapshot(folder)

    @classmethod
    def in_snapshot(cls, folder: LibraryFolder) -> Coverage:
        """As `of`, within a snapshot of the catalog."""
        catalog = folder.catalog
        last = catalog.last_segment()
        return cls(folder.recipe.fingerprint, catalog.faces_state(), last, catalog.count_written_until(last))


@dataclass(frozen=True, slots=True)
class Change:
    """delta: faces that are not in an index. deleted: faces in it that the library has no more, or has edited."""

    delta: int
    deleted: int

    @classmethod
    def since(cls, folder: LibraryFolder, coverage: Coverage) -> Change:
        """What has changed in the library."""
        catalog = folder.catalog
        with catalog.snapshot():
            if catalog.faces_state() == coverage.state:
                return cls(0, 0)
            later = catalog.count_written_after(coverage.segment)
            return cls(later, coverage.faces - catalog.count_written_until(coverage.segment))

    def many(self, covered: int) -> bool:
        """Whether it is time to make an index of `covered` faces anew."""
        return self.delta + self.deleted > min(_SHARE_CHANGED * covered, _MOST_CHANGED)


@dataclass(frozen=True, slots=True)
class SavedIndex:
    """An index on the disk, by its stamp. change: of the library since it was built."""

    stamp: Stamp
    coverage: Coverage
    change: Change

    @classmethod
    def of(cls, folder: LibraryFolder) -> SavedIndex | None:
        """The index of this library, in this or an earlier state; None when there is none."""
        stamp = read_stamp(folder.index)
        if stamp is None or stamp["coverage"]["recipe"] != folder.recipe.fingerprint:
            return None
        coverage, settings = Coverage(**stamp["coverage"]), folder.catalog.settings()
        if coverage.state not in (settings.get("faces_state", ""), settings.get(INDEXED)):
            return None
        return cls(stamp, coverage, Change.since(folder, coverage))

    @property
    def outgrown(self) -> bool:
        """Whether more has changed than it holds."""
        return self.change.delta + self.change.deleted > self.coverage.faces

    @property
    def stale(self) -> bool:
        """Whether so much has changed that it should be built anew."""
        return self.change.many(self.coverage.faces)


def index_config(folder: LibraryFolder) -> IndexConfig:
    """The kind of index that was chosen for the library, "auto" at first, and the recall."""
    settings = folder.catalog.settings()
    kind = settings.get("index_kind", AUTO)
    if kind not in KINDS:  # "pruned", an exact kind of former versions
        kind = FLAT
    return IndexConfig(kind, float(settings.get("index_recall", RECALL)))


def configure(folder: LibraryFolder, config: IndexConfig) -> None:
    """Let the library's index be of this kind whenever it is built. Raises: LibraryUnwritable; LibraryLocked."""
    if config != index_config(folder):
        with folder.decisions() as catalog, catalog.transaction() as transaction:
            save_settings(transaction, index_kind=config.kind, index_recall=config.recall)
