"""Cuts the chips to learn from out of photos: those of named faces of libraries, and of folders with one folder of
photos for each person."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path, PurePath

import numpy as np

from faceindex.errors import RecipeMismatch, UnreadablePhoto, UsageError
from faceindex.evaluation.labelled import labelled_files
from faceindex.faces.aligned import AlignedFace, AlignedPhoto
from faceindex.faces.analyse import Analyser
from faceindex.faces.recipe import Recipe
from faceindex.faces.turns import turned_back
from faceindex.ingest.redrawing import opened_photo
from faceindex.photos.decode import Photo
from faceindex.photos.pictures import photo_of
from faceindex.running.meter import Meter
from faceindex.store.folder import LibraryFolder
from faceindex.store.layout import CATALOG
from faceindex.training.encoder.chips_file import encoded
from faceindex.training.labelled import check_people
from faceindex.types import Box, Face, Vectors

SAME_FACE = 0.5
"""Intersection over union of boxes from which a face that is found again in its photo is the same."""


@dataclass(frozen=True, slots=True)
class NamedFace:
    """A face to cut out. photo: of `library`, by its id, or a path. box: of the face; None for the central one."""

    person: str
    photo: int | str
    library: Path | None = None
    box: Box | None = None


@dataclass(slots=True)
class Collected:
    """names: of people, sorted. people: places in `names`, of each face. images: its chips as PNG files. taught: what
    the teacher says of it. missing: faces whose photo, or which in it, was not found."""

    names: tuple[str, ...]
    people: list[int] = field(default_factory=list)
    images: list[list[bytes]] = field(default_factory=list)
    taught: list[Vectors] = field(default_factory=list)
    missing: int = 0


def named_in(places: Sequence[Path], asked: Recipe | None, *, few: bool) -> tuple[list[NamedFace], Recipe | None]:
    """The named faces of libraries, and the photos of folders; and the recipe that their chips are cut for.

    asked: the recipe that the user wants; without, it is that of the libraries, None if there are folders alone.
    Raises: UsageError when a place has none, or there are too few people; RecipeMismatch; LibraryDamaged.
    """
    found: list[NamedFace] = []
    chosen = asked
    for place in places:
        if not (place / CATALOG).is_file():
            found += [
                NamedFace(PurePath(path).parent.name, path) for path, reason in labelled_files(place) if not reason
            ]
            continue
        with closing(LibraryFolder(place, create=False)) as folder:
            recipe = folder.recipe
            if asked is None and chosen is not None and recipe.fingerprint != chosen.fingerprint:
                raise RecipeMismatch(
                    f"the libraries are of the recipes {chosen.title} and {recipe.title}; say for which one chips are "
                    "cut: --recipe"
                )
            chosen = chosen or recipe
            found += named_faces_of(folder, place)
    if not found:
        raise UsageError(f"no named faces in {', '.join(map(str, places))}; each person needs a name or a folder")
    numbers = {name: number for number, name in enumerate(dict.fromkeys(face.person for face in found))}
    check_people(np.array([numbers[face.person] for face in found]), "an encoder", few=few)
    return found, chosen


def named_faces_of(folder: LibraryFolder, place: Path) -> Iterator[NamedFace]:
    """Every face with a name in the library at `place`."""
    for person in folder.catalog.people():
        records = folder.catalog.faces_with(folder.catalog.faces_of_person(person.person) or [])
        for record in records.values():
            known = folder.catalog.known_path(record.photo)
            if known is not None and known.photo is not None:
                yield NamedFace(person.person, known.photo, place, record.box)


def collect(faces: Sequence[NamedFace], recipe: Recipe, teacher: Recipe | None, meter: Meter) -> Collected:
    """The chips of all faces whose photos can be read. Each photo is opened once.

    Raises: UsageError when a face has two names, or the teacher's vectors contain NaN; ModelError; JobCancelled.
    """
    analyser, taught = Analyser(recipe, rated=False), Analyser(teacher, rated=False) if teacher else None
    analyser.check_models()
    found = Collected(tuple(sorted({face.person for face in faces})))
    numbers = {name: number for number, name in enumerate(found.names)}
    owner: dict[bytes, str] = {}
    by_photo: dict[tuple[Path | None, int | str], list[NamedFace]] = {}
    for face in faces:
        by_photo.setdefault((face.library, face.photo), []).append(face)
    meter.stage("chips", len(by_photo))
    for photo, wanted in _opened(by_photo, analyser, meter):
        if photo is None:
            found.missing += len(wanted)
            continue
        aligned = analyser.align(photo)
        known = list(taught(photo).faces) if taught else []
        for one in wanted:
            cut = _chosen(aligned, one.box)
            vector = None if cut is None else taught_of(known, cut[1], teacher)
            if cut is None or (teacher and vector is None):
                found.missing += 1
                continue
            images = [encoded(chip) for chip in cut[0].chips]
            if _twice(images, one.person, owner):
                continue
            found.images.append(images)
            found.people.append(numbers[one.person])
            if vector is not None:
                found.taught.append(vector)
    return found


def _twice(images: list[bytes], person: str, owner: dict[bytes, str]) -> bool:
    """Whether the same chips are there already. Raises: UsageError when they are another person's."""
    digest = hashlib.sha256(b"".join(images)).digest()
    before = owner.get(digest)
    if before not in (None, person):
        raise UsageError(f"one face is called both {before} and {person}; correct one of the names")
    owner[digest] = person
    return before is not None


