"""Nearest faces by Euclidean distance, over arrays."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from faceindex.types import FaceIds, Vectors
from faceindex.vectors.exact import Floats, Rows, k_nearest, pairs_within, squares_of_rows
from faceindex.vectors.ivf import Ivf, Probing

Distances = npt.NDArray[np.float64]
Found = tuple[FaceIds, Distances]

BLOCK = 256
"""Probes that are searched together: more are no faster, and the first answer comes later."""

_ROUNDING = 1e-5  # of a squared distance: more than float32 is wrong by
_SPARE = 8  # rows more than are wanted
_MEASURED = 8192  # rows whose distances are computed at a time in float64
_RANKED_FIRST = 4  # candidates for each neighbour, before it is known which are worth ranking
_MOST_APPROXIMATE = 1000  # neighbours; for more, most of an approximate index would have to be read


@dataclass(frozen=True, slots=True)
class FaceIndex:
    """Faces in rows: ids int64 [n] and vectors float32 [n, d].

    ivf: finds likely neighbours among the rows, as `probing` says; without it every search is exact. owner: what the
    arrays are views of. read: reads some of the vectors from their file, float32 [m, d], where they are so many that
    a process would soon hold too much of a mapped file.
    """

    ids: FaceIds
    vectors: Vectors
    ivf: Ivf | None = None
    probing: Probing | None = None
    owner: Any = None
    read: Callable[[Rows], Vectors] | None = None

    def vectors_of(self, rows: Rows) -> Vectors:
        """A copy of some of the vectors: float32 [m, d]."""
        return self.read(rows) if self.read else self.vectors[rows]


def nearest(index: FaceIndex, probe: Floats, k: int, threshold: float) -> Found:
    """The at most k faces within `threshold` of `probe`, nearest first, ties by id.

    probe: float32 [d]. threshold: Euclidean, inclusive. Returns: ids int64 [m], distances float64 [m], m <= k. Those of
    brute force in float64, unless the index is approximate; the distances are true ones in any case. k >= n makes any
    index exact.
    """
    if not len(index.ids) or k < 1:
        return np.empty(0, dtype=np.int64), np.empty(0)
    probe = np.ascontiguousarray(probe, dtype=np.float32)
    if k >= len(index.ids) and threshold == np.inf:
        rows = np.arange(len(index.ids))
    elif k >= len(index.ids):
        _, rows = pairs_within(probe[None, :], index.vectors, _limit(threshold))
    elif index.ivf is None or index.probing is None or k > _MOST_APPROXIMATE:
        rows = _nearest_of_all(index.vectors, probe, k, threshold)
    else:
        rows = next(_likely_of_each(index, index.ivf, index.probing, probe[None, :], k, threshold, 1))
    return _measured(index, rows, probe, k, threshold)


def nearest_of_each(
    index: FaceIndex, probes: Vectors, k: int, threshold: float, *, threads: int = 1
) -> Iterator[Found]:
    """What `nearest` finds for each of `probes`, float32 [p, d], in their order, BLOCK of them together."""
    if len(probes) < 2 or not 0 < k < len(index.ids):
        yield from (nearest(index, probe, k, threshold) for probe in probes)
        return
    for start in range(0, len(probes), BLOCK):
        block = np.ascontiguousarray(probes[start : start + BLOCK], dtype=np.float32)
        for probe, rows in zip(block, _rows_of_each(index, block, k, threshold, threads), strict=True):
            yield _measured(index, rows, probe, k, threshold)


def distance(a: Floats, b: Floats) -> float:
    """Euclidean distance of two vectors, float32 [d]."""
    return float(np.linalg.norm(a.astype(np.float64) - b.astype(np.float64)))


def _rows_of_each(index: FaceIndex, probes: Vectors, k: int, threshold: float, threads: int) -> Iterator[Rows]:
    if index.ivf and index.probing and k <= _MOST_APPROXIMATE:
        yield from _likely_of_each(index, index.ivf, index.probing, probes, k, threshold, threads)
        return
    squares, rows = k_nearest(probes, index.vectors, min(k + _SPARE, len(index.ids)), threads=threads)
    for probe, own, near in zip(probes, squares, rows, strict=True):
        slack = _slack_of_a_product(probe, own[k - 1])
        if len(own) == len(index.ids) or own[-1] > own[k - 1] + 2 * slack:
            yield near[own <= _limit(threshold) + slack]
        else:
            yield _nearest_of_all(index.vectors, probe, k, threshold)


def _likely_of_each(
    index: FaceIndex, ivf: Ivf, probing: Probing, probes: Vectors, k: int, threshold: float, threads: int
) -> Iterator[Rows]:
    """Of each probe the k nearest rows within `threshold`, and some more, in the lists that are worth reading."""
    squares, lists = ivf.nearest_lists_of_each(probes, probing.reach(threshold))
    candidates = ivf.scanned(probes, squares, lists, probing.candidates_for(k), threads=threads)
    for probe, estimates, rows in zip(probes, *candidates, strict=True):
        yield _best_of(index, rows[rows >= 0], estimates, probing.slack, probe, k, threshold)


def _best_of(
    index: FaceIndex, candidates: Rows, estimates: Floats, slack: float, probe: Floats, k: int, threshold: float
) -> Rows:
    """Of candidates the k nearest within `threshold`, and some more, as float32 sees it.

    estimates: their squared distances by their codes, float32, rising; where one is by `slack` more than the k-th
    distance that is found, the face is not looked at.
    """
    if len(candidates) < k and threshold == np.inf:  # the lists that were read are small
        return _nearest_of_all(index.vectors, probe, k, threshold)
    limit, enough = _limit(threshold), _RANKED_FIRST * k
    squares = _squares(index, probe, candidates[:enough])
    if len(squares) >= k:
        limit = min(limit, float(np.partition(squares, k - 1)[k - 1]) * (1 + 2 * _ROUNDING))
    last = min(int(np.searchsorted(estimates, limit + slack, side="right")), len(candidates))
    if last > enough:
        squares = np.concatenate([squares, _squares(index, probe, candidates[enough:last])])
        limit = min(limit, float(np.partition(squares, k - 1)[k - 1]) * (1 + 2 * _ROUNDING))
    return candidates[: len(squares)][squares <= limit]


def _squares(index: FaceIndex, probe: Floats, rows: Rows) -> Floats:
    """Squared distances of `probe` to `rows`: float32 [m]."""
    if index.read is None:
        return squares_of_rows(probe, index.vectors, rows)
    return squares_of_rows(probe, index.read(rows), np.arange(len(rows)))


def _nearest_of_all(vectors: Vectors, probe: Floats, k: int, threshold: float) -> Rows:
    """The k nearest rows within `threshold`, and some more, so that none is missing that FAISS sees too far away."""
    wanted = k + _SPARE
    while True:
        squares, rows = k_nearest(probe[None, :], vectors, min(wanted, len(vectors)))
        if wanted >= len(vectors) or squares[0, -1] > squares[0, k - 1] * (1 + 2 * _ROUNDING):
            found: Rows = rows[0][squares[0] <= _limit(threshold)]
            return found
        wanted *= 4


def _slack_of_a_product(probe: Floats, square: np.float32) -> float:
    """By how much FAISS's squared distances of many probes, which are of products of matrices, may be wrong.

    square: the largest that matters; no vector so near is longer than the probe and the distance together.
    """
    length = float(np.linalg.norm(probe))
    slack: float = _ROUNDING * (length**2 + (length + float(square) ** 0.5) ** 2)
    return slack


def _limit(threshold: float) -> float:
    """The squared distance, as float32 sees it, that nothing within `threshold` exceeds."""
    return min(threshold, 1e15) ** 2 * (1 + 2 * _ROUNDING) + 1e-30


def _measured(index: FaceIndex, rows: Rows, probe: Floats, k: int, threshold: float) -> Found:
    """Ids and distances of the k nearest of `rows` that are within `threshold`, nearest first, ties by id."""
    ids, exact = index.ids[rows], probe.astype(np.float64)
    distances = np.empty(len(rows), dtype=np.float64)
    for start in range(0, len(rows), _MEASURED):
        some = slice(start, start + _MEASURED)
        distances[some] = np.linalg.norm(index.vectors_of(rows[some]).astype(np.float64) - exact, axis=1)
    order = np.lexsort((ids, distances))
    order = order[distances[order] <= threshold][:k]
    return ids[order], distances[order]
