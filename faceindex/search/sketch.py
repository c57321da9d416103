"""A small picture of every vector, from which a lower bound of its distance to any probe follows.

A sketch has the coordinates along the axes of largest variance and, as one more, the length of what they leave out. No
two sketches are further apart than their vectors (an orthogonal projection shortens, and lengths differ by no more than
the vectors do), so a row whose sketch is too far away cannot be near: this is the filter of Weber, Schek and Blott 1998
(VA-file), by principal components as in Panorama (FAISS 1.15). Sketches are kept as int8; the largest error of
that, measured over all rows, is added to every limit, which keeps the filter exact.

Rows are sorted into lists around centres of k-means over the sketches: nearest lists are looked at first, so that
the limit is soon small, and an approximate search looks at no others.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from faceindex.search.brute_force import faiss_on, k_nearest
from faceindex.search.first_scans import Codes, Floats, Places
from faceindex.search.pruning import BLOCK
from faceindex.types import Vectors

SHARE = 0.85
"""Of the variance, that the coordinates of a sketch hold. A smaller share is faster scanned and rules out less."""

_CHUNK = 1 << 12  # rows that are sketched at a time
_SAMPLE = 50_000  # rows that axes are found from
_ROUNDING = 1e-5  # of a vector's length from the mean: more than float32 can be wrong by, in all that is computed here
_ROWS_PER_CENTRE = 64  # that k-means learns from
_ROUNDS = 8  # of k-means


@dataclass(frozen=True, slots=True)
class Axes:
    """mean: float32 [d]. axes: float32 [d, m - 1], orthonormal columns."""

    mean: Floats
    axes: Floats

    def coordinates(self, vectors: Vectors) -> Floats:
        """Of the sketches of `vectors`, float32 [n, d]: float32 [n, m]."""
        centred = vectors - self.mean
        along = centred @ self.axes
        rest = np.linalg.norm(centred - along @ self.axes.T, axis=1, keepdims=True)
        found: Floats = np.ascontiguousarray(np.hstack([along, rest]), dtype=np.float32)
        return found


@dataclass(frozen=True, slots=True)
class Sketch:
    """Of n rows. middle: float32 [m], the coordinates of code 0. step: of one code. slack: largest error of a code.

    centres: float32 [l, m], of the lists. starts: int64 [l + 1], their first rows, and n. codes: int8 [b, m, BLOCK].
    """

    axes: Axes
    middle: Floats
    step: float
    slack: float
    centres: Floats
    starts: Places
    codes: Codes

    def coded(self, probe: Floats) -> tuple[Floats, float, Places]:
        """Of a probe, float32 [d]: its sketch in steps, float32 [m], its slack, and all lists, nearest first."""
        coordinates = self.axes.coordinates(probe[None, :])[0]
        slack = self.slack + _ROUNDING * float(np.linalg.norm(coordinates))
        away = np.sum((self.centres - coordinates) ** 2, axis=1)
        coded: Floats = ((coordinates - self.middle) / self.step).astype(np.float32)
        return coded, slack, np.argsort(away, kind="stable")


def lists_for(rows: int, per_root: int) -> int:
    """How many lists `rows` rows are sorted into: `per_root` times the root, of at least BLOCK rows on average."""
    return max(1, min(per_root * math.isqrt(rows), rows // BLOCK))


def sketched(vectors: Vectors, lists: int, *, threads: int = 1, seed: int = 0) -> tuple[Sketch, Places]:
    """The sketch of `vectors`, float32 [n, d], n > 0, sorted into `lists` lists, and the order of its rows: int64 [n].

    Row i of the sketch is of vector order[i]; within a list their order is kept. threads: of k-means. Works in chunks:
    takes 56 + 12 bytes a vector beside the vectors when m is 48.
    """
    random = np.random.default_rng(seed)
    axes = _principal_axes(vectors, _some(len(vectors), _SAMPLE, random))
    learned_from = _some(len(vectors), lists * _ROWS_PER_CENTRE, random)
    centres = _centres(_coordinates(vectors, learned_from, axes), lists, seed, threads)
    labels, low, high = _labels(vectors, axes, centres, threads)
    order = np.argsort(labels, kind="stable")
    starts = np.concatenate([[0], np.cumsum(np.bincount(labels, minlength=lists))]).astype(np.int64)
    del labels
    middle = ((low + high) / 2).astype(np.float32)
    step = max(float(np.max(high - low)) / 254, 1e-9)
    codes, slack = _codes(vectors, order, axes, middle, step)
    return Sketch(axes, middle, step, slack, centres, starts, codes), order


def _principal_axes(vectors: Vectors, rows: Places) -> Axes:
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


def _coordinates(vectors: Vectors, rows: Places, axes: Axes) -> Floats:
    """Of the sketches of `vectors[rows]`: float32 [len(rows), m]; all vectors at once would take several times that."""
    found = np.empty((len(rows), axes.axes.shape[1] + 1), dtype=np.float32)
    for some in _chunks(len(rows)):
        found[some] = axes.coordinates(vectors[rows[some]])
    return found


def _centres(coordinates: Floats, lists: int, seed: int, threads: int) -> Floats:
    if lists == 1:
        return np.asarray(coordinates.mean(axis=0, keepdims=True), dtype=np.float32)
    with faiss_on(threads) as faiss:
        means = faiss.Kmeans(
            coordinates.shape[1],
            lists,
            niter=_ROUNDS,
            seed=seed + 1,
            min_points_per_centroid=1,
            max_points_per_centroid=_ROWS_PER_CENTRE,
        )
        means.train(coordinates)
    return np.asarray(means.centroids, dtype=np.float32)


def _labels(
    vectors: Vectors, axes: Axes, centres: Floats, threads: int
) -> tuple[npt.NDArray[np.int32], Floats, Floats]:
    """The list of each row, int32 [n], and the least and the greatest coordinates, float32 [m]."""
    labels = np.empty(len(vectors), dtype=np.int32)
    low, high = np.full(centres.shape[1], np.inf, np.float32), np.full(centres.shape[1], -np.inf, np.float32)
    for rows in _chunks(len(vectors)):
        coordinates = axes.coordinates(vectors[rows])
        _, nearest = k_nearest(coordinates, centres, 1, threads=threads)
        labels[rows] = nearest[:, 0]
        np.minimum(low, coordinates.min(axis=0), out=low)
        np.maximum(high, coordinates.max(axis=0), out=high)
    return labels, low, high


def _codes(vectors: Vectors, order: Places, axes: Axes, middle: Floats, step: float) -> tuple[Codes, float]:
    """The codes of `vectors[order]`, int8 [b, m, BLOCK], and the largest distance of one from the true sketch."""
    codes = np.zeros((-(-len(order) // BLOCK), len(middle), BLOCK), dtype=np.int8)
    slack = 0.0
    for rows in _chunks(len(order)):
        coordinates = axes.coordinates(vectors[order[rows]])
        coded = np.clip(np.round((coordinates - middle) / step), -127, 127)
        error = np.linalg.norm(coded * step + middle - coordinates, axis=1).max()
        slack = max(slack, float(error) + _ROUNDING * float(np.linalg.norm(coordinates, axis=1).max()))
        full = np.zeros((-(-len(coded) // BLOCK) * BLOCK, len(middle)), dtype=np.int8)
        full[: len(coded)] = coded
        first = rows.start // BLOCK
        codes[first : first + len(full) // BLOCK] = full.reshape(-1, BLOCK, len(middle)).transpose(0, 2, 1)
    return codes, slack


def _some(count: int, wanted: int, random: np.random.Generator) -> Places:
    """At most `wanted` of the numbers below `count`, rising."""
    if wanted >= count:
        return np.arange(count)
    return np.sort(random.choice(count, wanted, replace=False))


def _chunks(count: int) -> Iterator[slice]:
    for start in range(0, count, _CHUNK):
        yield slice(start, min(start + _CHUNK, count))
