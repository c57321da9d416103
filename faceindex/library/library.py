"""`Library`: the one object a user holds. Its topics are objects of their own; the verbs that people type are here."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import nullcontext
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from faceindex.clustering.methods import DEFAULT_METHOD, METHODS
from faceindex.errors import UsageError
from faceindex.faces.recipe import Recipe, as_recipe
from faceindex.library.asking import Asking
from faceindex.library.exchanging import Exchanging
from faceindex.library.job import Job, blocking, completed
from faceindex.library.old_names import OldNames
from faceindex.library.opened import DEFAULT_ENGINE, Opened, StrPath, one_or_more
from faceindex.library.status import status, version
from faceindex.photos.finding.addresses import absolute
from faceindex.photos.limits import DEFAULT_MAX_MEGAPIXELS
from faceindex.running.lazily import functions, module
from faceindex.running.meter import Meter

if TYPE_CHECKING:
    from faceindex.cluster.blocks import blocks_on
    from faceindex.faces.analyse import Analyser
    from faceindex.faces.engine import Engine
    from faceindex.ingest.workers.executor import Executor
    from faceindex.judgement.calibration import Calibration
    from faceindex.library import heads, reencoding, rehearsing, warming
    from faceindex.library.ingesting import ingest_files
    from faceindex.people.grouping import group_faces
    from faceindex.types import (
        ClusterReport,
        IngestReport,
        Progress,
        Reencoded,
        Status,
        Version,
    )
else:
    blocks_on = functions("faceindex.cluster.blocks", "blocks_on")
    heads = module("faceindex.library.heads")
    reencoding = module("faceindex.library.reencoding")
    rehearsing = module("faceindex.library.rehearsing")
    warming = module("faceindex.library.warming")
    Analyser = functions("faceindex.faces.analyse", "Analyser")
    ingest_files = functions("faceindex.library.ingesting", "ingest_files")
    group_faces = functions("faceindex.people.grouping", "group_faces")


class Library(Asking, Exchanging, OldNames):
    """A folder that holds every face of a photo collection.

    Reading may be done from many threads and processes beside one writer. What it holds, and what is decided about it,
    is under its topics: `photos`, `faces`, `albums`, `people`, `history`; `index`, `care` and `sheets` are its index,
    its disk and its HTML pages.
    """

    def __init__(
        self,
        path: StrPath | None = None,
        *,
        recipe: Recipe | str | None = None,
        engine: Engine | str = DEFAULT_ENGINE,
        create: bool = True,
        wait: bool = True,
    ) -> None:
        """Open the library at `path` (default: FACEINDEX_LIBRARY, or one in the platform's folder for user data).

        recipe: or its name: what a new library is made with (default: `sface-dlib`), and what an existing one must
        have been made with. engine: or its name: what runs the networks, with the same results. create: whether an
        absent library may be created; the first write does so. wait: whether searches and suggestions make first what
        they need when it is missing or outdated, which takes minutes in a large library. With False, as for a server,
        they raise StaleError; `index.stale` and `people.stale` say so before, and `index.start_build` and
        `people.start_prepare` are the jobs to begin.

        Raises: UsageError when absent and not to be created, or when no recipe or engine is called so; RecipeMismatch;
        NewerSchema; LibraryDamaged.
        """
        super().__init__(Opened(path, recipe, engine, create=create, wait=wait))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Cancel the jobs that still run and wait for them; the library must not be used afterwards."""
        self._opened.close()

    @property
    def path(self) -> Path:
        """The library's folder, absolute."""
        return self._opened.folder.path

    @property
    def recipe(self) -> Recipe:
        """How its vectors are made."""
        return self._opened.recipe

    @property
    def calibration(self) -> Calibration:
        """What distances between its vectors mean: its own, or the recipe's."""
        return self._opened.calibration

    @property
    def version(self) -> Version:
        """A random token for each topic, replaced by every commit that changes the topic: while the tokens of its
        topics are equal, a page is up to date.

        Raises: UsageError when there is no library yet.
        """
        return version(self._opened)

    def status(self) -> Status:
        """The library in figures."""
        return status(self._opened)

    def warm_up(self) -> None:
        """Load what the first search, act and question need, so that nobody waits for it: for servers, as they start.

        Raises: FaceindexError; OSError.
        """
        warming.warm_up(self._opened)

    def start_ingest(
        self,
        paths: StrPath | Iterable[StrPath],
        *,
        workers: int | None = None,
        min_face: int | None = None,
        max_megapixels: float = DEFAULT_MAX_MEGAPIXELS,
        exclude: Iterable[str] = (),
        retry_failed: bool = False,
        force: bool = False,
        prune: bool = False,
        xmp: bool = False,
        wait: bool = False,
        dry_run: bool = False,
        executor: Executor | None = None,
        progress: Callable[[Progress], None] | None = None,
    ) -> Job[IngestReport]:
        """Find, analyse and store every photo under `paths`, then bring the index up to date.

        Unchanged photos are not even opened; after a crash, or when it was cancelled, the same call resumes.
        workers: processes, default as the machine allows; 0: photos are analysed in this one.
        min_face: thousandths of a photo's longer side, default what this library was last ingested with.
        max_megapixels: larger photos are refused.
        exclude: patterns as in .gitignore, relative to each of `paths`, of what is left out this time; files named
        .faceindexignore leave out always. retry_failed: open photos again that could not be read. force: open all of
        them again, whatever their size and times say; only new content is analysed. prune: remove photos from the
        library that are no longer under `paths` or are left out now, but none that may be on a disk that is not there.
        xmp: also read the names that sidecars and photos give to faces, for faces about which nobody decided anything
        here; names that were read earlier change and go with their files.
        wait: for another writer to finish. dry_run: photos are found and compared with a copy of the library in a
        temporary folder; none is analysed, and nothing changes.
        executor: what analyses photos, instead of `workers`; the ingest closes it.
        progress: called now and then, by the thread of the job.

        Raises: UsageError when a path is missing or holds no photo; LibraryLocked; LibraryUnwritable;
        ModelError; MachineError. Photos that cannot be read are listed in the report, and so is a local folder that was
        ingested before and is missing or empty now.
        """
        given, analyser = one_or_more(paths), self._opened.analyser(min_face, max_megapixels)

        def work(meter: Meter) -> IngestReport:
            take = rehearsing.rehearsed_ingest if dry_run else ingest_files
            report = take(
                self._opened,
                given,
                analyser=analyser,
                workers=workers,
                exclude=exclude,
                retry_failed=retry_failed,
                force=force,
                prune=prune,
                xmp=xmp,
                wait=wait,
                executor=executor,
                meter=meter,
            )
            return completed(report)

        return self._opened.start("ingest", work, progress)

    ingest = blocking(start_ingest)

    def start_cluster(
        self,
        *,
        method: str = DEFAULT_METHOD,
        threshold: float | None = None,
        seed: int = 0,
        rebuild: bool = False,
        dry_run: bool = False,
        threads: int = 1,
        on: str | None = None,
        progress: Callable[[Progress], None] | None = None,
    ) -> Job[ClusterReport]:
        """Group faces into albums, by size at first; later only new faces are placed, and no other face moves.

        method: "linkage", "whispers" or "dbscan". threshold: Euclidean, default the recipe's. rebuild: group all faces
        anew; an album keeps the number of the one that it shares most faces with. dry_run: only say what would change.
        threads: that look for neighbours; the albums are the same with any number. on: "ray" or the address of a
        cluster, where neighbours are looked for instead; "ray" starts Ray on this machine, with as many processes as
        threads, if these are more than one, else as there are cores.
        Whatever people decided holds in each case. The same faces and seed give the same albums. Raises: UsageError.
        """
        if method not in METHODS:
            raise UsageError(f"no clustering method is called {method}; there are {', '.join(METHODS)}")
        limit = self.recipe.cluster_threshold if threshold is None else threshold

        def work(meter: Meter) -> ClusterReport:
            with blocks_on(on, threads) if on else nullcontext() as elsewhere:
                return group_faces(
                    self._opened.folder,
                    method=method,
                    threshold=limit,
                    seed=seed,
                    rebuild=rebuild,
                    dry_run=dry_run,
                    threads=threads,
                    meter=meter,
                    elsewhere=elsewhere,
                )

        return self._opened.start("cluster", work, progress)

    cluster = blocking(start_cluster)

    def start_reencode(
        self,
        target: StrPath,
        recipe: Recipe | str,
        *,
        workers: int | None = None,
        progress: Callable[[Progress], None] | None = None,
    ) -> Job[Reencoded]:
        """Make a library at `target` of the same photos by another recipe; names, albums and decisions are transferred.

        This one is not changed. After a crash, or when it was cancelled, the same call continues. Raises: UsageError;
        RecipeMismatch; ModelError; LibraryUnwritable.
        """
        analyser = Analyser(as_recipe(recipe), self._opened.folder.min_face, engine=self._opened.engine)
        path = Path(absolute(self._opened.outside(target)))

        def work(meter: Meter) -> Reencoded:
            return completed(
                reencoding.reencode(self._opened.folder, path, analyser=analyser, workers=workers, meter=meter)
            )

        return self._opened.start("reencode", work, progress)

    reencode = blocking(start_reencode)

    def start_apply_head(
        self, target: StrPath, name: str, *, progress: Callable[[Progress], None] | None = None
    ) -> Job[Reencoded]:
        """Make a library at `target` with the vectors that a learnt head makes of this one's; no photo is opened.

        name: of a recipe with a head that was learnt for this library's recipe, see `faceindex train head`. Ids, names,
        albums and decisions stay; new photos are analysed and go through the head. This library is not changed.
        Raises: UsageError; RecipeMismatch; ModelError; LibraryDamaged; LibraryUnwritable.
        """
        path = Path(absolute(self._opened.outside(target)))
        chosen = heads.with_head(self.recipe, name)
        return self._opened.start(
            "reencode", lambda meter: heads.apply_head(self._opened.folder, path, chosen, meter), progress
        )

    apply_head = blocking(start_apply_head)