def _opened(
    by_photo: dict[tuple[Path | None, int | str], list[NamedFace]], analyser: Analyser, meter: Meter
) -> Iterator[tuple[Photo | None, list[NamedFace]]]:
    """Every photo, None where it cannot be read, with the faces that are wanted of it."""
    folders: dict[Path, LibraryFolder] = {}
    try:
        for (library, photo), wanted in meter.each(by_photo.items()):
            try:
                if library is None:
                    yield photo_of(str(photo)), wanted
                    continue
                if library not in folders:
                    folders[library] = LibraryFolder(library, create=False)
                yield opened_photo(folders[library].catalog, int(photo), analyser), wanted
            except UnreadablePhoto:
                yield None, wanted
    finally:
        for folder in folders.values():
            folder.close()


def _chosen(aligned: AlignedPhoto, box: Box | None) -> tuple[AlignedFace, Box] | None:
    """The face in `box`, or the one nearest to the middle of the photo, and its box in the upright photo."""
    photo = aligned.photo
    boxes = []
    for face in aligned.faces:
        blank = Face(face.found.box(), face.found.score, face.landmarks, np.empty(0, dtype=np.float32), np.nan)
        boxes.append((face, turned_back(blank, photo.turned, photo.width, photo.height).box))
    if not boxes:
        return None
    if box is None:
        return min(boxes, key=lambda each: _from_middle(each[1], photo.width, photo.height))
    best = max(boxes, key=lambda each: each[1].overlap(box))
    return best if best[1].overlap(box) >= SAME_FACE else None


def _from_middle(box: Box, width: int, height: int) -> int:
    """As `central_faces` of the catalog measures it."""
    return (2 * box.x + box.width - width) ** 2 + (2 * box.y + box.height - height) ** 2


def taught_of(faces: Sequence[Face], box: Box, teacher: Recipe | None) -> Vectors | None:
    """The vector of that of the teacher's faces that is in `box`. Raises: UsageError when it contains NaN."""
    best = max(faces, key=lambda face: face.box.overlap(box), default=None)
    if best is None or best.box.overlap(box) < SAME_FACE:
        return None
    if not np.isfinite(best.vector).all():
        name = teacher.name if teacher else ""
        raise UsageError(f"a vector of the teacher {name} contains NaN or infinity")
    return best.vector
