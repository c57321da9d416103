"""A folder with one folder of photos a person: ingested, and the central face of each photo with its name."""

from __future__ import annotations

import os
from collections.abc import Container, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from tempfile import TemporaryDirectory

import numpy as np
import numpy.typing as npt

from faceindex.errors import JobCancelled, OutOfReach, UsageError
from faceindex.evaluation.folds import HALVES, half_of
from faceindex.faces.analyse import Analyser
from faceindex.faces.engine import DEFAULT_ENGINE, Engine
from faceindex.faces.recipe import Recipe
from faceindex.ingest.run import ingest
from faceindex.photos.finding.addresses import absolute
from faceindex.photos.finding.entries import UnreadableEntry
from faceindex.photos.finding.find import find_files
from faceindex.plurals import plural
from faceindex.running.meter import Meter
from faceindex.store.folder import LibraryFolder
from faceindex.types import FailedPhoto, Qualities, Vectors


@dataclass(frozen=True, slots=True)
class LabelledFaces:
    """The central face of every photo of a labelled folder; rows are photos with a face, in the order of paths.

    names: people, sorted. people: int64 [n], places in `names`. vectors: float32 [n, d]. scores: float64 [n], the
    detector's. qualities: float64 [n], NaN where unknown. photos: path of each row. without_face: photos that were read
    and show no face. failed: photos that could not be read. faceless: int64 [m], places in `names` of the people of
    both. copies: files with the content of an earlier one; they have no row of their own. rows: "Folder/file name
    without extension" of every photo, copies too, to its row, or None when it has no face.
    """

    recipe: Recipe
    names: tuple[str, ...]
    people: npt.NDArray[np.int64]
    vectors: Vectors
    scores: npt.NDArray[np.float64]
    qualities: Qualities
    photos: tuple[str, ...]
    without_face: tuple[str, ...]
    failed: tuple[FailedPhoto, ...]
    faceless: npt.NDArray[np.int64]
    copies: int
    rows: Mapping[str, int | None]

    @property
    def seen(self) -> int:
        """Photos with and without a face, without copies."""
        return len(self.photos) + len(self.faceless)


@contextmanager
def evaluation_library(recipe: Recipe, keep: Path | None = None) -> Iterator[LibraryFolder]:
    """A library for `recipe`: under the folder `keep`, where the next call finds it again, or a temporary one.

    Raises: RecipeMismatch when the recipe has changed since; LibraryDamaged; NewerSchema; UsageError when no temporary
    folder can be made.
    """
    with _temporary_folder() if keep is None else nullcontext(str(keep)) as parent:
        folder = LibraryFolder(Path(parent) / f"{recipe.title.replace(' ', ',')}.faces", wanted=recipe)
        try:
            yield folder
        finally:
            folder.close()


def _temporary_folder() -> TemporaryDirectory[str]:
    try:
        return TemporaryDirectory(prefix="faceindex-")
    except OSError as error:
        reason = error.strerror or error
        raise UsageError(f"no temporary folder can be made: {reason}; name a folder with --keep or TMPDIR") from error


def ingest_labelled(
    folder: LibraryFolder,
    root: Path,
    *,
    half: str | None = None,
    engine: Engine = DEFAULT_ENGINE,
    workers: int | None = None,
    meter: Meter | None = None,
) -> LabelledFaces:
    """Ingest the photos under `root`, of one half of the people if `half` is given, and return their central faces.

    A photo's person is the name of the folder it lies in. half: "a" or "b", see `half_of`. workers: processes,
    default as the machine allows. meter: hears of the progress. Photos that cannot be read are listed in the result.

    Raises: UsageError when `root` is missing or holds no labelled photo; LibraryLocked; LibraryUnwritable; ModelError;
    MachineError; OutOfReach when a photo is; JobCancelled when it was stopped. What was analysed is stored.
    """
    if half not in (None, *HALVES):
        raise UsageError(f"no half of the people is called {half}; there are {', '.join(HALVES)}")
    folders = {_folder(path) for path, _ in labelled_files(root, half)}
    if not folders:
        raise _nothing_labelled(root, half)
    paths = [root] if half is None else sorted(folders)
    analyser = Analyser(folder.recipe, folder.min_face, engine=engine)
    report = ingest(folder, paths, analyser=analyser, workers=workers, meter=meter)
    if report.interrupted:
        raise JobCancelled(report)
    if report.missed:
        first = report.missed[0]
        raise OutOfReach(f"out of reach: {plural(report.out_of_reach, 'photo')}, such as {first.path}: {first.error}")
    return labelled_faces(folder, root, half=half)


