"""A library's folder: opened with its recipe, created when absent, and lent to one writer at a time."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from faceindex.errors import LibraryUnwritable, RecipeMismatch, UsageError
from faceindex.faces.recipe import Recipe, recipe
from faceindex.files.writing import make_folder
from faceindex.running.lazily import functions
from faceindex.running.stop import Stop
from faceindex.store.catalog import Catalog
from faceindex.store.creation import create_catalog, recipe_of_library
from faceindex.store.hdf5.segments import aborted_files
from faceindex.store.layout import OWN_NAMES, VECTORS
from faceindex.store.lock import LOCK, WriterLock
from faceindex.store.migrations import MIGRATIONS, migrate, schema_version
from faceindex.store.open_transaction import refuse_within
from faceindex.store.opening import open_writer
from faceindex.store.reading import ReadableLibrary

if TYPE_CHECKING:
    from faceindex.store.care.erasing import finish_erasing
    from faceindex.store.writer import Writer
else:
    finish_erasing = functions("faceindex.store.care.erasing", "finish_erasing")
    Writer = functions("faceindex.store.writer", "Writer")


_NO_ROOM = 1 << 20  # bytes


class LibraryFolder(ReadableLibrary):
    """The files of one library.

    path: absolute. recipe: the one its vectors were made with.
    """

    def __init__(self, path: Path, *, wanted: Recipe | None = None, create: bool = True) -> None:
        """Open the library at `path`. An absent one is created, with the recipe `wanted`, by the first writer.

        Raises: UsageError when absent and not to be created, or when the folder holds other things;
        RecipeMismatch, NewerSchema, LibraryDamaged.
        """
        super().__init__(path)
        self._wanted = wanted
        settings = self._settings()
        if settings:
            self.recipe = recipe_of_library(self.path, settings, wanted)
            return
        if not create:
            raise self.no_library()
        if self.path.exists() and (not self.path.is_dir() or {entry.name for entry in self.path.iterdir()} - OWN_NAMES):
            raise UsageError(f"{self.path} exists and is not a faceindex library; choose another folder")
        self.recipe = wanted or recipe()

    def take_recipe(self, recipe: Recipe) -> None:
        """Take `recipe` for vectors that come in: a library that does not exist yet is created with it.

        Raises: RecipeMismatch when the library has, or was to have, another recipe.
        """
        settings = self._settings()
        if settings:
            recipe_of_library(self.path, settings, recipe)
        elif self._wanted is not None and self._wanted.fingerprint != recipe.fingerprint:
            raise RecipeMismatch(f"these are vectors of recipe {recipe.title}, not {self._wanted.title}")
        self.recipe = recipe

    @contextmanager
    def writer(self, *, wait: bool = False, stop: Stop | None = None) -> Iterator[Writer]:
        """The one writer, under the lock; leftovers of aborted writes are removed first.

        wait: for another writer to finish, or until `stop`. Raises: LibraryLocked; JobCancelled; LibraryUnwritable when
        the folder or the disk takes no more files.
        """
        refuse_within(self.path)
        with self.guarded():
            make_folder(self.path)
            lock = WriterLock(self.path / LOCK, wait=wait, stop=stop)
            try:
                with closing(self._open_for_writing()) as catalog:
                    vectors = self._vectors_without_aborted(catalog)
                    for path in self.index.glob("*.tmp"):  # of a killed build; they may hold what is erased by now
                        path.unlink(missing_ok=True)
                    writer = Writer(catalog, vectors, self.recipe)
                    finish_erasing(writer, self.index)
                    yield writer
            finally:
                lock.release()

    @contextmanager
    def writer_within(self, catalog: Catalog) -> Iterator[Writer]:
        """A writer of vectors in a transaction that is open already, of `catalog`, under the lock; it must last until
        that transaction has ended: without a row a file is an aborted one.

        Raises: LibraryLocked; LibraryUnwritable.
        """
        with self.guarded():
            lock = WriterLock(self.path / LOCK)
            try:
                yield Writer(catalog, self._vectors_without_aborted(catalog), self.recipe)
            finally:
                lock.release()

    @contextmanager
    def decisions(self) -> Iterator[Catalog]:
        """The catalog, for short transactions about albums and names, which need not wait for a running ingest.

        Raises: UsageError when there is no library; LibraryLocked while another process migrates it, or where this
        thread has a transaction open; LibraryUnwritable.
        """
        if not self._settings():
            raise self.no_library()
        refuse_within(self.path)
        with self.guarded(), closing(open_writer(self._catalog_file)) as catalog:
            if schema_version(catalog.connection) < len(MIGRATIONS):
                with self.writer():
                    pass  # it migrates
            yield catalog

    def _vectors_without_aborted(self, catalog: Catalog) -> Path:
        """The folder of segments, without files that no segment has; under the lock."""
        vectors = self.path / VECTORS
        make_folder(vectors)
        for path in aborted_files(vectors, {segment.file for segment in catalog.segments()}):
            path.unlink()
        return vectors

    def _open_for_writing(self) -> Catalog:
        if not self._settings():
            self.close()
            create_catalog(self.path, self.recipe)
        catalog = open_writer(self._catalog_file)
        if schema_version(catalog.connection) < len(MIGRATIONS):
            migrate(catalog.connection)
            self.close()  # readers here have seen it as it was
        recipe_of_library(self.path, catalog.settings(), self.recipe)
        return catalog

    @contextmanager
    def guarded(self) -> Iterator[None]:
        """Errors of writing inside become LibraryUnwritable."""
        try:
            yield
        except (OSError, sqlite3.OperationalError) as error:
            raise LibraryUnwritable(
                f"cannot write to the library {self.path}: {_reason(error, self.path)}; what was stored before is safe"
            ) from error


def _reason(error: OSError | sqlite3.OperationalError, path: Path) -> str:
    """Why writing failed, in plain words, also where SQLite only says "disk I/O error"."""
    here = next(folder for folder in (path, *path.parents) if folder.exists())
    if shutil.disk_usage(here).free < _NO_ROOM:
        return "the disk is full"
    if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_IOERR_SHMMAP:
        return "its file system does not share mapped memory (mmap), which SQLite needs; choose another one"
    return getattr(error, "strerror", None) or str(error)
