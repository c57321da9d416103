"""Nearest faces by Euclidean distance, over arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from faceindex.search import first_scans
from faceindex.search.brute_force import k_nearest
from faceindex.search.pruning import nearest_rows, reorder
from faceindex.search.sketch import Sketch, sketched
from faceindex.types import FaceIds, Vectors

Distances = npt.NDArray[np.float64]

_ROUNDING = 1e-5  # of a squared distance: more than float32 is wrong by
_SPARE = 8  # candidates more than are wanted


@dataclass(frozen=True, slots=True)
class FaceIndex:
    """Faces in rows: ids int64 [n] and vectors float32 [n, d]. sketch: of the rows; without one, ids are rising.

    lists: how many of the sketch's lists `nearest` looks at; None for all, which is exact.
    """

    ids: FaceIds
    vectors: Vectors
    sketch: Sketch | None = None
    lists: int | None = None


def build_sketched(ids: FaceIds, vectors: Vectors, lists: int, *, threads: int = 1) -> FaceIndex:
    """An exact index with a sketch of `lists` lists. ids: int64 [n], rising, n > 0. vectors: float32 [n, d].

    The rows of `vectors` are brought into another order in place; there is no second array of them.
    """
    sketch, order = sketched(vectors, lists, threads=threads)
    reorder(vectors, order)
    return FaceIndex(ids[order], vectors, sketch)


def nearest(index: FaceIndex, probe: npt.NDArray[np.float32], k: int, threshold: float) -> tuple[FaceIds, Distances]:
    """The at most k faces within `threshold` of `probe`, nearest first, ties by id.

    probe: float32 [d]. threshold: Euclidean, inclusive. Returns: ids int64 [m], distances float64 [m], m <= k. Those of
    brute force in float64 unless the index looks at some lists only; the distances are true ones in any case. Who asks
    for as many as there are gets all that are within the threshold from every index.
    """
    everything = k >= len(index.ids)
    k = min(k, len(index.ids))
    if k < 1:
        return _measured(index, np.empty(0, dtype=np.int64), probe, threshold)
    if index.sketch is None:
        rows = _nearest_of_all(index.vectors, probe, k, threshold)
    else:
        # The compiled scan inserts each row that it finds among the others: for the few nearest only.
        scan, looked_at = (first_scans.nearest_rows, None) if everything else (nearest_rows, index.lists)
        coded, slack, lists = index.sketch.coded(probe)
        rows = scan(
            *(index.sketch.codes, index.sketch.starts, lists[:looked_at], coded, index.vectors, index.ids),
            *(probe.astype(np.float64), k, _finite(threshold), slack, index.sketch.step),
        )
    ids, distances = _measured(index, rows, probe, threshold)
    return ids[:k], distances[:k]


def distance(a: npt.NDArray[np.float32], b: npt.NDArray[np.float32]) -> float:
    """Euclidean distance of two vectors, float32 [d]."""
    return float(np.linalg.norm(a.astype(np.float64) - b.astype(np.float64)))


def _measured(
    index: FaceIndex, rows: npt.NDArray[np.int64], probe: npt.NDArray[np.float32], threshold: float
) -> tuple[FaceIds, Distances]:
    """Ids and distances of those of `rows` that are within `threshold`, nearest first, ties by id."""
    ids = index.ids[rows]
    distances = np.linalg.norm(index.vectors[rows].astype(np.float64) - probe.astype(np.float64), axis=1)
    order = np.lexsort((ids, distances))
    order = order[distances[order] <= threshold]
    return ids[order], distances[order]


def _nearest_of_all(
    vectors: Vectors, probe: npt.NDArray[np.float32], k: int, threshold: float
) -> npt.NDArray[np.int64]:
    """The k nearest rows within `threshold`, and some more, so that none is missing that FAISS sees too far away."""
    limit = _finite(threshold) ** 2 * (1 + 2 * _ROUNDING)
    wanted = k + _SPARE
    while True:
        squares, rows = k_nearest(probe[None, :].astype(np.float32), vectors, min(wanted, len(vectors)))
        if wanted >= len(vectors) or squares[0, -1] > squares[0, k - 1] * (1 + 2 * _ROUNDING):
            found: npt.NDArray[np.int64] = rows[0][squares[0] <= limit]
            return found
        wanted *= 4


def _finite(threshold: float) -> float:
    """The same for all distances there are, and small enough to be squared."""
    return min(threshold, 1e15)
