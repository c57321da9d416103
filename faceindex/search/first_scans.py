"""The scan of `faceindex.search.pruning` by numpy: five to fifteen times slower, but nothing has to be compiled or
loaded first.

A command that searches for one face is done before numba would have begun.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from faceindex.types import FaceIds, Vectors

HEAD = 16
"""Dimensions, those of the largest variance, after which a block without a near row is left."""

_FIRST, _GROWTH, _MOST = 64, 4, 512  # blocks that are looked at together: few until the limit is small

_FAR = float(np.finfo(np.float32).max)

Codes = npt.NDArray[np.int8]
Places = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]


def nearest_rows(
    codes: Codes,
    starts: Places,
    lists: Places,
    coded: Floats,
    vectors: Vectors,
    ids: FaceIds,
    probe: Doubles,
    k: int,
    threshold: float,
    slack: float,
    step: float,
) -> Places:
    """As `faceindex.search.pruning.nearest_rows`."""
    rows, squares = np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float64)
    size = codes.shape[2]
    worst = threshold * threshold * (1 + 1e-12)
    for blocks in _growing(_blocks(starts, lists, size)):
        limit = min(((math.sqrt(worst) + slack) / step) ** 2 * (1 + 1e-5), _FAR)
        blocks = blocks[(_sums(codes[blocks, :HEAD], coded[:HEAD]) <= limit).any(axis=1)]
        block, place = np.nonzero(_sums(codes[blocks], coded) <= limit)
        found = blocks[block] * size + place
        found = found[found < len(ids)]
        rows = np.concatenate([rows, found])
        squares = np.concatenate([squares, np.sum((vectors[found].astype(np.float64) - probe) ** 2, axis=1)])
        best = np.lexsort((ids[rows], squares))[:k]
        best = best[squares[best] <= worst]
        rows, squares = rows[best], squares[best]
        if len(rows) == k:
            worst = float(squares[-1])
    return rows


def _blocks(starts: Places, lists: Places, size: int) -> Places:
    """The blocks of `size` rows that hold rows of `lists`, in that order, each once."""
    first, end = starts[lists] // size, -(-starts[lists + 1] // size)
    number = end - first
    blocks = np.repeat(first - np.cumsum(number) + number, number) + np.arange(number.sum())
    _, place = np.unique(blocks, return_index=True)
    return np.asarray(blocks[np.sort(place)], dtype=np.int64)


def _growing(blocks: Places) -> Iterator[Places]:
    start, together = 0, _FIRST
    while start < len(blocks):
        yield blocks[start : start + together]
        start, together = start + together, min(_GROWTH * together, _MOST)


def _sums(codes: Codes, coded: Floats) -> Floats:
    """Squared distances of codes, int8 [b, m, r], to the probe's, float32 [m]: float32 [b, r]."""
    away = codes - coded[:, None]
    sums: Floats = np.einsum("bmr,bmr->br", away, away)
    return sums
