"""The faces that the library knows of arriving photos: of the same content, or of what was at their paths before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from faceindex.faces.recipe import Recipe
from faceindex.faces.vectors_only import VectorsOnly
from faceindex.photos.finding.entries import FoundFile
from faceindex.store.catalog import Catalog
from faceindex.store.hdf5.vectors import StoredVectors
from faceindex.store.photos import writing
from faceindex.store.photos.matching_by_box import FormerFace, match_by_box, resized, same_shape, scaled
from faceindex.store.photos.matching_by_vector import match_by_vector
from faceindex.types import AnalysedPhoto, Box, Face

_NOWHERE = Box(0, 0, 1, 1)  # of a face that was lost before: where it was says nothing of the picture now


Arriving = tuple[AnalysedPhoto, list[FoundFile]]
Name = tuple[int, FoundFile]


@dataclass(slots=True)
class Returned:
    """Which of a photo's faces were known. same: of each face the id, or None. former: that they could have been.

    unsure, expected: see `VectorMatches`. kept: drawn faces that no detector found again, by id.
    """

    same: list[int | None]
    former: list[FormerFace] = field(default_factory=list)
    unsure: dict[int, tuple[int, float | None]] = field(default_factory=dict)
    expected: dict[int, Box] = field(default_factory=dict)
    kept: dict[int, Face] = field(default_factory=dict)

    def among_others(self, faces: Sequence[Face], former: Sequence[FormerFace], threshold: float, zoom: float) -> None:
        """Look for `former` among the faces that are not known yet. threshold, zoom: see `match_by_vector`."""
        open_places = [place for place, known in enumerate(self.same) if known is None]
        known = [face.face for face in self.former]
        further = [face for face in former if face.face not in known]
        found = match_by_vector([faces[place] for place in open_places], further, threshold, zoom)
        for place, same in zip(open_places, found.same, strict=True):
            self.same[place] = same
        self.unsure |= {face: (open_places[other], away) for face, (other, away) in found.unsure.items()}
        self.expected |= {face: place for face, place in found.expected.items() if face not in found.same}
        self.former += further


_IDENTICAL = 1e-3
"""In place of a threshold where vectors have no calibration: only nearly equal vectors are the same face."""


class FormerFaces:
    """What is known of the faces of a batch's photos before it is committed."""

    def __init__(
        self, catalog: Catalog, vectors: Path, recipe: Recipe, photos: Mapping[bytes, Arriving], names: Sequence[Name]
    ) -> None:
        """vectors: the folder of segments. photos, names: of the batch."""
        self._catalog = catalog
        self._threshold = _IDENTICAL if isinstance(recipe, VectorsOnly) else recipe.match_threshold
        self._moved = {photo for photo, _ in names}
        self._edited = {content: self._edited_photos(content, *arriving) for content, arriving in photos.items()}
        self._overwritten = {
            (photo, other)
            for photo, file in names
            for other in catalog.photos_named_only([file.path])
            if other not in self._moved
        }
        known = {photo for content in photos if (photo := catalog.photo_with(content)) is not None}
        drawn = known & catalog.photos_with_drawn_faces()
        looked_at = {photo for some in (*self._edited.values(), *self._overwritten, drawn) for photo in some}
        self._faces = {photo: catalog.landmarks_of(photo) for photo in looked_at}
        written = catalog.stored_among(face for faces in self._faces.values() for face in faces)
        stored = StoredVectors(vectors, catalog.segments(), written, recipe.fingerprint, recipe.dimension)
        self._vectors = stored.by_face() if looked_at else {}

    def among(self, content: bytes, photo: AnalysedPhoto, faces: Sequence[Face]) -> Returned:
        """Which of `faces`, of `photo`, are known.

        The same content has the same pixels: there boxes that overlap are one face, also of faces that people decided
        about and that are in no photo now. Faces of another picture under the same path are known by their vectors.
        """
        known = self._catalog.photo_with(content)
        if known is not None and not self._edited[content]:
            size = photo.width, photo.height
            former = self._catalog.faces_of(known, size)
            same = match_by_box([face.box for face in faces], former)
            return Returned(same, former, kept=self._drawn(known, size, same))
        waiting = self._catalog.decided_faces(content)
        found = Returned(match_by_box([face.box for face in faces], waiting))
        found.former += [face for face in waiting if face.face in found.same]
        for edited in self._edited[content]:
            zoom = resized(self._catalog.size_of(edited), (photo.width, photo.height))
            found.among_others(faces, self._faces_of(edited), self._threshold, zoom)
        return found

    def _drawn(self, photo: int, size: tuple[int, int], found: Sequence[int | None]) -> dict[int, Face]:
        """The drawn faces of a stored photo, of `size` now, that have a vector and are not among those found."""
        if photo not in self._faces:
            return {}
        zoom = resized(self._catalog.size_of(photo), size)
        return {
            face: replace(drawn, box=scaled(drawn.box, zoom), landmarks=drawn.landmarks * np.float32(zoom))
            for face, drawn in self._catalog.drawn_faces(photo, self._vectors).items()
            if face not in found
        }

    def overwritten(self) -> list[writing.Arrival]:
        """Stored photos that take the last path of other photos, as arrivals whose faces keep their ids.

        Faces that look like named ones of the other photo are unsure: the user is asked.
        """
        return [self._in_place_of(photo, other) for photo, other in sorted(self._overwritten)]

    def _in_place_of(self, photo: int, other: int) -> writing.Arrival:
        size, former = self._catalog.size_of(photo), self._faces_of(other)
        known = {face: box for face, box in self._faces[photo].items() if face in self._vectors}
        faces = [Face(box, 1.0, points, self._vectors[face], np.nan) for face, (box, points) in known.items()]
        found = match_by_vector(faces, former, self._threshold, resized(self._catalog.size_of(other), size))
        vectors = {face.face: face.vector for face in former}
        unsure = found.unsure | {
            face: (place, float(np.linalg.norm(faces[place].vector - then)))
            for place, face in enumerate(found.same)
            if face is not None and (then := vectors[face]) is not None
        }
        content = self._catalog.content_of(photo)
        return writing.Arrival(content, AnalysedPhoto(*size, ()), [], faces, list(known), photo, former, unsure)

    def _edited_photos(self, content: bytes, photo: AnalysedPhoto, files: Sequence[FoundFile]) -> list[int]:
        """The photos that `photo` replaces; or itself, if it was decoded to another shape before."""
        known = self._catalog.photo_with(content)
        if known is not None:
            same = same_shape(self._catalog.size_of(known), (photo.width, photo.height))
            return [] if same else [known]
        return [other for other in self._catalog.photos_named_only([f.path for f in files]) if other not in self._moved]

    def _faces_of(self, photo: int) -> list[FormerFace]:
        """Its faces, and those that it lost by earlier edits."""
        faces = [
            FormerFace(face, box, self._vectors.get(face), landmarks)
            for face, (box, landmarks) in self._faces[photo].items()
        ]
        lost = self._catalog.connection.execute("SELECT face, vector FROM lost_faces WHERE photo = ?", (photo,))
        return faces + [FormerFace(face, _NOWHERE, _vector(vector)) for face, vector in lost]


def _vector(stored: bytes | None) -> npt.NDArray[np.float32] | None:
    return None if stored is None else np.frombuffer(stored, dtype="<f4")
