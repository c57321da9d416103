"""The middle of the vectors of each name's faces."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from faceindex.types import Vectors

_BLOCK = 256  # vectors that are compared with all names at once

Middle = npt.NDArray[np.float64]


class Centres:
    """Sums and numbers of the vectors of names, which are numbered from 0. dimension: of the vectors."""

    def __init__(self, dimension: int) -> None:
        self._sums = np.zeros((64, dimension))
        self._counts = np.zeros(64, dtype=np.int64)

    def add(self, pairs: Iterable[tuple[int, int]], vectors: Mapping[int, Vectors]) -> None:
        """Add faces to names. pairs: (number of the name, face). vectors: float32 [d], by face; others are left out."""
        chosen = [(name, face) for name, face in pairs if face in vectors]
        if not chosen:
            return
        numbers = [name for name, _ in chosen]
        if max(numbers) >= len(self._counts):
            more = max(max(numbers) + 1, 2 * len(self._counts)) - len(self._counts)
            self._sums = np.concatenate([self._sums, np.zeros((more, self._sums.shape[1]))])
            self._counts = np.concatenate([self._counts, np.zeros(more, dtype=np.int64)])
        np.add.at(self._sums, numbers, np.stack([vectors[face] for _, face in chosen]).astype(np.float64))
        np.add.at(self._counts, numbers, 1)

    def without(self, name: int, own: Sequence[Vectors]) -> tuple[Middle | None, int]:
        """The middle of a name's other faces, float64 [d], and their number; None if it has no others. own: vectors
        that are part of the sum and are left out."""
        if name >= len(self._counts) or self._counts[name] <= len(own):
            return None, 0
        count = int(self._counts[name]) - len(own)
        total = self._sums[name] - np.sum(np.stack(own).astype(np.float64), axis=0) if own else self._sums[name]
        return total / count, count

    def nearest(
        self, vectors: Sequence[Vectors], besides: Sequence[Collection[int]], least: int
    ) -> npt.NDArray[np.float64]:
        """The distance from each vector, float32 [d], to the nearest middle of at least `least` faces: float64 [n], NaN
        if there is none. besides: for each vector the names that do not count."""
        names = np.flatnonzero(self._counts >= least)
        found = np.full(len(vectors), np.nan)
        if not len(names) or not len(vectors):
            return found
        middles = self._sums[names] / self._counts[names, None]
        lengths = (middles**2).sum(axis=1)
        for start in range(0, len(vectors), _BLOCK):
            block = np.stack(vectors[start : start + _BLOCK]).astype(np.float64)
            squares = lengths - 2 * block @ middles.T + (block**2).sum(axis=1)[:, None]
            for row, left_out in enumerate(besides[start : start + _BLOCK]):
                squares[row, np.isin(names, list(left_out))] = np.inf
            found[start : start + _BLOCK] = np.sqrt(np.maximum(squares.min(axis=1), 0))
        return np.where(np.isinf(found), np.nan, found)
