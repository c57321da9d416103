"""Clustering, search and scores for vectors of your own: free functions over arrays, without a library."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from faceindex.clustering.cluster import DEFAULT_METHOD, METHODS, cluster
from faceindex.errors import UsageError
from faceindex.evaluation.albums import AlbumScore
from faceindex.evaluation.albums import score_albums as score_labels
from faceindex.types import Labels, Vectors
from faceindex.vectors.exact import Floats, Rows, k_nearest

_PROBES = 1 << 10  # at a time: their exact distances are taken from the vectors themselves


def cluster_vectors(
    vectors: npt.ArrayLike, *, threshold: float, method: str = DEFAULT_METHOD, seed: int = 0, threads: int = 1
) -> Labels:
    """Group vectors, as `Library.cluster` groups faces: labels int64 [n], 0 for the largest group, -1 for one alone.

    vectors: [n, d], of real numbers. threshold: Euclidean distance, not squared, up to which two vectors may be one
    person's; recipes say theirs, see `Recipe.cluster_threshold`. method: "linkage", mean linkage with a threshold that
    grows with the groups; "whispers", Chinese whispers (Biemann 2006); or "dbscan" (Ester et al. 1996). seed: of
    whispers. The same vectors in another order give the same groups. threads: that look for neighbours.

    Raises: UsageError for another method, a wrong shape or type, or numbers that are not finite.
    """
    if method not in METHODS:
        raise UsageError(f"no clustering method is called {method}; there are {', '.join(METHODS)}")
    if not (math.isfinite(threshold) and threshold > 0):
        raise UsageError(f"threshold is {threshold:g}; it is a distance above 0")
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
    """The nearest rows of `vectors` to each probe, by comparing all with all (exact; `k_nearest` of FAISS).

    probes: [p, d], or one of [d]; vectors: [n, d]; of real numbers. k: rows for each probe, at most. threshold:
    Euclidean, above which nothing is found. Returns: distances, float32 [p, k], Euclidean, not squared, rising; and
    rows, int64 [p, k]. Where there are fewer than k: infinity, and row -1.

    Raises: UsageError for a wrong shape or type, or numbers that are not finite.
    """
    if k < 1:
        raise UsageError(f"k is {k}; at least one is to be found")
    if math.isnan(threshold) or threshold < 0:
        raise UsageError(f"threshold is {threshold:g}; it is a distance")
    searched = _matrix(vectors, "vectors")
    asked = _matrix(np.atleast_2d(np.asarray(probes)), "probes")
    if asked.shape[1] != searched.shape[1]:
        raise UsageError(f"probes have {asked.shape[1]} numbers each, vectors {searched.shape[1]}")
    distances = np.full((len(asked), k), np.inf, dtype=np.float32)
    rows = np.full((len(asked), k), -1, dtype=np.int64)
    most = min(k, len(searched))
    for start in range(0, len(asked) if most else 0, _PROBES):
        block = slice(start, start + _PROBES)
        _, near = k_nearest(asked[block], searched, most, threads=threads)
        for probe, own, out, places in zip(asked[block], near, distances[block], rows[block], strict=True):
            exact = np.linalg.norm(searched[own] - probe, axis=1)  # FAISS rounds small distances of products
            order = np.argsort(exact, kind="stable")
            found = order[exact[order] <= threshold]
            out[: len(found)], places[: len(found)] = exact[found], own[found]
    return distances, rows


def score_albums(labels: npt.ArrayLike, people: npt.ArrayLike) -> AlbumScore:
    """How well groups agree with the people who are really in them: B-cubed (Bagga and Baldwin 1998) and others.

    labels: integers [n], -1 for a face that is in no group. people: integers or texts [n], who each face really is.
    Raises: UsageError when they are not as many, or none.
    """
    groups, truth = np.asarray(labels), np.asarray(people)
    if groups.ndim != 1 or groups.shape != truth.shape:
        raise UsageError(f"labels have the shape {groups.shape}, people {truth.shape}; both are [n], a face each")
    if not len(groups):
        raise UsageError("there are no labels to score")
    if not np.issubdtype(groups.dtype, np.integer) or (groups < -1).any():
        raise UsageError("labels are integers from -1, which is for a face in no group")
    if truth.dtype.kind not in "iuUS":
        raise UsageError(f"people are integers or texts, not {truth.dtype}")
    _, numbered = np.unique(truth, return_inverse=True)
    return score_labels(groups.astype(np.int64), numbered.astype(np.int64))


def _matrix(given: npt.ArrayLike, what: str) -> Vectors:
    """float32 [n, d]. Raises: UsageError."""
    try:
        array = np.asarray(given)
    except ValueError as error:
        raise UsageError(f"{what} have rows of different lengths") from error
    if array.dtype.kind not in "fiu":
        raise UsageError(f"{what} are of type {array.dtype}; real numbers are needed")
    if array.ndim != 2 or not array.shape[1]:
        raise UsageError(f"{what} have the shape {array.shape}; [n, d] is needed, a vector a row")
    with np.errstate(over="ignore"):
        matrix = np.ascontiguousarray(array, dtype=np.float32)
    finite = np.isfinite(matrix).all(axis=1)
    if not finite.all():
        raise UsageError(f"{what}: row {int(np.argmin(finite))} contains NaN or infinity, or is too large for float32")
    return matrix
