"""Some faces of a library with their vectors, as an index of their own."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from faceindex.search.index import LibraryIndex
from faceindex.types import FaceIds, Vectors
from faceindex.vectors.nearest import FaceIndex


def exact_index(index: LibraryIndex, faces: Sequence[int] | FaceIds) -> FaceIndex:
    """Those of `faces` that have a vector, by rising id, as an exact index of their own."""
    wanted = np.unique(np.asarray(faces, dtype=np.int64))
    new = np.isin(index.delta.faces.ids, wanted)
    late = index.delta.faces.ids[new]  # of a face that is in both, the vector here is the newer one
    rows = np.flatnonzero(np.isin(index.main.ids, wanted) & ~np.isin(index.main.ids, late))
    ids = np.concatenate([index.main.ids[rows], late])
    vectors = np.concatenate([index.main.vectors[rows], index.delta.faces.vectors[new]])
    order = np.argsort(ids)
    return FaceIndex(ids[order], np.ascontiguousarray(vectors[order]))


def vectors_of_found(index: LibraryIndex, ids: FaceIds) -> Vectors:
    """The vectors of faces that were found in the index, int64 [m], in their order: float32 [m, d]."""
    written = index.delta.faces.ids
    if not len(written):
        return index.main.vectors_of(_rows_of(index.main.ids, ids))
    vectors = np.empty((len(ids), index.main.vectors.shape[1]), dtype=np.float32)
    late = np.isin(ids, written)
    if late.any():
        order = np.argsort(written)
        vectors[late] = index.delta.faces.vectors[order[np.searchsorted(written, ids[late], sorter=order)]]
    vectors[~late] = index.main.vectors_of(_rows_of(index.main.ids, ids[~late]))
    return vectors


def _rows_of(ids: FaceIds, wanted: FaceIds) -> FaceIds:
    """Where `wanted` are among `ids`, which are nearly always rising."""
    rows = np.minimum(np.searchsorted(ids, wanted), len(ids) - 1)
    if not (ids[rows] == wanted).all():
        order = np.argsort(ids)
        rows = order[np.searchsorted(ids, wanted, sorter=order)]
    return rows
