"""Some faces of a library with their vectors, as an index of their own."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from faceindex.search.index import LibraryIndex
from faceindex.types import FaceIds
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
