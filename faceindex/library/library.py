"""`Library`: the one object a user holds. Its topics are objects of their own; the verbs that people type are here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from faceindex.clustering.cluster import DEFAULT_METHOD, METHODS
from faceindex.errors import UsageError
from faceindex.faces.analyse import Analyser
from faceindex.faces.engine import DEFAULT_ENGINE, Engine
from faceindex.faces.recipe import Recipe, as_recipe
from faceindex.ingest.workers.executor import Executor
from faceindex.library.albums import Albums
from faceindex.library.care import Care
from faceindex.library.comparing import verification, verifications
from faceindex.library.exporting import check_export, export_faces
from faceindex.library.faces import Faces
from faceindex.library.history import History
from faceindex.library.importing import import_files
from faceindex.library.index import Index
from faceindex.library.ingesting import ingest_files
from faceindex.library.job import Job, blocking, completed
from faceindex.library.old_names import OldNames
from faceindex.library.opened import Opened, StrPath, one_or_more
from faceindex.library.people import People
from faceindex.library.photos import Photos
from faceindex.library.searching import batch_answers, identified_faces, search_limit
from faceindex.library.sheets import Sheets
from faceindex.library.status import status, version
from faceindex.people.grouping import group_faces
from faceindex.people.reencoding import reencode
from faceindex.photos.decode import DEFAULT_MAX_MEGAPIXELS
from faceindex.photos.finding.addresses import absolute
from faceindex.photos.pictures import PictureLike
from faceindex.queries.matching import SearchQuery
from faceindex.queries.pairs import VerifiedPair
from faceindex.running.meter import Meter
from faceindex.search.calibration import Calibration
from faceindex.store.selection import EVERYTHING, Selection
from faceindex.types import (
    BatchAnswer,
    Box,
    ClusterReport,
    IdentifiedFace,
    ImportReport,
    IngestReport,
    ProbeFace,
    Progress,
    Reencoded,
    Status,
    Verification,
    Version,
)


class Library(OldNames):
    """A folder that holds every face of a photo collection.

    Reading may be done from many threads and processes beside one writer. What it holds, and what is decided about it,
    is under its topics: `photos`, `faces`, `albums`, `people`, `history`; `index`, `care` and `sheets` are its index,
    its disk and its HTML pages.
    """

    photos: Photos
    faces: Faces
    albums: Albums
    people: People
    history: History
    index: Index
    care: Care
    sheets: Sheets

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

        recipe: or its name: what a new library is made with (default: recipe `dlib`), and what an existing one must
        have been made with. engine: or its name: what runs the networks, with the same results. create: whether an
        absent library may be created; the first write does so. wait: whether searches and suggestions make first what
        they need when it is missing or outdated, which takes minutes in a large library. With False, as for a server,
        they raise StaleError; `index.stale` and `people.stale` say so before, and `index.start_build` and
        `people.start_prepare` are the jobs to begin.

        Raises: UsageError when absent and not to be created, or when no recipe or engine is called so; RecipeMismatch;
        NewerSchema; LibraryDamaged.
        """
        self._opened = Opened(path, recipe, engine, create=create, wait=wait)
        self.photos = Photos(self._opened)
        self.faces = Faces(self._opened)
        self.albums = Albums(self._opened)
        self.people = People(self._opened)
        self.history = History(self._opened)
        self.index = Index(self._opened)
        self.care = Care(self._opened)
        self.sheets = Sheets(self._opened)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Cancel what jobs are left and wait for them; the library must not be used afterwards."""
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
        """A random token for each topic, replaced by every commit that changes the topic: while the tokens are equal,
        a page that was made from these topics is unchanged.

        Raises: UsageError when there is no library yet.
        """
        return version(self._opened)

    def status(self) -> Status:
        """The library in figures."""
        return status(self._opened)

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
        wait: for another writer to finish. executor: what analyses photos, instead of `workers`; the ingest closes it.
        progress: called now and then, by the thread of the job.

        Raises: UsageError when a path is missing or holds no photo; LibraryLocked; LibraryUnwritable;
        ModelError; MachineError. Photos that cannot be read are listed in the report.
        """
        given, analyser = one_or_more(paths), self._opened.analyser(min_face, max_megapixels)

        def work(meter: Meter) -> IngestReport:
            report = ingest_files(
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

    def search(
        self,
        image: PictureLike,
        *,
        k: int | None = 10,
        threshold: float | None = None,
        fpir: float | None = None,
        min_face: int | None = None,
    ) -> list[ProbeFace]:
        """For every face in `image`, left to right: the at most k faces within a threshold, nearest first.

        image: a path, the bytes of a file, an open file, a PIL image, or RGB pixels, uint8 [h, w, 3].
        k: None for all of them, exactly, whatever the index. threshold: Euclidean distance. fpir: instead of it, how
        many strangers a query may be expected to find within the threshold, which follows from the library's
        calibration and number of faces; default 0.01. Of another program's vectors that nobody has calibrated yet, the
        k nearest however far they are.
        Raises: UsageError; UnreadablePhoto; NoFaceFound.
        """
        probes = self.faces.probes([image], min_face=min_face)
        return [self.faces.matches(probe, k=k, threshold=threshold, fpir=fpir) for probe in probes]

    def search_many(
        self,
        source: StrPath,
        *,
        k: int = 10,
        threshold: float | None = None,
        fpir: float | None = None,
        min_face: int | None = None,
        among: Selection = EVERYTHING,
        unnamed: bool = False,
        group_by: str | None = None,
        workers: int | None = None,
    ) -> Iterator[BatchAnswer]:
        """For every face of all photos at or under `source`, or every row of a .npy or .h5 file of vectors.

        among, unnamed, group_by: which faces are found, as `SearchQuery` says.
        Answers come as soon as they are known; what is wrong with a photo, or a row, is told in its answer.
        Raises: UsageError; RecipeMismatch, when the vectors are another recipe's.
        """
        query = SearchQuery(k, search_limit(self._opened, threshold, fpir), among, unnamed, group_by)
        return batch_answers(self._opened, source, query, min_face=min_face, workers=workers)

    def identify(
        self,
        image: PictureLike,
        *,
        method: str = "vote",
        threshold: float | None = None,
        fpir: float | None = None,
        min_face: int | None = None,
    ) -> list[IdentifiedFace]:
        """Who each face in `image` is, see `search`, left to right, of the people with a name.

        method: "vote" of each person's nearest faces, "nearest" face, or "svm", a linear support vector machine.
        threshold: Euclidean, or fpir: expected number of named faces that a stranger resembles; default 0.01.
        Raises: UsageError when nobody has a name; UnreadablePhoto; NoFaceFound.
        """
        return identified_faces(
            self._opened, self.faces.probes([image], min_face=min_face), method=method, threshold=threshold, fpir=fpir
        )

    def verify(
        self,
        a: PictureLike | int,
        b: PictureLike | int,
        *,
        boxes: tuple[Box | None, Box | None] = (None, None),
        best: bool = False,
        threshold: float | None = None,
        min_face: int | None = None,
    ) -> Verification:
        """Whether the largest face of `a` and the largest face of `b` are the same person's.

        a, b: photos, which need not be in the library, nor the library exist; or the id of a face of the library.
        boxes: of `a` and of `b`, the face there instead of the largest, pixels of the upright photo. best: of all
        faces, the two that are nearest to each other. threshold: Euclidean, default the recipe's, for the nearest of
        several pairs as much less as makes it as trustworthy.
        Raises: UnreadablePhoto; NoFaceFound; UsageError when there is no such face.
        """
        return verification(self._opened, a, b, boxes=boxes, best=best, threshold=threshold, min_face=min_face)

    def verify_pairs(
        self,
        pairs: Iterable[tuple[str, str]],
        *,
        threshold: float | None = None,
        min_face: int | None = None,
        workers: int | None = None,
    ) -> Iterator[VerifiedPair]:
        """As `verify`, of many pairs of photos, in their order; each photo is analysed once.

        What is wrong with a photo is told in the rows it is in.
        """
        return verifications(self._opened, pairs, threshold=threshold, min_face=min_face, workers=workers)

    def start_cluster(
        self,
        *,
        method: str = DEFAULT_METHOD,
        threshold: float | None = None,
        seed: int = 0,
        rebuild: bool = False,
        dry_run: bool = False,
        threads: int = 1,
        progress: Callable[[Progress], None] | None = None,
    ) -> Job[ClusterReport]:
        """Group faces into albums, by size at first; later only new faces are placed, and no other face moves.

        method: "linkage", "whispers" or "dbscan". threshold: Euclidean, default the recipe's. rebuild: group all faces
        anew; an album keeps the number of the one that it shares most faces with. dry_run: only say what would change.
        threads: that look for neighbours; the albums are the same with any number.
        Whatever people decided holds in each case. The same faces and seed give the same albums. Raises: UsageError.
        """
        if method not in METHODS:
            raise UsageError(f"no clustering method is called {method}; there are {', '.join(METHODS)}")
        limit = self.recipe.cluster_threshold if threshold is None else threshold

        def work(meter: Meter) -> ClusterReport:
            return group_faces(
                self._opened.folder,
                method=method,
                threshold=limit,
                seed=seed,
                rebuild=rebuild,
                dry_run=dry_run,
                threads=threads,
                meter=meter,
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
        """Make a library at `target` of the same photos by another recipe; names, albums and decisions come along.

        This one stays as it is. After a crash, or when it was cancelled, the same call goes on.
        Raises: UsageError; RecipeMismatch; ModelError; LibraryUnwritable.
        """
        analyser = Analyser(as_recipe(recipe), self._opened.folder.min_face, engine=self._opened.engine)
        path = Path(absolute(self._opened.outside(target)))

        def work(meter: Meter) -> Reencoded:
            return completed(reencode(self._opened.folder, path, analyser=analyser, workers=workers, meter=meter))

        return self._opened.start("reencode", work, progress)

    reencode = blocking(start_reencode)

    def start_export(
        self,
        out: StrPath,
        *,
        form: str = "jsonl",
        vectors: bool = False,
        kind: str | None = None,
        progress: Callable[[Progress], None] | None = None,
    ) -> Job[int]:
        """Write every face to the file `out`; returns their number.

        form: "jsonl" or "csv", a line a face, with its vector if `vectors`; "-" is stdout. "hdf5": all that a library
        is, to be imported into another one. "npz": arrays. "faiss": an index, of `kind` "flat", "ivf" or "auto", and
        `out`.csv, what its ids are. Raises: UsageError; LibraryDamaged; OSError for a full disk.
        """
        check_export(out, form, kind)
        path = self._opened.outside(out)

        def work(meter: Meter) -> int:
            return export_faces(self._opened, path, form=form, vectors=vectors, kind=kind, meter=meter)

        return self._opened.start("export", work, progress)

    export = blocking(start_export)

    def start_import(
        self,
        files: StrPath | Iterable[StrPath],
        *,
        recipe: str | None = None,
        photos: StrPath | None = None,
        workers: int | None = None,
        min_face: int | None = None,
        wait: bool = False,
        progress: Callable[[Progress], None] | None = None,
    ) -> Job[ImportReport]:
        """Take in what `files` have and the library has not; again, nothing is added.

        A library's own export (HDF5) brings everything, and makes an absent library what that one was. JSON lines and
        CSV (photo, box, person, vector) name faces, which are found by vector and box, in photos that are analysed if
        need be. Files of vectors (.npy, .npz, .h5, pickles) bring faces, with names, photos and boxes where they say
        them. Names become decisions; what was decided here before stays.

        recipe: what made the vectors: one of ours, or any other name; default what the file says, `dlib-raw` for
        encodings of face_recognition, else another program's. photos: the folder that relative paths are in; default
        that of the file, then the current one. The rest: see `ingest`. What is wrong with a file or a row is listed.

        Raises: UsageError, RecipeMismatch and others when it is so of the only file; LibraryLocked; LibraryUnwritable.
        """
        given, base = one_or_more(files), None if photos is None else absolute(photos)

        def work(meter: Meter) -> ImportReport:
            def analyse(paths: list[str]) -> IngestReport:
                return ingest_files(
                    self._opened,
                    paths,
                    analyser=self._opened.analyser(min_face),
                    workers=workers,
                    wait=wait,
                    meter=meter,
                )

            report = import_files(
                self._opened, given, recipe=recipe, base=base, analyse=analyse, wait=wait, meter=meter
            )
            return completed(report)

        return self._opened.start("import", work, progress)

    import_ = blocking(start_import)
