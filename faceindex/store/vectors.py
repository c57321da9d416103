"""The vectors of faces, gathered from segments without holding any of them twice."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np

from faceindex.errors import LibraryDamaged
from faceindex.store.segments import Block, Segment, read_blocks
from faceindex.types import FaceIds, Vectors


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
    few = here.ids if len(here.ids) < segment.faces / 8 else None
    for ids, vectors in read_blocks(folder / segment.file, fingerprint, dimension, few):
        _, there = here.places(ids)
        yield (ids, vectors) if there.all() else (ids[there], vectors[there])


def fill(out: Vectors, folder: Path, segments: Sequence[Segment], faces: Faces, fingerprint: str) -> None:
    """Write the vector of every one of `faces` into its row of `out`, float32 [n, d].

    Raises: LibraryDamaged when one has none; SegmentMissing; RecipeMismatch.
    """
    found = np.zeros(len(faces.ids), dtype=bool)
    lowest = faces.written.min(initial=np.iinfo(np.int64).max)
    for segment in segments:
        if segment.last < lowest:
            continue
        for ids, vectors in live_blocks(folder, segment, faces, fingerprint, out.shape[1]):
            places, _ = faces.places(ids)
            out[places] = vectors
            found[places] = True
    if not found.all():
        raise LibraryDamaged(
            f"{folder.parent}: {np.sum(~found)} faces have no vector; `faceindex check` shows the damage"
        )
