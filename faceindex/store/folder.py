"""A library's folder: created, opened, read, and lent to one writer at a time."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from itertools import count, islice
from pathlib import Path

import numpy as np

from faceindex.errors import LibraryDamaged, LibraryUnwritable, RecipeMismatch, UsageError
from faceindex.faces.recipe import Recipe, recipe
from faceindex.faces.vectors_only import VectorsOnly, recipe_of
from faceindex.files.private import make_folder, new_file, sync_folder
from faceindex.running.stop import Stop
from faceindex.store.care.erasing import COPY, finish_erasing
from faceindex.store.catalog import Catalog
from faceindex.store.hdf5.segments import BLOCK, SegmentMissing, aborted_files
from faceindex.store.hdf5.vectors import Faces, StoredVectors
from faceindex.store.lock import LOCK, WriterLock
from faceindex.store.migrations import MIGRATIONS, migrate, schema_version
from faceindex.store.opening import damage_named, open_reader, open_writer
from faceindex.store.read_pool import ReadPool
from faceindex.store.writer import Writer
from faceindex.types import FaceIds, FaceRecord, Qualities, Vectors

CATALOG = "catalog.sqlite"
_NO_ROOM = 1 << 20  # bytes
READING_ATTEMPTS = 100
"""How often a reader begins that a compaction takes a segment from."""

_NEW_CATALOG = CATALOG + ".tmp"
_OWN_CATALOGS = frozenset(name + s for name in (CATALOG, _NEW_CATALOG, COPY) for s in ("", "-wal", "-shm", "-journal"))
OWN_NAMES = _OWN_CATALOGS | {"vectors", "index", LOCK}


class LibraryFolder:
    """The files of one library.

    path: absolute. recipe: the one its vectors were made with.
    """

    def __init__(self, path: Path, *, wanted: Recipe | None = None, create: bool = True) -> None:
        """Open the library at `path`. An absent one is created, with the recipe `wanted`, by the first writer.

        Raises: UsageError when absent and not to be created, or when the folder holds other things;
        RecipeMismatch, NewerSchema, LibraryDamaged.
        """
        self.path = Path(os.path.expanduser(path)).absolute()  # noqa: PTH111  (Path's refuses `~name` of nobody)
        self._readers = ReadPool(self.open_catalog)
        self._wanted = wanted
        settings = self._settings()
        if settings:
            self.recipe = self._checked_recipe(settings, wanted)
            return
        if not create:
            raise UsageError(f"no library at {self.path}; `faceindex ingest` creates one")
        if self.path.exists() and (not self.path.is_dir() or {entry.name for entry in self.path.iterdir()} - OWN_NAMES):
            raise UsageError(f"{self.path} exists and is no faceindex library; choose another folder")
        self.recipe = wanted or recipe()

    @property
    def exists(self) -> bool:
        """Whether there is a library; else the first writer creates it."""
        return bool(self._settings())

    def take_recipe(self, recipe: Recipe) -> None:
        """Let vectors of this recipe come in: a library that is not there yet is made with it.

        Raises: RecipeMismatch when it has, or was to have, another recipe.
        """
        settings = self._settings()
        if settings:
            self._checked_recipe(settings, recipe)
        elif self._wanted is not None and self._wanted.fingerprint != recipe.fingerprint:
            raise RecipeMismatch(f"these are vectors of recipe {recipe.title}, not {self._wanted.title}")
        self.recipe = recipe

    def outside(self, path: Path) -> Path:
        """`path`, to which somebody wants to write. Raises: UsageError when it is the library's folder or in it."""
        own, other = os.path.realpath(self.path), os.path.realpath(path)
        if os.path.commonpath([own, other]) == own:
            raise UsageError(f"{path} lies in the library itself; choose another place")
        return path

    @property
    def index(self) -> Path:
        """The folder of FAISS files; may be absent."""
        return self.path / "index"

    @property
    def min_face(self) -> int | None:
        """The smallest face wanted when photos were last ingested, for probes to be seen alike."""
        stored = self.setting("min_face")
        return None if stored is None else int(stored)

    def setting(self, name: str) -> str | None:
        """What was decided for the whole library; None when it was not, or there is no library yet."""
        return self._settings().get(name)

    @property
    def catalog(self) -> Catalog:
        """What reads; for any thread. Raises: UsageError when there is no library yet."""
        return self._readers.get()

    @property
    def connections(self) -> int:
        """Connections for reading that are open now."""
        return self._readers.opened

    def close(self) -> None:
        """Close every connection for reading."""
        self._readers.close()

    def vectors(self) -> tuple[FaceIds, Vectors]:
        """All faces in the library that have a vector: ids int64 [n], rising, and vectors float32 [n, d].

        Raises: LibraryDamaged when a segment is missing or a face has no vector.
        """
        with self._consistent_vectors(self.catalog) as found:
            return found

    def vectors_of(self, ids: FaceIds) -> Vectors:
        """The vectors of some faces, in this order: float32 [m, d]. ids: int64 [m].

        Raises: UsageError when one is not here, or has no vector; LibraryDamaged.
        """
        rising, places = np.unique(ids, return_inverse=True)
        with self._consistent_vectors(self.catalog, among=rising) as (_, vectors):
            return vectors[places]

    @contextmanager
    def vectors_of_one_state(self, after: int = 0) -> Iterator[tuple[FaceIds, Vectors]]:
        """As `vectors`; inside, this thread's catalog stays at the state that they are of.

        after: only vectors that were first written after this segment.
        """
        with self._consistent_vectors(self.catalog, after) as found:
            yield found

    def vectors_with_qualities(self) -> tuple[FaceIds, Vectors, Qualities]:
        """As `vectors`, and the quality of each face: float64 [n], NaN where it is not known."""
        with self._consistent_vectors(self.catalog) as (ids, vectors):
            return ids, vectors, self.catalog.face_qualities()

    def faces_with_vectors(self) -> Iterator[tuple[FaceRecord, Vectors | None]]:
        """Every face with its vector, float32 [d], by rising id. Faces are read by blocks, each of one state.

        None in place of a vector that was lost and that no ingest has made again yet. Raises: LibraryDamaged.
        """
        last = 0
        while block := self._block_with_vectors(last):
            yield from block
            last = block[-1][0].face

    def _block_with_vectors(self, after: int) -> list[tuple[FaceRecord, Vectors | None]]:
        for attempt in count(1):
            with self.catalog.snapshot():
                records = list(islice(self.catalog.faces(after), 2 * BLOCK))
                segments = self.catalog.segments()
                try:
                    vectors = self.vectors_among(self.catalog, (record.face for record in records))
                except SegmentMissing as error:
                    missing = error
                else:
                    return [(record, vectors.get(record.face)) for record in records]
            if attempt == READING_ATTEMPTS or self.catalog.segments() == segments:
                raise missing
        raise AssertionError

    @contextmanager
    def _consistent_vectors(
        self, catalog: Catalog, after: int = 0, among: FaceIds | None = None
    ) -> Iterator[tuple[FaceIds, Vectors]]:
        """The vectors of one state of the library, in which `catalog` stays; begins again when a writer has replaced a
        segment meanwhile. among: rising ids of the faces, default all."""
        for attempt in count(1):
            with catalog.snapshot():
                stored = self.stored_vectors(catalog, after)
                if among is not None:
                    stored = replace(stored, faces=self._among(stored.faces, among))
                try:
                    out = stored.together()
                except SegmentMissing as error:
                    missing = error
                else:
                    yield stored.faces.ids, out
                    return
            if attempt == READING_ATTEMPTS or catalog.segments() == stored.segments:
                raise missing

    def _among(self, faces: Faces, ids: FaceIds) -> Faces:
        places, there = faces.places(ids)
        if not there.all():
            raise UsageError(f"there is no face {ids[~there][0]} with a vector in {self.path}")
        return Faces(ids, faces.written[places])

    def stored_vectors(self, catalog: Catalog, after: int = 0) -> StoredVectors:
        """Where the vectors of the catalog's state lie. after: only those first written after this segment."""
        where, recipe = self.path / "vectors", self.recipe
        faces, segments = catalog.stored_faces(after), catalog.segments()
        return StoredVectors(where, segments, faces, recipe.fingerprint, recipe.dimension)

    def vectors_among(self, catalog: Catalog, ids: Iterable[int]) -> dict[int, Vectors]:
        """The vectors, float32 [d], of those of `ids` that have one. The catalog must be at rest: a writer's own, or
        in a snapshot.

        Raises: LibraryDamaged.
        """
        where, recipe = self.path / "vectors", self.recipe
        faces = catalog.stored_among(ids)
        stored = StoredVectors(where, catalog.segments(), faces, recipe.fingerprint, recipe.dimension)
        return dict(zip(faces.ids.tolist(), stored.together(), strict=True))

    @contextmanager
    def writer(self, *, wait: bool = False, stop: Stop | None = None) -> Iterator[Writer]:
        """The one writer, under the lock; leftovers of aborted writes are removed first.

        wait: for another writer to finish, or until `stop`. Raises: LibraryLocked; JobCancelled; LibraryUnwritable when
        the folder or the disk takes no more files.
        """
        with self.guarded():
            make_folder(self.path)
            lock = WriterLock(self.path / LOCK, wait=wait, stop=stop)
            try:
                with closing(self._open_for_writing()) as catalog:
                    vectors = self.path / "vectors"
                    make_folder(vectors)
                    for path in aborted_files(vectors, {segment.file for segment in catalog.segments()}):
                        path.unlink()
                    for path in self.index.glob("*.tmp"):  # of a killed build; they may hold what is erased by now
                        path.unlink(missing_ok=True)
                    writer = Writer(catalog, vectors, self.recipe)
                    finish_erasing(writer, self.index)
                    yield writer
            finally:
                lock.release()

    @contextmanager
    def decisions(self) -> Iterator[Catalog]:
        """The catalog, for short transactions about albums and names: those need not wait for an ingest to end.

        Raises: UsageError when there is no library; LibraryLocked when another process is just migrating it;
        LibraryUnwritable.
        """
        if not self._settings():
            raise UsageError(f"no library at {self.path}; `faceindex ingest` creates one")
        with self.guarded(), closing(open_writer(self._catalog_file)) as catalog:
            if schema_version(catalog.connection) < len(MIGRATIONS):
                with self.writer():
                    pass  # it migrates
            yield catalog

    def bytes_on_disk(self) -> int:
        """Size of all files of the library."""
        return sum(file.stat().st_size for file in self.path.rglob("*") if file.is_file())

    @property
    def _catalog_file(self) -> Path:
        return self.path / CATALOG

    def open_catalog(self) -> Catalog:
        """A connection of its own for reading. Raises: UsageError when there is no library; LibraryDamaged."""
        if not self._catalog_file.is_file():
            raise UsageError(f"no library at {self.path}; `faceindex ingest` creates one")
        return open_reader(self._catalog_file)

    def _settings(self) -> dict[str, str]:
        if not self._catalog_file.is_file() or self._catalog_file.stat().st_size == 0:
            return {}
        with damage_named(self._catalog_file):
            return self.catalog.settings()

    def _open_for_writing(self) -> Catalog:
        if not self._settings():
            self.close()
            self._create_catalog()
        catalog = open_writer(self._catalog_file)
        if schema_version(catalog.connection) < len(MIGRATIONS):
            migrate(catalog.connection)
            self.close()  # readers here have seen it as it was
        self._checked_recipe(catalog.settings(), self.recipe)
        return catalog

    def _create_catalog(self) -> None:
        """Durably, with schema and recipe: a catalog that is there is whole. (Of one torn in the making, SQLite keeps a
        journal that only writers may roll back.)"""
        new = self._catalog_file.with_name(_NEW_CATALOG)
        for name in _OWN_CATALOGS - {CATALOG}:
            (self.path / name).unlink(missing_ok=True)
        try:
            self._write_catalog(new)
        except BaseException:
            for name in _OWN_CATALOGS - {CATALOG}:
                (self.path / name).unlink(missing_ok=True)
            raise
        new.replace(self._catalog_file)
        sync_folder(self.path)

    def _write_catalog(self, new: Path) -> None:
        os.close(new_file(new))
        with closing(open_writer(new)) as catalog:
            migrate(catalog.connection)
            more = self.recipe.settings if isinstance(self.recipe, VectorsOnly) else {}
            Writer(catalog, self.path, self.recipe).save_settings(
                recipe=self.recipe.name,
                detector=self.recipe.detector,
                landmarks=self.recipe.landmarks,
                jitter=self.recipe.jitter,
                fingerprint=self.recipe.fingerprint,
                **more,
            )
            catalog.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # fsyncs; closing would be silent of errors

    def _checked_recipe(self, settings: dict[str, str], wanted: Recipe | None) -> Recipe:
        try:
            stored = recipe_of(settings)
        except (KeyError, ValueError) as error:
            raise LibraryDamaged(
                f"{self._catalog_file} is damaged (it does not say how its vectors were made); restore it from a backup"
            ) from error
        if stored.fingerprint != settings["fingerprint"]:
            raise RecipeMismatch(
                f"{self.path} was made with another version of recipe {stored.title}; "
                "its vectors cannot be compared with new ones: ingest into a new library"
            )
        if wanted is not None and wanted.fingerprint != stored.fingerprint:
            raise RecipeMismatch(
                f"{self.path} holds vectors of recipe {stored.title}, not {wanted.title}; "
                "give that recipe its own library with -L"
            )
        return stored

    @contextmanager
    def guarded(self) -> Iterator[None]:
        """What cannot be written inside becomes LibraryUnwritable."""
        try:
            yield
        except (OSError, sqlite3.OperationalError) as error:
            raise LibraryUnwritable(
                f"cannot write to the library {self.path}: {_reason(error, self.path)}; what was stored before is safe"
            ) from error


def _reason(error: OSError | sqlite3.OperationalError, path: Path) -> str:
    """What SQLite calls no more than "disk I/O error", in plain words."""
    here = next(folder for folder in (path, *path.parents) if folder.exists())
    if shutil.disk_usage(here).free < _NO_ROOM:
        return "the disk is full"
    if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_IOERR_SHMMAP:
        return "its file system does not share mapped memory (mmap), which SQLite needs; choose another one"
    return getattr(error, "strerror", None) or str(error)
