"""Vectors along their axes of largest variance, and sorted into lists around centroids.

The coordinates of a vector are those along the axes and, as one more, the length of what they leave out. No two are
further apart than their vectors (an orthogonal projection shortens, and lengths differ by no more than the vectors do),
so what is too far apart there is so in full: the filter of Weber, Schek and Blott 1998 (VA-file), by principal
components.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from faceindex.types import Vectors
from faceindex.vectors.exact import Floats, Rows, faiss_on, k_nearest

SHARE = 0.85
"""Of the variance, that the coordinates hold. A smaller share is faster compared and rules out less."""

_CHUNK = 1 << 12  # rows whose coordinates are found at a time
_SAMPLE = 50_000  # rows that axes are found from
_ROWS_PER_CENTROID = 64  # that k-means learns from
_ROUNDS = 8  # of k-means


@dataclass(frozen=True, slots=True)
class Axes:
    """mean: float32 [d]. axes: float32 [d, m - 1], orthonormal columns."""

    mean: Floats
    axes: Floats

    def coordinates(self, vectors: Vectors) -> Floats:
        """Of `vectors`, float32 [n, d]: float32 [n, m]."""
        centred = vectors - self.mean
        along = centred @ self.axes
        rest = np.linalg.norm(centred - along @ self.axes.T, axis=1, keepdims=True)
        found: Floats = np.ascontiguousarray(np.hstack([along, rest]), dtype=np.float32)
        return found


@dataclass(frozen=True, slots=True)
class Lists:
    """n rows in l lists. centroids: float32 [l, m]. starts: int64 [l + 1], the first row of each list, and n."""

    axes: Axes
    centroids: Floats
    starts: Rows


def principal_axes(vectors: Vectors, *, seed: int = 0) -> Axes:
    """The axes that hold SHARE of the variance of `vectors`, float32 [n, d], n > 0, learned from a part of them."""
    return _axes_of(vectors, _some(len(vectors), _SAMPLE, np.random.default_rng(seed)))


def sorted_into_lists(vectors: Vectors, lists: int, *, threads: int = 1, seed: int = 0) -> tuple[Lists, Rows]:
    """`vectors`, float32 [n, d], n > 0, sorted into lists of k-means over coordinates, and their order: int64 [n].

    Row i of the lists is vector order[i]; within a list their order is kept. Works in chunks.
    """
    random = np.random.default_rng(seed)
    axes = _axes_of(vectors, _some(len(vectors), _SAMPLE, random))
    learned_from = _some(len(vectors), lists * _ROWS_PER_CENTROID, random)
    centroids = _centroids(_coordinates(vectors, learned_from, axes), lists, seed, threads)
    labels = _labels(vectors, axes, centroids, threads)
    starts = np.concatenate([[0], np.cumsum(np.bincount(labels, minlength=lists))]).astype(np.int64)
    return Lists(axes, centroids, starts), np.argsort(labels, kind="stable")


def _axes_of(vectors: Vectors, rows: Rows) -> Axes:
    """As many as hold SHARE of the variance of `vectors[rows]`, one less than a multiple of eight where there are so
    many."""
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


def _coordinates(vectors: Vectors, rows: Rows, axes: Axes) -> Floats:
    """Of `vectors[rows]`: float32 [len(rows), m]; all vectors at once would take several times that."""
    found = np.empty((len(rows), axes.axes.shape[1] + 1), dtype=np.float32)
    for some in _chunks(len(rows)):
        found[some] = axes.coordinates(vectors[rows[some]])
    return found


def _centroids(coordinates: Floats, lists: int, seed: int, threads: int) -> Floats:
    if lists == 1:
        return np.asarray(coordinates.mean(axis=0, keepdims=True), dtype=np.float32)
    with faiss_on(threads) as faiss:
        means = faiss.Kmeans(
            coordinates.shape[1],
            lists,
            niter=_ROUNDS,
            seed=seed + 1,
            min_points_per_centroid=1,
            max_points_per_centroid=_ROWS_PER_CENTROID,
        )
        means.train(coordinates)
    return np.asarray(means.centroids, dtype=np.float32)


def _labels(vectors: Vectors, axes: Axes, centroids: Floats, threads: int) -> npt.NDArray[np.int32]:
    """The list of each row, int32 [n]."""
    labels = np.empty(len(vectors), dtype=np.int32)
    for rows in _chunks(len(vectors)):
        labels[rows] = k_nearest(axes.coordinates(vectors[rows]), centroids, 1, threads=threads)[1][:, 0]
    return labels


def _some(count: int, wanted: int, random: np.random.Generator) -> Rows:
    """At most `wanted` of the numbers below `count`, rising."""
    if wanted >= count:
        return np.arange(count)
    return np.sort(random.choice(count, wanted, replace=False))


def _chunks(count: int) -> Iterator[slice]:
    for start in range(0, count, _CHUNK):
        yield slice(start, min(start + _CHUNK, count))
