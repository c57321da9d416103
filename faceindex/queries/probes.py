"""Probes: faces to search with, from photos, or from the library itself."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from faceindex.errors import LibraryDamaged, NoFaceFound, UsageError
from faceindex.faces.analyse import Analyser
from faceindex.photos.find import absolute
from faceindex.photos.read import read_bytes
from faceindex.queries.gallery import taken_out
from faceindex.search.combining import best_overlap, combined
from faceindex.search.index import LibraryIndex
from faceindex.store.catalog import Catalog
from faceindex.store.selection import person_number
from faceindex.types import AnalysedPhoto, Box, Face, FaceRecord


@dataclass(frozen=True, slots=True)
class Probe:
    """A face to search with, or several of one person as one.

    vector: float32 [d]. title: what it is, for people. photo, box, score: of the face, or of the largest of several;
    score is the detector's. faces: ids of those of the library that it is made of, which it shall not find.
    """

    vector: npt.NDArray[np.float32]
    title: str
    photo: str
    box: Box
    score: float
    faces: tuple[int, ...] = ()


def analysed(image: str, analyser: Analyser) -> AnalysedPhoto:
    """The photo at the absolute path `image`, with one face at least. Raises: UnreadablePhoto; NoFaceFound."""
    data, _ = read_bytes(image)
    photo = analyser(analyser.open(data, image))
    if not photo.faces:
        raise NoFaceFound(image)
    return photo


def faces_in(image: str, photo: AnalysedPhoto) -> list[Probe]:
    """A probe for every face of a photo, left to right."""
    return [
        Probe(face.vector, f"face {number} of {len(photo.faces)} at {face.box.as_list()}", image, face.box, face.score)
        for number, face in enumerate(photo.faces, start=1)
    ]


def face_at(image: str, box: Box, catalog: Catalog, index: LibraryIndex, analyser: Analyser) -> Probe:
    """The face of a photo that `box` covers best: of a stored photo the stored face, else one that is found now.

    Raises: UsageError when no face is there; UnreadablePhoto; NoFaceFound.
    """
    path = absolute(image)
    stored = catalog.faces_at(path)
    if stored:
        number = best_overlap([record.box.overlap(box) for record in stored])
        if number is not None:
            return of_faces([stored[number]], f"face {stored[number].face}", index)
    else:
        found = faces_in(path, analysed(path, analyser))
        number = best_overlap([probe.box.overlap(box) for probe in found])
        if number is not None:
            return found[number]
    raise UsageError(f"no face at {box.as_list()} in {path}; a search without --box shows where its faces are")


def of_faces(records: Sequence[FaceRecord], title: str, index: LibraryIndex) -> Probe:
    """Faces of the library that are one person's, as one probe. Raises: LibraryDamaged when none has a vector."""
    own = taken_out(index, [record.face for record in records])
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


def of_one_person(images: Iterable[str], analyser: Analyser) -> Probe:
    """The largest face of each photo, given by absolute path, as one probe. Raises: UnreadablePhoto; NoFaceFound."""
    paths = list(images)
    largest = [max(analysed(path, analyser).faces, key=_area) for path in paths]
    vector = combined(np.stack([face.vector for face in largest]))
    place = int(np.argmax([face.box.area for face in largest]))
    shown = largest[place]
    return Probe(vector, f"one person in {len(paths)} photos", paths[place], shown.box, shown.score)


def _area(face: Face) -> int:
    return face.box.area
