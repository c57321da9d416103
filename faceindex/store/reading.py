"""A library's folder as readers see it: its catalog, and its vectors as of one commit."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from itertools import count, islice
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from faceindex.errors import UsageError
from faceindex.faces.recipe import Recipe
from faceindex.running.lazily import module
from faceindex.store.catalog import Catalog
from faceindex.store.hdf5.segments import BLOCK, SegmentMissing
from faceindex.store.hdf5.vectors import Faces, StoredVectors
from faceindex.store.layout import CATALOG, INDEX, VECTORS
from faceindex.store.opening import damage_named, open_reader
from faceindex.store.read_pool import ReadPool
from faceindex.types import FaceIds, FaceRecord, Qualities, Vectors

if TYPE_CHECKING:
    import numpy as np
else:
    np = module("numpy")


T = TypeVar("T")

READING_ATTEMPTS = 100
"""How often a read begins again because a compaction replaced a segment meanwhile."""


class ReadableLibrary:
    """What can be read of a library; see `LibraryFolder`."""

    recipe: Recipe

    def __init__(self, path: Path) -> None:
        """path: of the folder, which need not exist."""
        self.path = Path(os.path.expanduser(path)).absolute()  # noqa: PTH111  (Path's refuses `~name` of nobody)
        self._readers = ReadPool(self.open_catalog)

    @property
    def exists(self) -> bool:
        """Whether there is a library; else the first writer creates it."""
        return bool(self._settings())

    @property
    def min_face(self) -> int | None:
        """The smallest face wanted when photos were last ingested; probes are analysed with the same."""
        stored = self.setting("min_face")
        return None if stored is None else int(stored)

    def setting(self, name: str) -> str | None:
        """The value of a setting; None when it is not set, or there is no library yet."""
        return self._settings().get(name)

    @property
    def index(self) -> Path:
        """The folder of FAISS files; may be absent."""
        return self.path / INDEX

    @property
    def catalog(self) -> Catalog:
        """The catalog for reading, from any thread. Raises: UsageError when there is no library yet."""
        return self._readers.get()

    @property
    def connections(self) -> int:
        """Connections for reading that are open now."""
        return self._readers.opened

    def no_library(self) -> UsageError:
        """The error when there is no library yet."""
        return UsageError(f"no library at {self.path}; `faceindex ingest` creates one")

    def close(self) -> None:
        """Close every connection for reading."""
        self._readers.close()

    def outside(self, path: Path) -> Path:
        """`path`, to which somebody wants to write. Raises: UsageError when it is the library's folder or in it."""
        own, other = os.path.realpath(self.path), os.path.realpath(path)
        if os.path.commonpath([own, other]) == own:
            raise UsageError(f"{path} lies in the library itself; choose another place")
        return path

    def bytes_on_disk(self) -> int:
        """Size of all files of the library."""
        return _bytes_under(self.path)

    def vectors(self) -> tuple[FaceIds, Vectors]:
        """All faces in the library that have a vector: ids int64 [n], rising, and vectors float32 [n, d].

        Raises: LibraryDamaged when a segment is missing or a face has no vector.
        """
        with self.vectors_of_one_state() as found:
            return found

    def vectors_of(self, ids: FaceIds) -> Vectors:
        """The vectors of some faces, in this order: float32 [m, d]. ids: int64 [m].

        Raises: UsageError when one is not here, or has no vector; LibraryDamaged.
        """
        rising, places = np.unique(ids, return_inverse=True)
        with self.vectors_of_one_state(among=rising) as (_, vectors):
            return vectors[places]

    def vectors_with_qualities(self) -> tuple[FaceIds, Vectors, Qualities]:
        """As `vectors`, and the quality of each face: float64 [n], NaN where it is not known."""
        with self.vectors_of_one_state() as (ids, vectors):
            return ids, vectors, self.catalog.face_qualities()

    def some_vectors_with_qualities(self, among: FaceIds) -> tuple[FaceIds, Vectors, Qualities]:
        """As `vectors_with_qualities`, of those of `among`, int64 [m], that have a vector. No others are read."""

        def read() -> tuple[FaceIds, Vectors, Qualities]:
            stored = self._located(self.catalog, self.catalog.stored_among(among))
            return stored.faces.ids, stored.as_array(), self.catalog.qualities_of(stored.faces.ids)

        with self._of_one_state(read) as found:
            return found

    def faces_with_vectors(self) -> Iterator[tuple[FaceRecord, Vectors | None]]:
        """Every face with its vector, float32 [d], by rising id. Faces are read in blocks, each of one state.

        The vector is None when it was lost and no ingest has made it again yet. Raises: LibraryDamaged.
        """
        last = 0
        while block := self._block_with_vectors(last):
            yield from block
            last = block[-1][0].face

    @contextmanager
    def vectors_of_one_state(self, after: int = 0, among: FaceIds | None = None) -> Iterator[tuple[FaceIds, Vectors]]:
        """As `vectors`; inside, this thread's catalog stays at the state that they are of.

        after: only vectors that were first written after this segment. among: rising ids of the faces, default all.
        """

        def read() -> tuple[FaceIds, Vectors]:
            stored = self.stored_vectors(self.catalog, after)
            if among is not None:
                stored = replace(stored, faces=self._among(stored.faces, among))
            return stored.faces.ids, stored.as_array()

        with self._of_one_state(read) as found:
            yield found

    def stored_vectors(self, catalog: Catalog, after: int = 0) -> StoredVectors:
        """Where the vectors of the catalog's state lie. after: only those first written after this segment."""
        return self._located(catalog, catalog.stored_faces(after))

    def stored_not_faces(self, catalog: Catalog) -> StoredVectors:
        """As `stored_vectors`, of what users say is no face."""
        return self._located(catalog, catalog.stored_not_faces())

    def vectors_among(self, catalog: Catalog, ids: Iterable[int]) -> dict[int, Vectors]:
        """The vectors, float32 [d], of those of `ids` that have one. The catalog must not change meanwhile: a writer's
        own, or in a snapshot.

        Raises: LibraryDamaged.
        """
        stored = self._located(catalog, catalog.stored_among(ids))
        return dict(zip(stored.faces.ids.tolist(), stored.as_array(), strict=True))

    def open_catalog(self) -> Catalog:
        """A connection of its own for reading. Raises: UsageError when there is no library; LibraryDamaged."""
        if not self._catalog_file.is_file():
            raise self.no_library()
        return open_reader(self._catalog_file)

    def _block_with_vectors(self, after: int) -> list[tuple[FaceRecord, Vectors | None]]:
        def read() -> list[tuple[FaceRecord, Vectors | None]]:
            records = list(islice(self.catalog.faces(after), 2 * BLOCK))
            vectors = self.vectors_among(self.catalog, (record.face for record in records))
            return [(record, vectors.get(record.face)) for record in records]

        with self._of_one_state(read) as found:
            return found

    @contextmanager
    def _of_one_state(self, read: Callable[[], T]) -> Iterator[T]:
        """What `read` returns of vectors; inside, this thread's catalog stays at the state that it is of.

        Reading begins again when a writer has replaced a segment meanwhile.
        """
        for attempt in count(1):
            with self.catalog.snapshot():
                try:
                    found = read()
                except SegmentMissing as error:
                    missing, segments = error, self.catalog.segments()
                else:
                    yield found
                    return
            if attempt == READING_ATTEMPTS or self.catalog.segments() == segments:
                raise missing

    def _located(self, catalog: Catalog, faces: Faces) -> StoredVectors:
        recipe = self.recipe
        return StoredVectors(self.path / VECTORS, catalog.segments(), faces, recipe.fingerprint, recipe.dimension)

    def _among(self, faces: Faces, ids: FaceIds) -> Faces:
        places, there = faces.places(ids)
        if not there.all():
            raise UsageError(f"there is no face {ids[~there][0]} with a vector in {self.path}")
        return Faces(ids, faces.written[places])

    @property
    def _catalog_file(self) -> Path:
        return self.path / CATALOG

    def _settings(self) -> dict[str, str]:
        if not self._catalog_file.is_file() or self._catalog_file.stat().st_size == 0:
            return {}
        with damage_named(self._catalog_file):
            return self.catalog.settings()


def _bytes_under(folder: str | Path) -> int:
    """Size of all files below; of what is removed meanwhile, such as a cached crop, nothing."""
    size = 0
    with suppress(FileNotFoundError), os.scandir(folder) as entries:
        for entry in entries:
            with suppress(FileNotFoundError):
                size += _bytes_under(entry.path) if entry.is_dir(follow_symlinks=False) else entry.stat().st_size
    return size
