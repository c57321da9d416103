"""A library of the same photos, faces and decisions whose vectors are made of another library's vectors."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import count

from faceindex.errors import UsageError
from faceindex.running.meter import Meter
from faceindex.store.care.tables import is_untouched, loaded, rows_of, tables, take_all
from faceindex.store.catalog import Catalog
from faceindex.store.folder import LibraryFolder
from faceindex.store.hdf5.segments import Block, Segment, SegmentMissing
from faceindex.store.hdf5.vectors import StoredVectors
from faceindex.store.journal.acts import count_acts
from faceindex.store.migrations import MIGRATIONS, schema_version
from faceindex.store.reading import READING_ATTEMPTS
from faceindex.store.writer import Writer
from faceindex.types import Vectors


@dataclass(frozen=True, slots=True)
class Mapped:
    """What the new library has. decided: faces that people decided about; found: those of them that it shows."""

    paths: int
    faces: int
    acts: int
    decided: int
    found: int


def map_vectors(
    folder: LibraryFolder, new: LibraryFolder, mapped: Callable[[Vectors], Vectors], meter: Meter
) -> Mapped:
    """Fill `new` with all that `folder` holds, and with its vectors as `mapped` returns them, float32 [n, d] each time.

    All ids stay. It is committed at once; after a crash the same call begins again. meter: counts faces.
    Raises: UsageError when `new` holds anything; LibraryDamaged; LibraryLocked; LibraryUnwritable; JobCancelled.
    """
    with new.writer(stop=meter.stop) as writer:
        if not is_untouched(writer.catalog):
            raise UsageError(f"{new.path} holds a library already; choose another place for the new one")
        for attempt in count(1):
            with closing(folder.open_catalog()) as catalog, catalog.snapshot():
                stored = folder.stored_vectors(catalog)
                try:
                    segment = _write(writer, stored, mapped, meter)
                except SegmentMissing as error:  # lost, or merged with others since the snapshot
                    missing = error
                else:
                    meter.announce("storing")
                    with new.guarded(), _newest(new, catalog) as source:
                        take_all(writer, source, segment)
                    return _counted(writer.catalog)
            with closing(folder.open_catalog()) as newer:
                if attempt == READING_ATTEMPTS or newer.segments() == stored.segments:
                    raise missing
    raise AssertionError  # count() never ends


def _write(writer: Writer, stored: StoredVectors, mapped: Callable[[Vectors], Vectors], meter: Meter) -> Segment | None:
    faces = len(stored.faces.ids)
    meter.stage("encoding", faces)

    def blocks() -> Iterator[Block]:
        for ids, vectors in stored.blocks():
            yield ids, mapped(vectors)
            meter.advance(len(ids))

    return writer.write_segment(blocks(), faces) if faces else None


@contextmanager
def _newest(new: LibraryFolder, catalog: Catalog) -> Iterator[Catalog]:
    """The catalog, or what migrations make of a copy of it: a library that is only read stays as it is."""
    schema = schema_version(catalog.connection)
    if schema == len(MIGRATIONS):
        yield catalog
        return
    own = (
        (one.name, [column.name for column in one.columns], rows_of(catalog.connection, one)) for one in tables(catalog)
    )
    with loaded(new.path, schema, own) as migrated, migrated.snapshot():
        yield migrated


def _counted(catalog: Catalog) -> Mapped:
    (decided,) = catalog.connection.execute("SELECT COUNT(DISTINCT face) FROM decisions").fetchone()
    (found,) = catalog.connection.execute(
        "SELECT COUNT(DISTINCT face) FROM decisions WHERE face IN (SELECT id FROM faces)"
    ).fetchone()
    (paths,) = catalog.connection.execute("SELECT COUNT(*) FROM paths").fetchone()
    return Mapped(paths, catalog.counts()["faces"], count_acts(catalog.connection), decided, found)
