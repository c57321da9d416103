"""Library: the one object a user holds. It opens, closes and delegates."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import platformdirs

from faceindex.clustering.cluster import DEFAULT_METHOD, METHODS
from faceindex.errors import LibraryDamaged, UsageError
from faceindex.evaluation.cross_fit import CrossFit, cross_fit
from faceindex.evaluation.labelled import evaluation_library, ingest_labelled
from faceindex.evaluation.named_faces import named_faces
from faceindex.exchange.album_folders import export_albums
from faceindex.exchange.named_regions import read_names
from faceindex.exchange.sidecars import write_sidecars
from faceindex.faces.analyse import Analyser
from faceindex.faces.detect import check_min_face
from faceindex.faces.engine import DEFAULT_ENGINE, Engine
from faceindex.faces.recipe import Recipe
from faceindex.ingest.pool import cores
from faceindex.ingest.repair import repair
from faceindex.ingest.run import Progress, ingest
from faceindex.people import acting
from faceindex.people.acting import Target
from faceindex.people.albums import follow
from faceindex.people.grouping import group_faces
from faceindex.people.history import past_acts
from faceindex.people.reencoding import reencode
from faceindex.people.review import answer, is_open, questions, suggest
from faceindex.photos.decode import DEFAULT_MAX_MEGAPIXELS
from faceindex.photos.find import absolute
from faceindex.queries.batch import BatchSearch, is_vector_file
from faceindex.queries.matching import Wish, matching
from faceindex.queries.naming import identified, named_gallery
from faceindex.queries.pairs import VerifiedPair, verified
from faceindex.queries.probes import Probe, analysed, face_at, faces_in, of_faces, of_one_person, of_person
from faceindex.search import calibrated
from faceindex.search import index as face_index
from faceindex.search.calibration import DEFAULT_FPIR, Calibration
from faceindex.search.check import check_index
from faceindex.search.kinds import Choice
from faceindex.search.nearest import distance
from faceindex.sheets.albums import AlbumRow, album_sheet
from faceindex.sheets.matches import match_sheet
from faceindex.sheets.review import review_sheet
from faceindex.store.backup import backup
from faceindex.store.check import check
from faceindex.store.erasing import erase, erase_all
from faceindex.store.folder import LibraryFolder
from faceindex.store.merging import compact_all
from faceindex.store.selection import EVERYTHING, Selection, selected_photos
from faceindex.types import (
    Album,
    AlbumsExport,
    AnalysedPhoto,
    Backup,
    BatchAnswer,
    Box,
    CheckReport,
    ClusterReport,
    Decided,
    Erased,
    FaceRecord,
    FailedPhoto,
    IdentifiedFace,
    IndexReport,
    IngestReport,
    PastAct,
    Person,
    PhotoRecord,
    ProbeFace,
    Reencoded,
    Removed,
    RepairReport,
    SidecarReport,
    Status,
    Suggestion,
    Vectors,
    Verification,
)

StrPath = str | os.PathLike[str]


def default_library() -> Path:
    """FACEINDEX_LIBRARY, or `library.faces` in the platform's folder for user data."""
    chosen = os.environ.get("FACEINDEX_LIBRARY")
    return Path(chosen) if chosen else Path(platformdirs.user_data_dir("faceindex")) / "library.faces"


