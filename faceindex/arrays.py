"""Clustering, search and scores for your own vectors: functions over arrays, without a library."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from faceindex.clustering.cluster import cluster
from faceindex.clustering.methods import DEFAULT_METHOD, METHODS
from faceindex.errors import UsageError
from faceindex.evaluation.albums import AlbumScore
from faceindex.evaluation.albums import score_albums as score_labels
from faceindex.types import Labels, Vectors
from faceindex.vectors.exact import Floats, Rows, k_nearest

_PROBES = 1 << 10  # probes at a time, as exact distances need their vectors


def cluster_vectors(
    vectors: npt.ArrayLike, *, threshold: float, method: str = DEFAULT_METHOD, seed: int = 0, threads: int = 1
) -> Labels:
    """Group vectors, as `Library.cluster` groups faces: labels int64 [n], 0 for the largest group, -1 for a single
    vector.

    vectors: [n, d], real numbers. threshold: Euclidean distance, not squared, up to which two vectors may be one
    person's; for recipes see `Recipe.cluster_threshold`. method: "linkage", mean linkage with a threshold that grows
    with the groups; "whispers", Chinese whispers (Biemann 2006); or "dbscan" (Ester et al. 1996). seed: for whispers.
    The order of the vectors does not matter. threads: for the search of neighbours.

    Raises: UsageError for an unknown method, a wrong shape or type, NaN or infinity.
    """
    if method not in METHODS:
        raise UsageError(f"there is no clustering method {method}; choose one of {', '.join(METHODS)}")
    if not (math.isfinite(threshold) and threshold > 0):
        raise UsageError(f"threshold is {threshold:g}; it must be a distance above 0")
    checked = _matrix(vectors, "vectors")
    if not len(checked):
        return np.empty(0, dtype=np.int64)
    return cluster(checked, method=method, threshold=threshold, seed=seed, threads=threads)


def search_vectors(
    probes: npt.ArrayLike,
    vectors: npt.ArrayLike,
    *,
    k: int = 10,
    threshold: float = math.inf,
    threads: int = 1,
) -> tuple[Floats, Rows]:
    """The nearest rows of `vectors` to each probe, by comparing all with all (exact; FAISS's `k_nearest`).

    probes: [p, d], or one of [d]; vectors: [n, d]; real numbers. k: most rows for each probe. threshold: largest
    distance, Euclidean. Returns: distances, float32 [p, k], Euclidean, not squared, rising; and rows, int64 [p, k]. If
    there are fewer than k: infinity, and row -1.

    Raises: UsageError for a wrong shape or type, NaN or infinity.
    """
    if k < 1:
        raise UsageError(f"k is {k}; it must be at least 1")
    if math.isnan(threshold) or threshold < 0:
        raise UsageError(f"threshold is {threshold:g}; it must be a distance")
    searched = _matrix(vectors, "vectors")
    asked = _matrix(np.atleast_2d(np.asarray(probes)), "probes")
    if asked.shape[1] != searched.shape[1]:
        raise UsageError(f"probes have length {asked.shape[1]}, vectors have length {searched.shape[1]}")
    distances = np.full((len(asked), k), np.inf, dtype=np.float32)
    rows = np.full((len(asked), k), -1, dtype=np.int64)
    most = min(k, len(searched))
    for start in range(0, len(asked) if most else 0, _PROBES):
        block = slice(start, start + _PROBES)
        _, near = k_nearest(asked[block], searched, most, threads=threads)
        for probe, own, out, places in zip(asked[block], near, distances[block], rows[block], strict=True):
            exact = np.linalg.norm(searched[own] - probe, axis=1)  # FAISS rounds small distances
            order = np.argsort(exact, kind="stable")
            found = order[exact[order] <= threshold]
            out[: len(found)], places[: len(found)] = exact[found], own[found]
    return distances, rows


def score_albums(labels: npt.ArrayLike, people: npt.ArrayLike) -> AlbumScore:
    """How well groups agree with the real people: B-cubed (Bagga and Baldwin 1998) and others.

    labels: integers [n], -1 for a face in no group. people: integers or texts [n], the real person of each face.
    Raises: UsageError if the lengths differ or are 0.
    """
    groups, truth = np.asarray(labels), np.asarray(people)
    if groups.ndim != 1 or groups.shape != truth.shape:
        raise UsageError(f"labels have the shape {groups.shape}, people {truth.shape}; both must be [n], one per face")
    if not len(groups):
        raise UsageError("there are no labels to score")
    if not np.issubdtype(groups.dtype, np.integer) or (groups < -1).any():
        raise UsageError("labels must be integers; -1 means a face in no group")
    if truth.dtype.kind not in "iuUS":
        raise UsageError(f"people must be integers or texts, not {truth.dtype}")
    _, numbered = np.unique(truth, return_inverse=True)
    return score_labels(groups.astype(np.int64), numbered.astype(np.int64))


def _matrix(given: npt.ArrayLike, what: str) -> Vectors:
    """float32 [n, d]. Raises: UsageError."""
    try:
        array = np.asarray(given)
    except ValueError as error:
        raise UsageError(f"{what} have rows of different lengths") from error
    if array.dtype.kind not in "fiu":
        raise UsageError(f"{what} are of type {array.dtype}; they must be real numbers")
    if array.ndim != 2 or not array.shape[1]:
        raise UsageError(f"{what} have the shape {array.shape}; it must be [n, d], one vector per row")
    with np.errstate(over="ignore"):
        matrix = np.ascontiguousarray(array, dtype=np.float32)
    finite = np.isfinite(matrix).all(axis=1)
    if not finite.all():
        raise UsageError(f"{what}: row {int(np.argmin(finite))} contains NaN or infinity, or is too large for float32")
    return matrix
