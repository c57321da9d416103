"""FAISS by one door: loaded when it is needed, and with as many threads as it is given.

It would otherwise take all cores, for which the processes of this program, one a core, would fight.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt

from faceindex.types import Vectors


@contextmanager
def faiss_on(threads: int) -> Iterator[Any]:
    """The module faiss, with so many threads inside the block."""
    import faiss

    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(threads)
    try:
        yield faiss
    finally:
        faiss.omp_set_num_threads(before)


def k_nearest(
    probes: Vectors, vectors: Vectors, k: int, *, threads: int = 1
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]:
    """The k rows of `vectors`, float32 [n, d], nearest to each probe, float32 [p, d], nearest first; k <= n.

    Returns: squared distances, float32 [p, k], and rows, int64 [p, k].
    """
    with faiss_on(threads) as faiss:
        squares, rows = faiss.knn(np.ascontiguousarray(probes), np.ascontiguousarray(vectors), k)
    return squares, rows
