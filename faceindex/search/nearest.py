"""Nearest faces by Euclidean distance, over arrays and a FAISS index of them."""

from __future__ import annotations

from dataclasses import dataclass

import faiss
import numpy as np
import numpy.typing as npt

from faceindex.types import FaceIds, Vectors

# faiss and the workers would otherwise fight over the cores; parallelism comes from processes.
faiss.omp_set_num_threads(1)


@dataclass(frozen=True, slots=True)
class FaceIndex:
    """Vectors in a FAISS index by row, and the face of each row: ids int64 [n], rising."""

    ids: FaceIds
    rows: faiss.Index


def empty_rows(count: int, dimension: int) -> tuple[faiss.IndexFlatL2, Vectors]:
    """An exact index of `count` vectors, and its memory to write them to: float32 [count, dimension].

    FAISS itself would hold them twice: while it grows, or beside the array that they come from.
    """
    rows = faiss.IndexFlatL2(dimension)
    rows.codes.resize(count * dimension * 4)
    rows.ntotal = count
    if not count:
        return rows, np.empty((0, dimension), dtype=np.float32)
    memory: Vectors = faiss.rev_swig_ptr(rows.get_xb(), count * dimension).reshape(count, dimension)
    return rows, memory


def build_index(ids: FaceIds, vectors: Vectors) -> FaceIndex:
    """An exact index: ids int64 [n], vectors float32 [n, d], in any order."""
    rising = np.argsort(ids)  # FAISS keeps the first of equals: ties go to the lowest id
    rows, memory = empty_rows(len(ids), vectors.shape[1])
    memory[:] = vectors[rising]
    return FaceIndex(ids[rising], rows)


def nearest(
    index: FaceIndex, probe: npt.NDArray[np.float32], k: int, threshold: float
) -> tuple[FaceIds, npt.NDArray[np.float64]]:
    """The at most k faces within `threshold` of `probe`, nearest first, ties by id.

    probe: float32 [d]. threshold: Euclidean, inclusive. Returns: ids int64 [m], distances float64 [m],
    m <= k. FAISS gives squared distances in float32; the true ones are computed from the vectors.
    """
    count = len(index.ids)
    if count == 0 or k < 1:
        return np.empty(0, dtype=np.int64), np.empty(0)
    _, found = index.rows.search(probe[None, :].astype(np.float32), min(k, count))
    ids = index.ids[found[0]]
    vectors = np.stack([index.rows.reconstruct(int(row)) for row in found[0]])
    distances = np.linalg.norm(vectors.astype(np.float64) - probe.astype(np.float64), axis=1)
    order = np.lexsort((ids, distances))
    order = order[distances[order] <= threshold]
    return ids[order], distances[order]


def distance(a: npt.NDArray[np.float32], b: npt.NDArray[np.float32]) -> float:
    """Euclidean distance of two vectors, float32 [d]."""
    return float(np.linalg.norm(a.astype(np.float64) - b.astype(np.float64)))


def confidence_same(value: float, midpoint: float, width: float) -> float:
    """Probability that two faces at this distance are one person, prior 0.5: a logistic of the distance."""
    return float(1 / (1 + np.exp(np.clip((value - midpoint) / width, -700, 700))))
