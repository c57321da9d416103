"""Vectors along their axes of largest variance.

The coordinates of a vector are those along the axes and, as one more, the length of what they leave out. No two are
further apart than their vectors (an orthogonal projection shortens, and lengths differ by no more than the vectors do),
so what is too far apart there is so in full: the filter of Weber, Schek and Blott 1998 (VA-file), by principal
components.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from faceindex.types import Vectors
from faceindex.vectors.exact import Floats, Rows

SHARE = 0.85
"""Of the variance, that the coordinates hold. A smaller share is faster compared and rules out less."""

_CHUNK = 1 << 12  # rows whose coordinates are found at a time
_SAMPLE = 50_000  # rows that axes are found from


@dataclass(frozen=True, slots=True)
class Axes:
    """mean: float32 [d]. axes: float32 [d, m - 1], orthonormal columns."""

    mean: Floats
    axes: Floats

    def coordinates(self, vectors: Vectors) -> Floats:
        """Of `vectors`, float32 [n, d]: float32 [n, m]."""
        found = np.empty((len(vectors), self.axes.shape[1] + 1), dtype=np.float32)
        for rows in _chunks(len(vectors)):
            centred = vectors[rows] - self.mean
            along = centred @ self.axes
            found[rows, :-1] = along
            found[rows, -1] = np.linalg.norm(centred - along @ self.axes.T, axis=1)
        return found


def principal_axes(vectors: Vectors, *, seed: int = 0) -> Axes:
    """The axes that hold SHARE of the variance of `vectors`, float32 [n, d], n > 0, learned from a part of them.

    One less than a multiple of eight where there are so many.
    """
    rows = _some(len(vectors), _SAMPLE, np.random.default_rng(seed))
    mean = sum(vectors[rows[some]].sum(axis=0, dtype=np.float64) for some in _chunks(len(rows))) / len(rows)
    covariance = np.zeros((len(mean), len(mean)))
    for some in _chunks(len(rows)):
        centred = vectors[rows[some]] - mean
        covariance += centred.T @ centred
    values, axes = np.linalg.eigh(covariance)
    values, axes = np.maximum(values[::-1], 0), axes[:, ::-1]
    share = np.cumsum(values) / max(values.sum(), 1e-300)
    enough = int(np.searchsorted(share, SHARE)) + 1
    kept = min(enough + (-enough - 1) % 8, len(mean))
    return Axes(mean.astype(np.float32), np.ascontiguousarray(axes[:, :kept], dtype=np.float32))


def _some(count: int, wanted: int, random: np.random.Generator) -> Rows:
    """At most `wanted` of the numbers below `count`, rising."""
    if wanted >= count:
        return np.arange(count)
    return np.sort(random.choice(count, wanted, replace=False))


def _chunks(count: int) -> Iterator[slice]:
    for start in range(0, count, _CHUNK):
        yield slice(start, min(start + _CHUNK, count))
