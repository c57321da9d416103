"""Vectors along their axes of largest variance.

The coordinates of a vector are those along the axes and, as one more, the length of what they leave out. No two are
further apart than their vectors (an orthogonal projection shortens, and lengths differ by no more than the vectors do),
so what is too far apart there is so in full: the filter of Weber, Schek and Blott 1998 (VA-file), by principal
components.
"""

from __future__ import annotations

import numpy as np

from faceindex.types import Vectors
from faceindex.vectors.exact import Floats, faiss_on, take_buffers

SHARE = 0.85
"""Of the variance, that the coordinates hold. A smaller share is faster compared and rules out less."""

_CHUNK = 1 << 12  # rows whose coordinates are found at a time
_SAMPLE = 50_000  # rows that axes are found from


def principal_coordinates(vectors: Vectors, *, seed: int = 0) -> Floats:
    """Coordinates along the axes that hold SHARE of the variance of `vectors`, float32 [n, d], n > 0: float32 [n, m].

    The axes are learned from a part of the vectors. m is a multiple of eight where there are so many.
    """
    count, dimension = vectors.shape
    rows = np.sort(np.random.default_rng(seed).choice(count, min(count, _SAMPLE), replace=False))
    take_buffers(1)
    with faiss_on(1) as faiss:
        turning = faiss.PCAMatrix(dimension, dimension)
        turning.max_points_per_d = _SAMPLE
        turning.train(vectors[np.resize(rows, max(len(rows), dimension))])  # FAISS wants no fewer
        variances = np.maximum(faiss.vector_to_array(turning.eigenvalues), 0)
        share = np.cumsum(variances) / max(variances.sum(), 1e-30)
        enough = int(np.searchsorted(share, SHARE)) + 1
        kept = min(enough + (-enough - 1) % 8, dimension)
        found = np.empty((count, kept + 1), dtype=np.float32)
        for start in range(0, count, _CHUNK):
            turned = turning.apply(np.ascontiguousarray(vectors[start : start + _CHUNK]))
            found[start : start + _CHUNK, :-1] = turned[:, :kept]
            found[start : start + _CHUNK, -1] = np.linalg.norm(turned[:, kept:], axis=1)
    return found
