"""The files of vectors, compared with what the catalog says of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from faceindex.errors import LibraryDamaged, RecipeMismatch
from faceindex.faces.recipe import Recipe
from faceindex.plurals import plural
from faceindex.store.hdf5.segments import Segment, SegmentMissing, file_checksum, open_segment, read_blocks
from faceindex.store.hdf5.vectors import Faces
from faceindex.types import FaceIds

_NONE: FaceIds = np.empty(0, dtype=np.int64)


@dataclass(frozen=True, slots=True)
class Examined:
    """One segment's file. ids: int64 [n], of the rows that hold a vector; none when there is a problem with the file.

    missing: it is not there at all.
    """

    ids: FaceIds
    problem: str | None = None
    missing: bool = False


class Examiner:
    """Looks at segments in the folder `vectors`. Files never change, so each is read once."""

    def __init__(self, vectors: Path, recipe: Recipe, *, deep: bool) -> None:
        self.vectors = vectors
        self._recipe = recipe
        self._deep = deep
        self._known: dict[Segment, Examined] = {}

    def examine(self, segment: Segment) -> Examined:
        """Compare one file with its row. deep: by checksum first, so that HDF5 is given undamaged files only."""
        if segment not in self._known:
            try:
                self._known[segment] = Examined(self._ids(segment))
            except (FileNotFoundError, SegmentMissing):
                return Examined(_NONE, "missing", missing=True)
            except (LibraryDamaged, RecipeMismatch, OSError) as error:
                reason = error.strerror if isinstance(error, OSError) else str(error)
                self._known[segment] = Examined(_NONE, reason or str(error))
        return self._known[segment]

    def _ids(self, segment: Segment) -> FaceIds:
        path = self.vectors / segment.file
        size = path.stat().st_size
        if segment.size is not None and size != segment.size:
            raise LibraryDamaged(f"has {plural(size, 'byte')} instead of {segment.size:,}")
        if self._deep and file_checksum(path) != segment.checksum:
            raise LibraryDamaged("has another checksum than what was written")
        with open_segment(path, self._recipe.fingerprint, self._recipe.dimension) as file:
            rows = len(file["face_id"])  # before anything is read: a damaged header may promise any number
            if rows != segment.faces:
                raise LibraryDamaged(f"has {plural(rows, 'row')} instead of {segment.faces:,}")
            if not self._deep:
                ids: FaceIds = file["face_id"][:]
                return ids
        blocks = read_blocks(path, self._recipe.fingerprint, self._recipe.dimension)
        return np.concatenate([_NONE, *(ids[np.isfinite(vectors).all(axis=1)] for ids, vectors in blocks)])


def faces_without_vector(faces: Faces, segments: Sequence[Segment], examined: Sequence[Examined]) -> Faces:
    """The faces without exactly one row in the segments that hold what was written when they were. Other rows are dead:
    they belong to removed faces, or are former vectors of faces that have newer ones."""
    living = np.zeros(len(faces.ids), dtype=np.int32)
    for segment, one in zip(segments, examined, strict=True):
        places, there = faces.places(one.ids)
        places = places[there]
        written = faces.written[places]
        np.add.at(living, places[(written >= segment.first) & (written <= segment.last)], 1)
    return Faces(faces.ids[living != 1], faces.written[living != 1])
