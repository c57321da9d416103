"""Exact neighbours by FAISS, which is loaded when it is needed and runs on as many threads as it is given.

It would otherwise take all cores, for which the processes of this program, one a core, would fight.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from faceindex.types import Vectors

Floats = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int64]


_BLAS_BUFFER = (128 + 16) << 20  # bytes that OpenBLAS takes at its first product, and FAISS for its result
_PRODUCT = 20 * 128  # numbers in probes from which on products of matrices are used; FAISS 1.15 waits for 128,000
_STACK = 10 << 20  # of a thread, amply
_PROBES = 1024  # whose pairs are found at a time


@contextmanager
def faiss_on(threads: int) -> Iterator[Any]:
    """The module faiss, with so many threads inside the block."""
    import faiss

    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(threads)
    faiss.cvar.distance_compute_blas_threshold = _PRODUCT
    try:
        yield faiss
    finally:
        faiss.omp_set_num_threads(before)


@cache
def take_buffers(threads: int) -> None:
    """Let BLAS take its buffer and OpenMP its threads, before many vectors are compared with many.

    Where there is no memory for them, OpenBLAS 0.3.15 calls a function at address 0 and OpenMP ends the process.
    Raises: MemoryError.
    """
    needed = _BLAS_BUFFER + threads * _STACK
    try:
        np.empty(needed, dtype=np.uint8)  # taken and given back, never written to
    except MemoryError:
        raise MemoryError(f"comparing vectors takes {needed >> 20} MB to begin with") from None
    some = np.zeros((1024, 128), dtype=np.float32)  # a smaller product needs no buffer
    with faiss_on(threads) as faiss:
        faiss.knn(some, some, 1)


def k_nearest(probes: Vectors, vectors: Vectors, k: int, *, threads: int = 1) -> tuple[Floats, Rows]:
    """The k rows of `vectors`, float32 [n, d], nearest to each probe, float32 [p, d], nearest first; k <= n.

    Returns: squared distances, float32 [p, k], and rows, int64 [p, k].
    """
    if len(probes) > 1:
        take_buffers(threads)
    with faiss_on(threads) as faiss:
        squares, rows = faiss.knn(np.ascontiguousarray(probes), np.ascontiguousarray(vectors), k)
    return squares, rows


def k_nearest_of_blocks(probes: Vectors, blocks: Iterable[Vectors], k: int, *, threads: int = 1) -> tuple[Floats, Rows]:
    """As `k_nearest`, of vectors that come in blocks, float32 [m, d] each. Where there are fewer than k: row -1."""
    take_buffers(threads)
    with faiss_on(threads) as faiss:
        heap, start = faiss.ResultHeap(len(probes), k), 0
        for block in blocks:
            squares, rows = faiss.knn(probes, np.ascontiguousarray(block), min(k, len(block)))
            heap.add_result(squares, rows + start)
            start += len(block)
        heap.finalize()
    return heap.D, heap.I


def squares_of_rows(probe: Floats, vectors: Vectors, rows: Rows) -> Floats:
    """Squared distances of `probe`, float32 [d], to some rows of `vectors`, float32 [n, d]: float32 [m].

    The rows are read where they are; no copy of them is made. rows: int64 [m]; each must be one.
    """
    squares = np.empty(len(rows), dtype=np.float32)
    with faiss_on(1) as faiss:
        pointers = (faiss.swig_ptr(array) for array in (squares, probe, vectors, rows))
        faiss.fvec_L2sqr_by_idx(*pointers, vectors.shape[1], 1, len(rows))
    return squares


def pairs_within(probes: Vectors, vectors: Vectors, square: float) -> tuple[Rows, Rows]:
    """Pairs of a probe, float32 [p, d], and a row of `vectors`, float32 [n, d], whose squared distance is below
    `square`, as exact as float32 is: int64 [m] each, by probe, the rows of each in any order."""
    left, right = [np.empty(0, dtype=np.int64)], [np.empty(0, dtype=np.int64)]
    vectors = np.ascontiguousarray(vectors)
    with faiss_on(1) as faiss:
        for start in range(0, len(probes) if len(vectors) else 0, _PROBES):
            some = np.ascontiguousarray(probes[start : start + _PROBES])
            found = faiss.RangeSearchResult(len(some))
            pointers = faiss.swig_ptr(some), faiss.swig_ptr(vectors)
            faiss.range_search_L2sqr(*pointers, vectors.shape[1], len(some), len(vectors), square, found)
            limits = faiss.rev_swig_ptr(found.lims, len(some) + 1).astype(np.int64)
            if limits[-1]:
                right.append(faiss.rev_swig_ptr(found.labels, int(limits[-1])).copy())
                left.append(start + np.repeat(np.arange(len(some)), np.diff(limits)))
    return np.concatenate(left), np.concatenate(right)
