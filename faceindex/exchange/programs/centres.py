"""The middle of the vectors of each name's faces."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from faceindex.types import Vectors
from faceindex.vectors.exact import k_nearest

_BLOCK = 4096  # names whose middles are computed at once

Middle = npt.NDArray[np.float64]


class Centres:
    """Sums and numbers of the vectors of names, which are numbered from 0. dimension: of the vectors."""

    def __init__(self, dimension: int) -> None:
        self._sums = np.zeros((64, dimension))
        self._counts = np.zeros(64, dtype=np.int64)
        self._middles: tuple[int, npt.NDArray[np.int64], Vectors] | None = None  # of how many faces at least

    def add(self, pairs: Iterable[tuple[int, int]], vectors: Mapping[int, Vectors]) -> None:
        """Add faces to names. pairs: (number of the name, face). vectors: float32 [d], by face; others are left out."""
        chosen = [(name, face) for name, face in pairs if face in vectors]
        if not chosen:
            return
        self._middles = None
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
        names, middles = self._middles_of(least)
        found = np.full(len(vectors), np.nan)
        if not len(names) or not vectors:
            return found
        probes = np.stack(vectors).astype(np.float32)
        most = min(1 + max(map(len, besides)), len(names))
        _, rows = k_nearest(probes, middles, most)
        for place, near in enumerate(rows.tolist()):
            row = next((row for row in near if names[row] not in besides[place]), None)
            if row is not None:
                middle = self._sums[names[row]] / self._counts[names[row]]
                found[place] = np.linalg.norm(middle - vectors[place])
        return found

    def _middles_of(self, least: int) -> tuple[npt.NDArray[np.int64], Vectors]:
        """The names of at least so many faces, int64 [n], and their middles, float32 [n, d]."""
        if self._middles is None or self._middles[0] != least:
            names = np.flatnonzero(self._counts >= least)
            middles = np.empty((len(names), self._sums.shape[1]), dtype=np.float32)
            for start in range(0, len(names), _BLOCK):
                some = names[start : start + _BLOCK]
                middles[start : start + _BLOCK] = self._sums[some] / self._counts[some, None]
            self._middles = least, names, middles
        return self._middles[1:]
