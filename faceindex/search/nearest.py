"""Nearest faces by Euclidean distance, over arrays and a FAISS index of them."""

from __future__ import annotations

import faiss
import numpy as np
import numpy.typing as npt

from faceindex.types import FaceIds, Vectors

# faiss and the workers would otherwise fight over the cores; parallelism comes from processes.
faiss.omp_set_num_threads(1)


def build_index(ids: FaceIds, vectors: Vectors) -> faiss.Index:
    """An exact index: ids int64 [n], vectors float32 [n, d]. Its vectors can be reconstructed by id."""
    index = faiss.IndexIDMap2(faiss.IndexFlatL2(vectors.shape[1]))
    rising = np.argsort(ids)  # FAISS keeps the first of equals: ties go to the lowest id
    index.add_with_ids(np.ascontiguousarray(vectors[rising]), ids[rising])
    return index


def nearest(
    index: faiss.Index, probe: npt.NDArray[np.float32], k: int, threshold: float
) -> tuple[FaceIds, npt.NDArray[np.float64]]:
    """The at most k faces within `threshold` of `probe`, nearest first, ties by id.

    probe: float32 [d]. threshold: Euclidean, inclusive. Returns: ids int64 [m], distances float64 [m],
    m <= k. FAISS gives squared distances in float32; the true ones are computed from the vectors.
    """
    if index.ntotal == 0 or k < 1:
        return np.empty(0, dtype=np.int64), np.empty(0)
    _, found = index.search(probe[None, :].astype(np.float32), min(k, index.ntotal))
    ids = found[0].astype(np.int64)
    vectors = np.stack([index.reconstruct(int(face)) for face in ids])
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
