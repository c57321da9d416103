"""Probes: faces to search with, from photos, or from the library itself."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from faceindex.errors import LibraryDamaged, NoFaceFound, UsageError
from faceindex.faces.analyse import Analyser
from faceindex.photos.decode import Photo
from faceindex.photos.finding.addresses import absolute
from faceindex.photos.pictures import PictureLike, is_path, photo_of
from faceindex.plurals import plural
from faceindex.queries.combining import best_overlap, combined
from faceindex.queries.gallery import exact_index
from faceindex.search.index import LibraryIndex
from faceindex.store.catalog import Catalog
from faceindex.store.selection import person_number
from faceindex.types import AnalysedPhoto, Box, FaceRecord


@dataclass(frozen=True, slots=True)
class Probe:
    """A face to search with, or several of one person as one.

    vector: float32 [d]. title: a description for people. photo, box, score: of the face, or of the largest of several;
    score is the detector's. faces: ids of the library's faces that it is made of, which a search leaves out. held: the
    photo, when it is no file. taken: its date, as the photo says.
    """

    vector: npt.NDArray[np.float32]
    title: str
    photo: str
    box: Box
    score: float
    faces: tuple[int, ...] = ()
    held: Photo | None = None
    turned: int = 0
    taken: str | None = None


Probes = list[Probe]
"""For a class that has a method called list."""


def analysed(image: PictureLike, analyser: Analyser) -> tuple[Photo, AnalysedPhoto]:
    """The photo and its analysis, which has a face. Raises: UnreadablePhoto; NoFaceFound; UsageError."""
    photo = photo_of(image, max_megapixels=analyser.max_megapixels)
    found = analyser(photo)
    if not found.faces:
        raise NoFaceFound(photo.path)
    return photo, found


def faces_in(image: PictureLike, analyser: Analyser) -> list[Probe]:
    """A probe for every face of a photo, left to right. Raises: as `analysed`."""
    photo, found = analysed(image, analyser)
    held = None if is_path(image) else photo
    return [
        Probe(
            face.vector,
            f"face {number} of {len(found.faces)} at {face.box.as_list()}",
            photo.path,
            face.box,
            face.score,
            held=held,
            turned=found.turned,
            taken=found.taken,
        )
        for number, face in enumerate(found.faces, start=1)
    ]


def face_at(image: PictureLike, box: Box, catalog: Catalog, index: LibraryIndex, analyser: Analyser) -> Probe:
    """The face of a photo that `box` covers best: of a stored photo the stored face, else one that is found now.

    Raises: UsageError when no face is there; UnreadablePhoto; NoFaceFound.
    """
    stored = catalog.faces_at(absolute(image)) if is_path(image) else []
    if stored:
        number = best_overlap([record.box.overlap(box) for record in stored])
        if number is not None:
            return of_faces([stored[number]], f"face {stored[number].face}", index)
    else:
        found = faces_in(image, analyser)
        number = best_overlap([probe.box.overlap(box) for probe in found])
        if number is not None:
            return found[number]
    name = absolute(image) if is_path(image) else found[0].photo
    raise UsageError(f"no face at {box.as_list()} in {name}; a search without --box shows where its faces are")


def of_faces(records: Sequence[FaceRecord], title: str, index: LibraryIndex) -> Probe:
    """Faces of the library that are one person's, as one probe. Raises: LibraryDamaged when none has a vector."""
    own = exact_index(index, [record.face for record in records])
    if not len(own.ids):
        raise LibraryDamaged(f"{title} has lost its vector; `faceindex repair` makes it anew")
    shown = max(records, key=lambda record: record.box.area)
    faces = tuple(record.face for record in records)
    return Probe(combined(own.vectors), title, shown.photo, shown.box, shown.score, faces)


def of_person(name: str, catalog: Catalog, index: LibraryIndex) -> Probe:
    """All faces of a person as one probe. Raises: UsageError when nobody has this name or there is no face."""
    person_number(catalog, name)
    faces = catalog.faces_of_person(name) or []
    records = list(catalog.faces_with(faces).values())
    if not records:
        raise UsageError(f"the library has no face of {name}")
    return of_faces(records, name, index)


def of_one_person(images: Iterable[PictureLike], analyser: Analyser) -> Probe:
    """The largest face of each photo as one probe. Raises: as `analysed`."""
    largest = [max(faces_in(image, analyser), key=_area) for image in images]
    vector = combined(np.stack([probe.vector for probe in largest]))
    return replace(max(largest, key=_area), vector=vector, title=f"one person in {plural(len(largest), 'photo')}")


def _area(probe: Probe) -> int:
    return probe.box.area
