"""A merge that is only counted: into a copy of the catalog, without vectors."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager

from faceindex.store.care.tables import scratch_copy
from faceindex.store.folder import LibraryFolder
from faceindex.store.hdf5.segments import Block
from faceindex.store.journal.act_keys import LIBRARY_ID, new_library_id
from faceindex.store.layout import VECTORS
from faceindex.store.writer import Writer


class DryWriter(Writer):
    """Writes rows and no segments."""

    def _write_file(self, name: str, blocks: Iterable[Block], faces: int) -> tuple[bytes, int]:
        return b"", 0


@contextmanager
def dry_writer(folder: LibraryFolder) -> Iterator[Writer]:
    """A writer into a copy of the catalog, of which nothing is left."""
    if not folder.exists:
        with scratch_copy(folder.path, None) as copy:
            writer = DryWriter(copy, folder.path / VECTORS, folder.recipe)
            writer.save_settings(**{LIBRARY_ID: new_library_id()})
            yield writer
        return
    with closing(folder.open_catalog()) as catalog, scratch_copy(folder.path, catalog) as copy:
        yield DryWriter(copy, folder.path / VECTORS, folder.recipe)
