"""What all topics of a library share: its folder, its recipe and its index."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from weakref import WeakSet

from faceindex.errors import StaleError, UsageError
from faceindex.faces.recipe import Recipe, as_recipe
from faceindex.files.user_folders import NOWHERE, user_data
from faceindex.library.job import Job
from faceindex.photos.finding.addresses import address_of, refuse_address
from faceindex.photos.limits import DEFAULT_MAX_MEGAPIXELS
from faceindex.running.lazily import functions, module
from faceindex.running.meter import Meter, Tell
from faceindex.store.catalog import Catalog
from faceindex.store.folder import LibraryFolder
from faceindex.store.open_transaction import is_kept_open, kept_open

if TYPE_CHECKING:
    from faceindex.cluster.sharded_search import ShardedSearch
    from faceindex.faces.analyse import Analyser
    from faceindex.faces.detect import check_min_face
    from faceindex.faces.engine import Engine, as_engine
    from faceindex.judgement import library_calibration as calibrated
    from faceindex.judgement.calibration import Calibration
    from faceindex.people.albums import update_albums
    from faceindex.search import index as face_index
else:
    Analyser = functions("faceindex.faces.analyse", "Analyser")
    check_min_face = functions("faceindex.faces.detect", "check_min_face")
    as_engine = functions("faceindex.faces.engine", "as_engine")
    update_albums = functions("faceindex.people.albums", "update_albums")
    face_index = module("faceindex.search.index")
    calibrated = module("faceindex.judgement.library_calibration")


DEFAULT_ENGINE = "onnx"

CLOSE_SECONDS = 10.0
"""Seconds that jobs get to end when their library is closed: some steps cannot be interrupted."""

StrPath = str | os.PathLike[str]

Result = TypeVar("Result")


def default_library() -> Path:
    """FACEINDEX_LIBRARY, or `library.faces` in the platform's folder for user data. Raises: UsageError without both."""
    chosen = os.environ.get("FACEINDEX_LIBRARY")
    if chosen:
        return Path(chosen)
    if user_data() == NOWHERE:
        raise UsageError("this user has no home folder: name a library with -L or FACEINDEX_LIBRARY")
    return user_data() / "library.faces"


def one_or_more(paths: StrPath | Iterable[StrPath]) -> list[StrPath]:
    """One path or several, as a list; a string is one path. Raises: UsageError for anything that is no path."""
    listed = [paths] if isinstance(paths, str | os.PathLike) else list(paths)
    for path in listed:
        if not isinstance(path, str | os.PathLike):
            raise UsageError(f"{type(path).__name__} is not a path; `photos.add` takes photos that are not files")
    return listed


class Opened:
    """A library that is open: its folder, its engine and its index. Every topic of `Library` works on the same one."""

    def __init__(
        self, path: StrPath | None, recipe: Recipe | str | None, engine: Engine | str, *, create: bool, wait: bool
    ) -> None:
        self.wait = wait
        self._engine = engine
        self._recipe = recipe
        if engine != DEFAULT_ENGINE:
            as_engine(engine)
        wanted = None if recipe is None else as_recipe(recipe)
        refuse_address(path or default_library(), "a library")
        self.folder = LibraryFolder(Path(path or default_library()), wanted=wanted, create=create)
        self.index: face_index.LibraryIndex | None = None
        self.sharded: ShardedSearch | None = None
        self._jobs: WeakSet[Job[Any]] = WeakSet()
        self._ends: list[Callable[[], None]] = []
        self._loading = threading.Lock()

    @cached_property
    def engine(self) -> Engine:
        """What runs the networks."""
        return as_engine(self._engine)

    def start(self, kind: str, work: Callable[[Meter], Result], progress: Tell | None) -> Job[Result]:
        """Start a job, which `close` waits for. kind: what it does, one word.

        In a transaction that this thread has open, it may read: what it writes would wait for whoever waits for it.
        """
        path = self.folder.path

        def within(meter: Meter) -> Result:
            with kept_open(path):
                return work(meter)

        job = Job(kind, within if is_kept_open(path) else work, progress)
        self._jobs.add(job)
        return job

    def other(self, path: Path) -> Opened:
        """Another library, opened or made as this one."""
        return Opened(path, self._recipe, self._engine, create=True, wait=self.wait)

    def at_close(self, end: Callable[[], None]) -> None:
        """Call `end` when the library is closed."""
        self._ends.append(end)

    def close(self) -> None:
        """Cancel the jobs that still run, wait for them, CLOSE_SECONDS at most, and close every connection."""
        jobs = list(self._jobs)
        for job in jobs:
            job.cancel()
        until = time.monotonic() + CLOSE_SECONDS
        for job in jobs:
            job.wait(max(0.0, until - time.monotonic()))
        for end in self._ends:
            end()
        self.folder.close()

    @property
    def catalog(self) -> Catalog:
        """The catalog, for the calling thread."""
        return self.folder.catalog

    @property
    def recipe(self) -> Recipe:
        """How its vectors are made."""
        return self.folder.recipe

    @property
    def calibration(self) -> Calibration:
        """What distances between its vectors mean: its own, or the recipe's."""
        return calibrated.of_library(self.folder)

    def outside(self, path: StrPath) -> Path:
        """`path`, to which something is to be written. Raises: UsageError when it lies in the library's own folder,
        or is an address."""
        refuse_address(path, "this output")
        return self.folder.outside(Path(path))

    def output(self, path: StrPath) -> Path:
        """As `outside`, for one file, which may also be at an address."""
        return Path(path) if address_of(path) else self.folder.outside(Path(path))

    def analyser(self, min_face: int | None, max_megapixels: float = DEFAULT_MAX_MEGAPIXELS) -> Analyser:
        """The analyser for photos to be stored; min_face: default what the library was made with."""
        chosen = self.folder.min_face if min_face is None else check_min_face(min_face)
        return Analyser(self.recipe, chosen, max_megapixels, self.engine)

    def checked_analyser(self, min_face: int | None) -> Analyser:
        """The analyser for photos to search with. Raises: ModelError."""
        analyser = replace(self.analyser(min_face), rated=False)
        analyser.check_models()
        return analyser

    def loaded_index(self) -> face_index.LibraryIndex:
        """The index, up to date. Raises: StaleError when it would have to be built and the library does not wait."""
        alone = is_kept_open(self.folder.path)  # who holds the guard may wait for this thread's transaction
        with nullcontext() if alone else self._loading:  # one loads for all who ask
            if not self.wait and (missing := face_index.stale(self.folder, self.index)) is not None:
                raise StaleError(missing.message)
            while True:
                index = face_index.load_or_build(self.folder, self.index)
                found = self.sharded.scattered(self.folder, index) if self.sharded else index
                if found is not None:
                    self.index = found
                    return found
                self.index = None  # another index took its place before it was cut

    def release_index(self) -> None:
        """Unmap the index unless it is still the one on the disk, and end the processes that hold shards of another."""
        if self.index is not None and not face_index.is_on_disk(self.folder, self.index):
            self.index = None
        if self.sharded:
            self.sharded.end_if_removed(self.folder)

    def faces_changed(self, *, index: bool = True, meter: Meter | None = None) -> None:
        """Update albums and, unless it can wait, the index after faces were stored or removed.

        Raises: JobCancelled while the index is built.
        """
        self.release_index()
        update_albums(self.folder)
        if index:
            meter = meter or Meter()
            meter.announce("indexing")
            its_own = Meter(stop=meter.stop)  # its steps are not those of the caller's work
            face_index.build_if_stale(self.folder, its_own)
