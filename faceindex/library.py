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

from faceindex.clustering.cluster import METHODS, cluster
from faceindex.errors import LibraryDamaged, NoFaceFound, UsageError
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
from faceindex.photos.decode import DEFAULT_MAX_MEGAPIXELS
from faceindex.photos.find import absolute
from faceindex.photos.read import read_bytes
from faceindex.search import index as face_index
from faceindex.search.check import check_index
from faceindex.search.kinds import Choice
from faceindex.search.nearest import confidence_same, distance
from faceindex.sheets.albums import AlbumRow, album_sheet
from faceindex.sheets.matches import match_sheet
from faceindex.store.backup import backup
from faceindex.store.check import check
from faceindex.store.erasing import erase, erase_all
from faceindex.store.folder import LibraryFolder
from faceindex.store.merging import compact_all
from faceindex.store.names import NAME, decide
from faceindex.store.rows import replace_albums
from faceindex.types import (
    Album,
    AlbumsExport,
    AnalysedPhoto,
    Backup,
    CheckReport,
    ClusterReport,
    Erased,
    FaceRecord,
    FailedPhoto,
    IndexReport,
    IngestReport,
    Match,
    Person,
    PhotoRecord,
    ProbeFace,
    Removed,
    RepairReport,
    SidecarReport,
    Status,
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
        if not report.interrupted:
            face_index.fold(self._folder)
            if xmp:
                report = replace(report, xmp=read_names(self._folder, list(map(absolute, paths))))
        return report

    def search(
        self, image: StrPath, *, k: int = 10, threshold: float | None = None, min_face: int | None = None
    ) -> list[ProbeFace]:
        """For every face in `image`, left to right: the at most k faces within `threshold`, nearest first.

        threshold: Euclidean distance, default the recipe's. Raises: UnreadablePhoto; NoFaceFound.
        """
        if k < 1:
            raise UsageError(f"-k must be at least 1, not {k}")
        limit = self.recipe.match_threshold if threshold is None else threshold
        faces = self._probe(image, min_face).faces
        return [ProbeFace(f.box, f.score, tuple(self._matches(f.vector, k, limit))) for f in faces]

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
        probability = confidence_same(away, *self.recipe.confidence)
        return Verification(same, away, limit, probability if same else 1 - probability, (first.box, second.box))

    def cluster(self, *, method: str = "whispers", threshold: float | None = None, seed: int = 0) -> ClusterReport:
        """Group all faces into albums, which replace the ones there were; albums are numbered by size.

        method: "whispers" or "dbscan". threshold: Euclidean, default the recipe's. The same faces and
        seed give the same albums. Raises: UsageError; LibraryLocked.
        """
        if method not in METHODS:
            raise UsageError(f"no clustering method is called {method}; there are {', '.join(METHODS)}")
        limit = self.recipe.cluster_threshold if threshold is None else threshold
        began = time.monotonic()
        ids, vectors, qualities = self._folder.vectors_with_qualities()
        poor_last = qualities if self.recipe.card.poor_last else None
        labels = cluster(vectors, method=method, threshold=limit, seed=seed, qualities=poor_last)
        members = np.split(ids[np.argsort(labels, kind="stable")], np.cumsum(np.bincount(labels + 1)))
        albums = {number: group.tolist() for number, group in enumerate(members[1:-1], start=1)}
        with self._folder.decisions() as catalog, catalog.transaction() as transaction:
            replace_albums(transaction, albums)
        alone = int(np.sum(labels < 0))
        return ClusterReport(method, limit, len(albums), len(ids) - alone, alone, time.monotonic() - began)

    def name(self, person: str, *, face: int | None = None, album: int | None = None) -> int:
        """Say that a face, or every face of an album, is `person`; returns the number of faces named.

        Names are kept over clusterings and edits of photos, and the face of another name takes this one.
        Raises: UsageError when there is no such face or album, or no name.
        """
        name = " ".join(person.split())
        if not name:
            raise UsageError("a person's name must not be empty")
        faces = [self.face(face).face] if face is not None else []
        faces += [record.face for record in self.album(album)] if album is not None else []
        with self._folder.decisions() as catalog, catalog.transaction() as transaction:
            decide(transaction, NAME, faces, name)
        return len(faces)

    def people(self) -> list[Person]:
        """Everybody with a name, by name."""
        return self._folder.catalog.people()

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

    def albums(self) -> list[Album]:
        """All albums, largest first."""
        return self._folder.catalog.albums()

    def album(self, album: int) -> list[FaceRecord]:
        """The faces of one album. Raises: UsageError when there is no such album."""
        faces = self._folder.catalog.album_faces(album)
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

    def write_match_sheet(self, out: StrPath, image: StrPath, found: Sequence[ProbeFace]) -> None:
        """Write one self-contained HTML page: every probe face of `image` and its matches."""
        _write_page(out, match_sheet(absolute(image), found))

    def _erase(self, **what: Iterable[Any]) -> Erased:
        with self._folder.writer() as writer:
            self._index = None
            return erase(writer, self._folder.index, **what)

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
        path = absolute(image)
        data, _ = read_bytes(path)
        analyser = self._analyser(min_face)
        analyser.check_models()
        photo = analyser(analyser.open(data, path))
        if not photo.faces:
            raise NoFaceFound(path)
        return photo

    def _matches(self, vector: Vectors, k: int, threshold: float) -> Iterator[Match]:
        index = self._index = face_index.load_or_build(self._folder, self._index)
        ids, distances = face_index.find_nearest(self._folder, index, vector, k, threshold)
        records = self._folder.catalog.faces_with(ids)
        for face, away in zip(ids, distances, strict=True):
            if int(face) in records:
                record = records[int(face)]
                yield Match(record.face, record.photo, record.box, float(away), record.person)


def _write_page(out: StrPath, page: str) -> None:
    path = Path(out)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(page, encoding="utf-8", errors="surrogateescape")
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror or error}") from error