def labelled_faces(folder: LibraryFolder, root: Path, *, half: str | None = None) -> LabelledFaces:
    """The central faces of photos under `root` that were ingested before; see `ingest_labelled`.

    Raises: UsageError when none is labelled.
    """
    central = {found.photo: found for found in folder.catalog.central_faces()}
    listing = _listed(folder, root, half, central)
    names = sorted({*listing.people, *listing.faceless})
    numbers = {name: number for number, name in enumerate(names)}
    ids, vectors = folder.vectors()
    chosen = [central[photo] for photo in listing.row_of]
    return LabelledFaces(
        recipe=folder.recipe,
        names=tuple(names),
        people=np.array([numbers[name] for name in listing.people], dtype=np.int64),
        vectors=vectors[np.searchsorted(ids, np.array([face.face for face in chosen], dtype=np.int64))],
        scores=np.array([face.score for face in chosen], dtype=np.float64),
        qualities=np.array([np.nan if face.quality is None else face.quality for face in chosen], dtype=np.float64),
        photos=tuple(listing.photos),
        without_face=tuple(listing.without_face),
        failed=tuple(listing.failed),
        faceless=np.array([numbers[name] for name in listing.faceless], dtype=np.int64),
        copies=listing.copies,
        rows=listing.rows,
    )


@dataclass(slots=True)
class _Listing:
    """What LabelledFaces holds, being gathered. row_of: photo id to row. blank: ids of photos without a face."""

    people: list[str] = field(default_factory=list)
    photos: list[str] = field(default_factory=list)
    without_face: list[str] = field(default_factory=list)
    failed: list[FailedPhoto] = field(default_factory=list)
    faceless: list[str] = field(default_factory=list)
    copies: int = 0
    rows: dict[str, int | None] = field(default_factory=dict)
    row_of: dict[int, int] = field(default_factory=dict)
    blank: set[int] = field(default_factory=set)

    def fail(self, path: str, reason: str) -> None:
        self.failed.append(FailedPhoto(path, reason))
        self.faceless.append(_person(path))
        self.rows[_key(path)] = None

    def take(self, path: str, photo: int, *, has_face: bool) -> None:
        if photo in self.row_of or photo in self.blank:
            self.copies += 1
        elif has_face:
            self.row_of[photo] = len(self.photos)
            self.photos.append(path)
            self.people.append(_person(path))
        else:
            self.blank.add(photo)
            self.without_face.append(path)
            self.faceless.append(_person(path))
        self.rows[_key(path)] = self.row_of.get(photo)


def _listed(folder: LibraryFolder, root: Path, half: str | None, with_face: Container[int]) -> _Listing:
    """Every labelled photo under `root`, as the catalog knows it. Raises: UsageError when there is none."""
    listing = _Listing()
    for path, reason in labelled_files(root, half):
        known = folder.catalog.known_path(path)
        if reason or (known and known.photo is None):
            listing.fail(path, reason or (known and known.error) or "unknown")
        elif known and known.photo is not None:
            listing.take(path, known.photo, has_face=known.photo in with_face)
    if not listing.rows:
        raise _nothing_labelled(root, half)
    return listing


def labelled_files(root: Path, half: str | None = None) -> Iterator[tuple[str, str | None]]:
    """(path, why it cannot be read) of every file in a folder below `root` that names a person of `half`."""
    top = absolute(root)
    for entry in find_files([top]):
        path = entry.path
        if _folder(path) != top and (half is None or half_of(_person(path)) == half):
            yield path, entry.reason if isinstance(entry, UnreadableEntry) else None


def _nothing_labelled(root: Path, half: str | None) -> UsageError:
    part = "" if half is None else f" of people in half {half}"
    return UsageError(f"no photos{part} in folders below {root}; each person needs a folder with the person's name")


def _folder(path: str) -> str:
    return os.path.dirname(path)  # noqa: PTH120  (addresses, too)


def _person(path: str) -> str:
    return PurePath(path).parent.name


def _key(path: str) -> str:
    return f"{_person(path)}/{PurePath(path).stem}"
