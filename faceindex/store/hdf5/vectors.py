"""The vectors of faces, read from segments, each held in memory once."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

from faceindex.errors import LibraryDamaged
from faceindex.plurals import plural
from faceindex.running.lazily import module
from faceindex.store.hdf5.segments import CHUNK, Block, Segment, read_blocks, read_rows
from faceindex.types import FaceIds, Vectors

if TYPE_CHECKING:
    import numpy as np
else:
    np = module("numpy")


@dataclass(frozen=True, slots=True)
class Faces:
    """All faces that have a vector, in columns.

    ids: int64 [n], rising. written: int64 [n], number of the segment in which the vector was first written.
    """

    ids: FaceIds
    written: FaceIds

    @classmethod
    def none(cls) -> Self:
        """No face."""
        return cls(np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64))

    def without(self, ids: Collection[int]) -> Faces:
        """All but the faces with these ids."""
        kept = ~np.isin(self.ids, list(ids))
        return Faces(self.ids[kept], self.written[kept])

    def in_segment(self, segment: Segment) -> Faces:
        """Those whose vectors lie in `segment`."""
        here = (self.written >= segment.first) & (self.written <= segment.last)
        return Faces(self.ids[here], self.written[here])

    def places(self, ids: FaceIds) -> tuple[FaceIds, np.ndarray]:
        """Where `ids`, int64 [m], are in `self.ids`: places int64 [m], and bool [m], whether they are there at all."""
        places = np.searchsorted(self.ids, ids)
        there = places < len(self.ids)
        there[there] = self.ids[places[there]] == ids[there]
        return places, there


def live_blocks(folder: Path, segment: Segment, faces: Faces, fingerprint: str, dimension: int) -> Iterator[Block]:
    """The rows of one segment that are vectors of `faces`; others belong to removed faces, or to earlier photos.

    Raises: SegmentMissing; LibraryDamaged; RecipeMismatch.
    """
    here = faces.in_segment(segment)
    if len(here.ids) < CHUNK:
        yield read_rows(folder / segment.file, fingerprint, dimension, here.ids)
        return
    few = here.ids if len(here.ids) < segment.faces / 8 else None
    for ids, vectors in read_blocks(folder / segment.file, fingerprint, dimension, few):
        _, there = here.places(ids)
        yield (ids, vectors) if there.all() else (ids[there], vectors[there])


@dataclass(frozen=True, slots=True)
class StoredVectors:
    """The vectors of all faces of one state of a library, as its segments hold them. folder: of the segments."""

    folder: Path
    segments: Sequence[Segment]
    faces: Faces
    fingerprint: str
    dimension: int

    def blocks(self) -> Iterator[Block]:
        """Each face once, in the order of the segments.

        Raises: LibraryDamaged when one has no vector; SegmentMissing, when it was compacted meanwhile, too;
        RecipeMismatch.
        """
        found = np.zeros(len(self.faces.ids), dtype=bool)
        lowest = self.faces.written.min(initial=np.iinfo(np.int64).max)
        for segment in self.segments:
            if segment.last < lowest:
                continue
            for ids, vectors in live_blocks(self.folder, segment, self.faces, self.fingerprint, self.dimension):
                found[self.faces.places(ids)[0]] = True
                yield ids, vectors
        if not found.all():
            faces = plural(int(np.sum(~found)), "face")
            raise LibraryDamaged(f"{self.folder.parent}: {faces} without a vector; `faceindex check` shows the damage")

    def as_array(self) -> Vectors:
        """All of them, in the order of `faces`: float32 [n, d]. Raises: as `blocks`."""
        out = np.empty((len(self.faces.ids), self.dimension), dtype=np.float32)
        for ids, vectors in self.blocks():
            out[self.faces.places(ids)[0]] = vectors
        return out

    def by_face(self) -> dict[int, Vectors]:
        """The vectors that can be read, float32 [d], by id: missing and damaged segments are skipped."""
        found: dict[int, Vectors] = {}
        for segment in self.segments:
            wanted = self.faces.in_segment(segment).ids
            if not len(wanted):
                continue
            with suppress(LibraryDamaged):
                ids, vectors = read_rows(self.folder / segment.file, self.fingerprint, self.dimension, wanted)
                found.update(zip(ids.tolist(), vectors, strict=True))
        return found
