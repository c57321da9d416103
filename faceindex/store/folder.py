"""A library's folder: created, opened, read, and lent to one writer at a time."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import numpy as np

from faceindex.errors import LibraryDamaged, LibraryUnwritable, RecipeMismatch, UsageError
from faceindex.faces.recipe import Recipe, recipe
from faceindex.store.catalog import Catalog, open_reader, open_writer
from faceindex.store.durable import FILE_MODE, make_folder
from faceindex.store.lock import WriterLock
from faceindex.store.migrations import migrate
from faceindex.store.segments import aborted_files, read_segments
from faceindex.store.writer import Writer
from faceindex.types import FaceIds, Vectors

CATALOG = "catalog.sqlite"
_OWN_NAMES = frozenset(("vectors", "index", "lock", CATALOG, *(CATALOG + s for s in ("-wal", "-shm", "-journal"))))


class LibraryFolder:
    """The files of one library.

    path: absolute. recipe: the one its vectors were made with.
    """

    def __init__(self, path: Path, *, wanted: Recipe | None = None, create: bool = True) -> None:
        """Open the library at `path`. An absent one is created, with the recipe `wanted`, by the first writer.

        Raises: UsageError when absent and not to be created, or when the folder holds other things;
        RecipeMismatch, NewerSchema, LibraryDamaged.
        """
        self.path = path.expanduser().absolute()
        self._local = threading.local()
        self._readers: list[Catalog] = []
        settings = self._settings()
        if settings:
            self.recipe = self._checked_recipe(settings, wanted)
            return
        if not create:
            raise UsageError(f"no library at {self.path}; `faceindex ingest` creates one")
        if self.path.exists() and (
            not self.path.is_dir() or {entry.name for entry in self.path.iterdir()} - _OWN_NAMES
        ):
            raise UsageError(f"{self.path} exists and is no faceindex library; choose another folder")
        self.recipe = wanted or recipe()

    @property
    def index(self) -> Path:
        """The folder of FAISS files; may be absent."""
        return self.path / "index"

    @property
    def min_face(self) -> int | None:
        """The smallest face wanted when photos were last ingested, for probes to be seen alike."""
        stored = self._settings().get("min_face")
        return None if stored is None else int(stored)

    @property
    def catalog(self) -> Catalog:
        """This thread's connection for reading. Raises: UsageError when there is no library yet."""
        catalog: Catalog | None = getattr(self._local, "catalog", None)
        if catalog is None:
            if not self._catalog_file.exists():
                raise UsageError(f"no library at {self.path}; `faceindex ingest` creates one")
            catalog = self._local.catalog = open_reader(self._catalog_file)
            self._readers.append(catalog)
        return catalog

    def close(self) -> None:
        """Close every thread's connection."""
        while self._readers:
            self._readers.pop().close()
        self._local = threading.local()

    def vectors(self) -> tuple[FaceIds, Vectors]:
        """All faces in the library: ids int64 [n], rising, and vectors float32 [n, d].

        Raises: LibraryDamaged when a segment is missing or a face has no vector.
        """
        with self.catalog.snapshot():
            files = [self.path / "vectors" / file for _, file in self.catalog.segments()]
            alive = self.catalog.face_ids()
        stored, vectors = read_segments(files, self.recipe.fingerprint, self.recipe.dimension)
        if np.array_equal(stored, alive):
            return stored, vectors
        order = np.argsort(stored)
        places = np.searchsorted(stored, alive, sorter=order)
        if len(alive) and (places.max() >= len(stored) or not np.array_equal(stored[order[places]], alive)):
            raise LibraryDamaged(f"{self.path}: some faces have no vector; restore the folder from a backup")
        return alive, vectors[order[places]]

    @contextmanager
    def writer(self) -> Iterator[Writer]:
        """The one writer, under the lock; leftovers of aborted writes are removed first.

        Raises: LibraryLocked; LibraryUnwritable when the folder or the disk takes no more files.
        """
        with self._writing():
            make_folder(self.path)
            lock = WriterLock(self.path / "lock")
            try:
                with closing(self._open_for_writing()) as catalog:
                    vectors = self.path / "vectors"
                    make_folder(vectors)
                    for path in aborted_files(vectors, {file for _, file in catalog.segments()}):
                        path.unlink()
                    yield Writer(catalog, vectors, self.recipe)
            finally:
                lock.release()

    def bytes_on_disk(self) -> int:
        """Size of all files of the library."""
        return sum(file.stat().st_size for file in self.path.rglob("*") if file.is_file())

    @property
    def _catalog_file(self) -> Path:
        return self.path / CATALOG

    def _settings(self) -> dict[str, str]:
        if not self._catalog_file.is_file() or self._catalog_file.stat().st_size == 0:
            return {}
        return self.catalog.settings()

    def _open_for_writing(self) -> Catalog:
        if not self._settings():
            self.close()
            os.close(os.open(self._catalog_file, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, FILE_MODE))
        catalog = open_writer(self._catalog_file)
        migrate(catalog.connection)
        if not catalog.settings():
            Writer(catalog, self.path, self.recipe).save_settings(
                recipe=self.recipe.name,
                detector=self.recipe.detector,
                landmarks=self.recipe.landmarks,
                jitter=self.recipe.jitter,
                fingerprint=self.recipe.fingerprint,
            )
        else:
            self._checked_recipe(catalog.settings(), self.recipe)
        return catalog

    def _checked_recipe(self, settings: dict[str, str], wanted: Recipe | None) -> Recipe:
        stored = recipe(
            settings["recipe"],
            detector=settings["detector"],
            landmarks=int(settings["landmarks"]),
            jitter=int(settings["jitter"]),
        )
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
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except (OSError, sqlite3.OperationalError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise LibraryUnwritable(
                f"cannot write to the library {self.path}: {reason}; what was stored before is safe"
            ) from error