class Library:
    """A folder that holds every face of a photo collection.

    Reading may be done from many threads and processes beside one writer.
    """

    def __init__(
        self,
        path: StrPath | None = None,
        *,
        recipe: Recipe | None = None,
        engine: Engine = DEFAULT_ENGINE,
        create: bool = True,
    ) -> None:
        """Open the library at `path` (default: `default_library()`).

        recipe: what a new library is made with (default: recipe `dlib`), and what an existing one must
        have been made with. engine: what runs the networks, with the same results. create: whether an
        absent library may be created; the first write does so.

        Raises: UsageError when absent and not to be created; RecipeMismatch; NewerSchema; LibraryDamaged.
        """
        self._folder = LibraryFolder(Path(path or default_library()), wanted=recipe, create=create)
        self._engine = engine
        self._index: face_index.LibraryIndex | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the library; it must not be used afterwards."""
        self._folder.close()

    @property
    def path(self) -> Path:
        """The library's folder, absolute."""
        return self._folder.path

    @property
    def recipe(self) -> Recipe:
        """How its vectors are made."""
        return self._folder.recipe

    @property
    def calibration(self) -> Calibration:
        """What distances between its vectors mean: its own, or the recipe's."""
        return calibrated.of_library(self._folder)

    def ingest(
        self,
        paths: Iterable[StrPath],
        *,
        workers: int | None = None,
        min_face: int | None = None,
        max_megapixels: float = DEFAULT_MAX_MEGAPIXELS,
        retry_failed: bool = False,
        prune: bool = False,
        xmp: bool = False,
        wait: bool = False,
        progress: Callable[[Progress], None] | None = None,
    ) -> IngestReport:
        """Find, analyse and store every photo under `paths`, then bring the index up to date.

        Unchanged photos are not even opened; after a crash or Ctrl-C the same call resumes.
        workers: processes, default the number of cores. min_face: thousandths of a photo's longer side,
        default what this library was last ingested with. max_megapixels: larger photos are refused.
        retry_failed: open photos again that could not be read. prune: remove photos from the library that are no
        longer under `paths`, but none that may be on a disk that is not there. xmp: also read the names that sidecars
        and photos give to faces, for faces about which nobody decided anything. wait: for another writer to finish.

        Raises: UsageError when a path is missing or holds no photo; LibraryLocked; LibraryUnwritable;
        ModelError. Photos that cannot be read are listed in the report.
        """
        analyser = self._analyser(min_face, max_megapixels)
        paths = list(paths)
        report = ingest(
            self._folder,
            paths,
            analyser=analyser,
            workers=workers or cores(),
            retry_failed=retry_failed,
            prune=prune,
            wait=wait,
            progress=progress,
        )
        self._index = None
        if xmp and not report.interrupted:
            report = replace(report, xmp=read_names(self._folder, list(map(absolute, paths))))
        follow(self._folder)
        if not report.interrupted:
            face_index.fold(self._folder)
        return report

    def search(
        self,
        image: StrPath,
        *,
        k: int = 10,
        threshold: float | None = None,
        fpir: float | None = None,
        min_face: int | None = None,
    ) -> list[ProbeFace]:
        """For every face in `image`, left to right: the at most k faces within a threshold, nearest first.

        threshold: Euclidean distance. fpir: instead of it, how many strangers a query may be expected to find within
        the threshold, which follows from the library's calibration and number of faces; default 0.01.
        Raises: UsageError; UnreadablePhoto; NoFaceFound.
        """
        probes = self.probes([image], min_face=min_face)
        return [self.matches(probe, k=k, threshold=threshold, fpir=fpir) for probe in probes]

    def probes(
        self,
        images: Sequence[StrPath] = (),
        *,
        box: Box | None = None,
        same_person: bool = False,
        face: int | None = None,
        album: int | None = None,
        person: str | None = None,
        min_face: int | None = None,
    ) -> list[Probe]:
        """Faces to search with, of the one kind that is given; see `matches`.

        images: every face in them; with same_person, their largest faces as one; with box, pixels of the upright photo,
        the face there. face: one of the library, by its id. album, person: all faces there, as one.

        Raises: UsageError when it is not one kind, or there is no such thing; UnreadablePhoto; NoFaceFound.
        """
        if sum(map(bool, (images, face, album, person))) != 1:
            raise UsageError("search with photos, or with one of --face, --album and --person")
        if (box and len(images) != 1) or (same_person and (box or not images)):
            raise UsageError("--box chooses a face of one photo, --same-person takes the largest faces of several")
        if face is not None:
            return [of_faces([self.face(face)], f"face {face}", self._loaded_index())]
        if album is not None:
            return [of_faces(self.album(album), f"album {album}", self._loaded_index())]
        if person is not None:
            return [of_person(person, self._folder.catalog, self._loaded_index())]
        analyser = self._checked_analyser(min_face)
        if box is not None:
            return [face_at(os.fspath(images[0]), box, self._folder.catalog, self._loaded_index(), analyser)]
        if same_person:
            return [of_one_person([absolute(image) for image in images], analyser)]
        paths = [absolute(image) for image in images]
        return [probe for path in paths for probe in faces_in(path, analysed(path, analyser))]

    def matches(
        self,
        probe: Probe,
        *,
        k: int = 10,
        threshold: float | None = None,
        fpir: float | None = None,
        among: Selection = EVERYTHING,
        unnamed: bool = False,
        group_by: str | None = None,
    ) -> ProbeFace:
        """The at most k faces of a library that resemble a probe, nearest first; see `search`, and `Wish` for the rest.

        A probe made of faces of the library, see `probes`, does not find these. Raises: UsageError.
        """
        wish = Wish(k, self._limit(threshold, fpir), among, unnamed, group_by)
        return matching(self._folder, self._loaded_index(), self.calibration, probe, wish)

    def identify(
        self,
        image: StrPath,
        *,
        method: str = "vote",
        threshold: float | None = None,
        fpir: float | None = None,
        min_face: int | None = None,
    ) -> list[IdentifiedFace]:
        """Who each face in `image` is, left to right, of the people with a name.

        method: "vote" of each person's nearest faces, "nearest" face, or "svm", a linear support vector machine.
        threshold: Euclidean, or fpir: expected number of named faces that a stranger resembles; default 0.01.
        Raises: UsageError when nobody has a name; UnreadablePhoto; NoFaceFound.
        """
        gallery = named_gallery(self._folder.catalog, self._loaded_index())
        limit = self._limit(threshold, fpir, len(gallery.ids))
        evidence = self.calibration.log_likelihood_ratio
        return [
            identified(probe, gallery, self._folder.catalog, method=method, threshold=limit, evidence=evidence)
            for probe in self.probes([image], min_face=min_face)
        ]

    def search_many(
        self,
        source: StrPath,
        *,
        k: int = 10,
        threshold: float | None = None,
        fpir: float | None = None,
        min_face: int | None = None,
        workers: int | None = None,
    ) -> Iterator[BatchAnswer]:
        """For every face of all photos at or under `source`, or every row of a .npy or .h5 file of vectors.

        Answers come as soon as they are known; what is wrong with a photo, or a row, is told in its answer.
        Raises: UsageError; RecipeMismatch, when the vectors are another recipe's.
        """
        path = Path(absolute(source))
        limit = Wish(k, self._limit(threshold, fpir)).threshold
        search = BatchSearch(self._folder, self._loaded_index(), self.calibration, k=k, threshold=limit)
        if is_vector_file(path):
            return search.vectors(path)
        return search.photos(path, self._checked_analyser(min_face), workers or cores())

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
        limit = self.recipe.match_threshold if threshold is None else threshold
        return verified(
            pairs,
            self._checked_analyser(min_face),
            threshold=limit,
            confidence=lambda away: float(self.calibration.confidence(away)),
            workers=workers or cores(),
        )

    def verify(
        self, a: StrPath, b: StrPath, *, threshold: float | None = None, min_face: int | None = None
    ) -> Verification:
        """Whether the largest face of `a` and the largest face of `b` are the same person's.

        The photos need not be in the library, nor the library exist. Raises: UnreadablePhoto; NoFaceFound.
        """
        first, second = (max(self._probe(image, min_face).faces, key=lambda face: face.box.area) for image in (a, b))
        limit = self.recipe.match_threshold if threshold is None else threshold
        away = distance(first.vector, second.vector)
        same = away <= limit
        probability = float(self.calibration.confidence(away))
        return Verification(same, away, limit, probability if same else 1 - probability, (first.box, second.box))

    def calibrate(
        self,
        labelled: StrPath | None = None,
        *,
        save: bool = False,
        keep: StrPath | None = None,
        workers: int | None = None,
        progress: Callable[[Progress], None] | None = None,
    ) -> CrossFit:
        """Fit what distances mean to faces with names, and try the fit on people that it was not fitted to.

        labelled: a folder with a folder of photos for each person; default this library's own people with a name.
        save: let searches and confidences follow from the fit. keep: a folder for what was found in labelled photos,
        for the next time. workers: processes, default the number of cores.
        Raises: UsageError when there are too few people with two faces; LibraryLocked; LibraryUnwritable.
        """
        if labelled is None:
            named = named_faces(self._folder)
            result = cross_fit(named.vectors, named.people, named.names)
        else:
            with evaluation_library(self.recipe, None if keep is None else Path(keep)) as folder:
                faces = ingest_labelled(folder, Path(labelled), engine=self._engine, workers=workers, progress=progress)
            result = cross_fit(faces.vectors, faces.people, faces.names)
        if save:
            calibrated.keep(self._folder, result.calibration)
        return result

    def forget_calibration(self) -> None:
        """Go back to the calibration of the recipe. Raises: UsageError without a library; LibraryUnwritable."""
        calibrated.forget(self._folder)

    def cluster(
        self,
        *,
        method: str = DEFAULT_METHOD,
        threshold: float | None = None,
        seed: int = 0,
        rebuild: bool = False,
        dry_run: bool = False,
    ) -> ClusterReport:
        """Group faces into albums, by size at first; later only new faces are placed, and no other face moves.

        method: "linkage", "whispers" or "dbscan". threshold: Euclidean, default the recipe's. rebuild: group all faces
        anew; an album keeps the number of the one that it shares most faces with. dry_run: only say what would change.
        Whatever people decided holds in each case. The same faces and seed give the same albums. Raises: UsageError.
        """
        if method not in METHODS:
            raise UsageError(f"no clustering method is called {method}; there are {', '.join(METHODS)}")
        limit = self.recipe.cluster_threshold if threshold is None else threshold
        return group_faces(self._folder, method=method, threshold=limit, seed=seed, rebuild=rebuild, dry_run=dry_run)

    def name(self, person: str, *, face: int | None = None, album: int | None = None) -> int:
        """Say that a face, or every face of an album, is `person`; returns the number of faces named.

        Names are kept over clusterings and edits of photos, and the face of another name takes this one.
        Raises: UsageError when there is no such face or album, or no name.
        """
        return acting.name(self._folder, Target(album=album, face=face), person).faces

    def merge(self, albums: Sequence[int]) -> Decided:
        """Say that all faces of these albums are one person's. Raises: UsageError when they are different people's."""
        return acting.merge(self._folder, albums)

    def split(self, album: int, faces: Sequence[int]) -> Decided:
        """Say that `faces` of the album are one other person's. Raises: UsageError."""
        return acting.split(self._folder, album, faces)

    def reject(self, faces: Sequence[int]) -> Decided:
        """Say that `faces`, of one album, are not of its person. Raises: UsageError."""
        return acting.reject(self._folder, faces)

    def move(self, faces: Sequence[int], album: int) -> Decided:
        """Say that `faces`, of one album or of none, belong into this one. Raises: UsageError."""
        return acting.move(self._folder, faces, album)

    def hide(self, *, album: int | None = None, face: int | None = None, person: str | None = None) -> Decided:
        """List an album, a face or a person no more. Raises: UsageError when there is none such."""
        return acting.hide(self._folder, Target(album, face, person), hidden=True)

    def unhide(self, *, album: int | None = None, face: int | None = None, person: str | None = None) -> Decided:
        """List them again. Raises: UsageError when there is none such."""
        return acting.hide(self._folder, Target(album, face, person), hidden=False)

    def undo(self, act: int | None = None) -> Decided:
        """Take back any act, by default the newest that counts; to take back an undo is to do it again.

        Raises: UsageError when there is no such act, or it does not count.
        """
        return acting.undo(self._folder, act)

    def history(self) -> list[PastAct]:
        """Everything that was decided, by rising id."""
        return past_acts(self._folder.catalog)

    def suggestions(self, limit: int = 20) -> list[Suggestion]:
        """Albums and single faces that are probably one person's: at most `limit`, the most useful answers first."""
        return suggest(self._folder)[:limit]

    def is_open(self, suggestion: Suggestion) -> bool:
        """Whether a suggestion can still be answered: other answers may have settled it."""
        return is_open(self._folder.catalog, suggestion)

    def answer(self, suggestion: Suggestion, *, same: bool) -> Decided:
        """Settle a suggestion: it is one person, or it is not and is never suggested again. Raises: UsageError."""
        return answer(self._folder, suggestion, same=same)

    def people(self, *, hidden: bool = False) -> list[Person]:
        """Everybody with a name, by name. hidden: those who are hidden, too."""
        return self._folder.catalog.people(hidden=hidden)

    def forget_person(self, person: str) -> Erased:
        """Erase a person's faces from the disk, with the name; photos that show nobody else go with them.

        Tombstones keep a later ingest of the same photos from bringing the faces back. Raises: UsageError when nobody
        has this name; LibraryLocked.
        """
        faces = self._folder.catalog.faces_of_person(person)
        if faces is None:
            raise UsageError(f"nobody is called {person}; `faceindex people list` shows the names")
        return self._erase(faces=faces, people=[person])

    def forget_all(self) -> Erased:
        """Empty the library: every photo, face, vector, name and tombstone. Raises: LibraryLocked."""
        with self._folder.writer() as writer:
            self._index = None
            return erase_all(writer, self._folder.index)

    def photos(self, under: StrPath | None = None) -> Iterator[PhotoRecord]:
        """Every path of every photo, by path; or only those at or under the path `under`."""
        return self._folder.catalog.photos(None if under is None else absolute(under))

    def find_photos(self, among: Selection) -> Iterator[PhotoRecord]:
        """Every path of the photos that are meant, by path. Raises: UsageError when somebody has no such name."""
        return selected_photos(self._folder.catalog, among)

    def remove_photos(self, paths: Iterable[StrPath]) -> Removed:
        """Take photos at or under `paths` out of the library; the files stay, and a later ingest brings them back.

        Names of their faces are kept for that case. Raises: UsageError when the library knows nothing under one.
        """
        chosen = [path for under in paths for path in self._known_paths(under)]
        with self._folder.writer() as writer:
            self._index = None
            return writer.remove_paths(chosen)

    def erase_photos(self, paths: Iterable[StrPath]) -> Erased:
        """Erase photos at or under `paths` from the disk, under all their paths, for good: tombstones keep them out.

        The photo files stay. Raises: UsageError when the library knows nothing under one; LibraryLocked.
        """
        chosen = [absolute(path) for path in paths]
        known = [path for under in chosen for path in self._known_paths(under)]
        photos = {photo for under in chosen for photo in self._folder.catalog.photos_under(under)}
        return self._erase(photos=photos, failures=known)

    def compact(self) -> bool:
        """Make one segment of all, without vectors of removed faces; False when there was nothing to do."""
        with self._folder.writer() as writer:
            return compact_all(writer)

    def albums(self, *, hidden: bool = False) -> list[Album]:
        """All albums, largest first. hidden: those that are hidden, and hidden faces in them, too."""
        return self._folder.catalog.albums(hidden=hidden)

    def album(self, album: int, *, hidden: bool = False) -> list[FaceRecord]:
        """The faces of one album. hidden: the hidden ones, too. Raises: UsageError when there is no such album."""
        faces = self._folder.catalog.album_faces(album, hidden=hidden)
        if not faces:
            raise UsageError(f"no album {album}; `faceindex albums list` shows them, `faceindex cluster` makes them")
        return faces

    def export_albums(
        self, folder: StrPath, *, link: str = "hard", unnamed: bool = True, min_photos: int = 1, xmp: bool = False
    ) -> AlbumsExport:
        """Bring `folder` to hold a folder of links for each person, and for each album without a name.

        link: "hard", where the disk takes them, else symbolic; "symbolic"; or "copy". unnamed: also albums without a
        name. min_photos: smaller albums are left out. xmp: with sidecars that name the faces. Only what an export made
        is ever changed or removed. Raises: UsageError when `folder` holds other things, or cannot be written.
        """
        return export_albums(
            self._folder, Path(absolute(folder)), kind=link, unnamed=unnamed, min_photos=min_photos, xmp=xmp
        )

    def write_sidecars(
        self, paths: Iterable[StrPath], *, to: StrPath | None = None, unnamed: bool = False
    ) -> SidecarReport:
        """Write the names of faces into XMP sidecars of the photos at or under `paths`: beside them, or under `to`.

        Of a sidecar that is there only names of face regions change. unnamed: also write faces without a name.
        Raises: UsageError when the library knows no photo under a path.
        """
        target = None if to is None else absolute(to)
        return write_sidecars(self._folder.catalog, list(map(absolute, paths)), to=target, unnamed=unnamed)

    def face(self, face: int) -> FaceRecord:
        """The face with this id. Raises: UsageError when there is none."""
        found = self._folder.catalog.faces_with([face])
        if not found:
            raise UsageError(f"no face {face} in {self.path}")
        return found[face]

    def faces(self) -> Iterator[FaceRecord]:
        """Every face, by rising id."""
        return self._folder.catalog.faces()

    def faces_with_vectors(self) -> Iterator[tuple[FaceRecord, Vectors | None]]:
        """Every face with its vector, float32 [d], by rising id; None when it was lost, see `repair`."""
        return self._folder.faces_with_vectors()

    def failed_photos(self) -> list[FailedPhoto]:
        """Every file that could not be read, and why."""
        return self._folder.catalog.failed()

    def status(self) -> Status:
        """The library in figures."""
        counts, index = self._folder.catalog.counts(), face_index.report(self._folder)
        return Status(
            library=str(self.path),
            recipe=self.recipe.title,
            photos=counts["photos"],
            failed=counts["failures"],
            faces=counts["faces"],
            people=counts["people"],
            albums=counts["albums"],
            segments=counts["segments"],
            index=index.state,
            bytes=self._folder.bytes_on_disk(),
            index_kind=index.kind,
            index_recall=index.recall,
            index_beside=index.beside,
            calibration=calibrated.source(self._folder),
        )

    def build_index(self, kind: str | None = None, *, recall: float | None = None, threads: int = 1) -> IndexReport:
        """Build the index anew.

        kind: "flat" or "pruned", which are exact, "ivf", which is approximate, or "auto", by the number of faces.
        recall: wanted of an approximate one, between 0 and 1. Both are kept for later builds; None is what was
        chosen before. threads: of the building. Raises: UsageError; LibraryUnwritable; LibraryLocked.
        """
        before = face_index.chosen(self._folder)
        chosen = Choice(before.kind if kind is None else kind, before.recall if recall is None else recall)
        face_index.choose(self._folder, chosen)
        self._index = face_index.build(self._folder, threads=threads)
        return face_index.report(self._folder)

    def index(self) -> IndexReport:
        """What is known of the index."""
        return face_index.report(self._folder)

    def write_album_sheet(self, out: StrPath, *, faces: int = 16, albums: int = 100) -> None:
        """Write one self-contained HTML page: the largest albums, a row of at most `faces` crops each."""
        chosen = self.albums()
        rows = [AlbumRow(album, self.album(album.album)[:faces]) for album in chosen[:albums]]
        page = album_sheet(rows, title=self.path.name, status=self.status(), left_out=len(chosen) - len(rows))
        _write_page(out, page)

    def write_match_sheet(self, out: StrPath, probes: Sequence[Probe], found: Sequence[ProbeFace]) -> None:
        """Write one self-contained HTML page: every probe and its matches, as `matches` gave them."""
        _write_page(out, match_sheet(probes, found))

    def write_review_sheet(self, out: StrPath, suggestions: Sequence[Suggestion]) -> None:
        """Write one self-contained HTML page: crops of both sides of every suggestion."""
        _write_page(out, review_sheet(questions(self._folder.catalog, suggestions), title=self.path.name))

    def _erase(self, **what: Iterable[Any]) -> Erased:
        with self._folder.writer() as writer:
            self._index = None
            receipt = erase(writer, self._folder.index, **what)
        follow(self._folder)
        return receipt

    def _known_paths(self, under: StrPath) -> list[str]:
        found = list(self._folder.catalog.paths(absolute(under)))
        if not found:
            raise UsageError(f"the library knows no photo at or under {absolute(under)}")
        return found

    def check(self, *, deep: bool = False) -> CheckReport:
        """What is whole and what is damaged, file by file. Nothing is written; a writer may be at work.

        deep: every byte is read and compared with its checksum. Raises: LibraryDamaged when the catalog cannot even be
        opened.
        """
        began = time.monotonic()
        parts = check(self._folder, deep=deep)
        if not parts[0].damage:  # else nothing can be said about what follows from the catalog
            parts.append(check_index(self._folder, deep=deep and not any(part.damage for part in parts)))
        return CheckReport(str(self.path), deep, tuple(parts), time.monotonic() - began)

    def backup(self, target: StrPath) -> Backup:
        """Copy the library to `target`, checked while it is copied; an ingest may be at work.

        The copy is a library like this one, without an index. Raises: UsageError when `target` exists; LibraryDamaged
        when this library is; LibraryUnwritable; in each case nothing is left of the copy.
        """
        began = time.monotonic()
        path = Path(absolute(target))
        segments = backup(self._folder, path)
        with Library(path, create=False) as copy:
            counts, size = copy._folder.catalog.counts(), copy._folder.bytes_on_disk()
        return Backup(str(path), counts["photos"], counts["faces"], len(segments), size, time.monotonic() - began)

    def reencode(
        self,
        target: StrPath,
        recipe: Recipe,
        *,
        workers: int | None = None,
        progress: Callable[[Progress], None] | None = None,
    ) -> Reencoded:
        """Make a library at `target` of the same photos by another recipe; names, albums and decisions come along.

        This one stays as it is. After a crash or Ctrl-C the same call goes on. Raises: UsageError; RecipeMismatch;
        ModelError; LibraryUnwritable.
        """
        analyser = Analyser(recipe, self._folder.min_face, engine=self._engine)
        path = Path(absolute(target))
        return reencode(self._folder, path, analyser=analyser, workers=workers or cores(), progress=progress)

    def repair(self, paths: Iterable[StrPath] = (), *, workers: int | None = None) -> RepairReport:
        """Make what is derived anew, save what can be read of damaged files, and analyse photos of lost vectors again.

        No name, album or decision is lost. A face whose photo is away waits for the next ingest that meets the photo.
        paths: where else to look for photos. workers: processes, default the number of cores.

        Raises: LibraryDamaged when the catalog itself is: only a backup helps; UsageError; LibraryLocked;
        LibraryUnwritable; ModelError.
        """
        began = time.monotonic()
        before = self.check(deep=True)
        if before.parts[0].damage:
            (first, *_) = before.parts[0].damage
            raise LibraryDamaged(f"{first.file} is damaged ({first.problem}): {first.remedy}; nothing was changed")
        done = repair(self._folder, paths, analyser=self._analyser(None), workers=workers or cores())
        self._index = None
        follow(self._folder)
        if face_index.damage(self._folder) or any(damage.file == str(self._folder.index) for damage in before.damage):
            shutil.rmtree(self._folder.index)
        after = self.check(deep=True)
        if not after.damage:
            face_index.load_or_build(self._folder)
        return RepairReport(
            library=str(self.path),
            found=before.damage,
            left=after.damage,
            saved=done.saved,
            analysed=done.analysed,
            waiting=self._folder.catalog.waiting_faces(),
            failed=tuple(done.failed),
            seconds=time.monotonic() - began,
        )

    def _analyser(self, min_face: int | None, max_megapixels: float = DEFAULT_MAX_MEGAPIXELS) -> Analyser:
        chosen = self._folder.min_face if min_face is None else check_min_face(min_face)
        return Analyser(self.recipe, chosen, max_megapixels, self._engine)

    def _probe(self, image: StrPath, min_face: int | None) -> AnalysedPhoto:
        return analysed(absolute(image), self._checked_analyser(min_face))

    def _checked_analyser(self, min_face: int | None) -> Analyser:
        analyser = self._analyser(min_face)
        analyser.check_models()
        return analyser

    def _limit(self, threshold: float | None, fpir: float | None, faces: int | None = None) -> float:
        """The threshold of a search: as given, or as the expected false identifications ask for.

        faces: that are searched, default all of the library.
        """
        if threshold is not None and fpir is not None:
            raise UsageError("a search takes a threshold or expected false identifications (fpir), not both")
        if fpir is not None and not 0 < fpir < np.inf:
            raise UsageError(f"expected false identifications (fpir) must be a number above 0, not {fpir:g}")
        if threshold is not None:
            return threshold
        searched = self._loaded_index().faces if faces is None else faces
        return self.calibration.threshold(DEFAULT_FPIR if fpir is None else fpir, searched)

    def _loaded_index(self) -> face_index.LibraryIndex:
        self._index = face_index.load_or_build(self._folder, self._index)
        return self._index


def _write_page(out: StrPath, page: str) -> None:
    path = Path(out)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(page, encoding="utf-8", errors="surrogateescape")
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror or error}") from error
