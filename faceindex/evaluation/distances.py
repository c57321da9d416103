"""Distances of a block of faces to another, and a walk over all pairs in blocks that bound the memory."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from faceindex.types import Vectors

ROWS, COLUMNS = 1024, 4096
"""Faces of a block of pairs: 4 million pairs, some 60 MB while they are looked at."""

Distances = npt.NDArray[np.float32]
"""float32, Euclidean, not squared."""


def block_distances(a: Vectors, b: Vectors) -> Distances:
    """float32 [n, m]: the distance of every row of `a`, float32 [n, d], to every row of `b`, float32 [m, d].

    |a|^2 + |b|^2 - 2ab in float32: for vectors of length 1 to 2 a distance above 0.1 is right to some 1e-6; that
    of two almost equal faces only to some 1e-3, where no threshold lies.
    """
    squared: Distances = a @ b.T
    squared *= -2
    squared += np.einsum("ij,ij->i", a, a)[:, None]
    squared += np.einsum("ij,ij->i", b, b)[None, :]
    np.maximum(squared, 0, out=squared)
    np.sqrt(squared, out=squared)
    return squared


def pair_blocks(count: int) -> Iterator[tuple[slice, slice]]:
    """Blocks (rows, columns) that together hold every pair i < j < count once.

    Blocks on the diagonal also hold pairs with i >= j: see `above_diagonal`.
    """
    for row in range(0, count, ROWS):
        for column in range(row, count, COLUMNS):
            yield slice(row, min(row + ROWS, count)), slice(column, min(column + COLUMNS, count))


def above_diagonal(rows: slice, columns: slice) -> npt.NDArray[np.bool_]:
    """bool [rows, columns]: which pairs of a block have i < j."""
    return np.arange(rows.start, rows.stop)[:, None] < np.arange(columns.start, columns.stop)[None, :]
