"""Distances of many pairs of rows at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import numpy.typing as npt

from faceindex.types import Vectors
from faceindex.vectors.exact import faiss_on

_PAIRS = 1 << 15
"""Pairs compared at a time, for the memory of their numbers; fewer are not shared among threads."""


def squared_distances(
    vectors: Vectors,
    left: npt.NDArray[np.integer],
    right: npt.NDArray[np.integer],
    *,
    of_others: Vectors | None = None,
    threads: int = 1,
) -> npt.NDArray[np.float32]:
    """Squared Euclidean distances of the rows `left` and `right` of `vectors`, float32 [n, d]: float32 [pairs].

    vectors: contiguous. of_others: the vectors of which the rows `right` are, if not of the same. The rows are read
    where they are: two thirds of the time that copies of them take.
    """
    squares = np.empty(len(left), dtype=np.float32)
    begins, others = range(0, len(left), _PAIRS), vectors if of_others is None else of_others
    with faiss_on(1) as faiss:

        def measure(begin: int) -> None:
            rows = slice(begin, begin + _PAIRS)
            one, other = left[rows].astype(np.int64), right[rows].astype(np.int64)
            pointers = [faiss.swig_ptr(array) for array in (vectors, one, others, other, squares[rows])]
            faiss.pairwise_indexed_L2sqr(vectors.shape[1], len(one), *pointers)

        if threads > 1 and len(begins) > 1:  # FAISS's own threads wait by turning in circles
            with ThreadPoolExecutor(threads) as pool:
                list(pool.map(measure, begins))
        else:
            for begin in begins:
                measure(begin)
    return squares
