"""Nearest faces by Euclidean distance, over arrays."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from faceindex.types import FaceIds, Vectors
from faceindex.vectors.exact import Floats, Rows, k_nearest, pairs_within, squares_of_rows
from faceindex.vectors.ivf import Ivf, Probing

Distances = npt.NDArray[np.float64]
Found = tuple[FaceIds, Distances]

BLOCK = 256
"""Probes that are searched together: more are no faster, and the first answer comes later."""

MOST_APPROXIMATE = 1000
"""Neighbours; for more, most of an approximate index would have to be read."""

_ROUNDING = 1e-5  # of a squared distance: more than float32 is wrong by
_SPARE = 8  # rows more than are wanted
_MEASURED = 8192  # rows whose distances are computed at a time in float64
_RANKED_FIRST = 4  # candidates for each neighbour, before it is known which are worth ranking


class Elsewhere(Protocol):
    """Searches the same faces in other processes, with the same answers; see `faceindex.vectors.shards`."""

    def nearest_of_each(self, probes: Vectors, k: int, threshold: float) -> Iterator[Found]:
        """What `nearest_of_each` finds."""

    def vectors_of(self, rows: Rows) -> Vectors:
        """Some of the vectors: float32 [m, d]."""


@dataclass(frozen=True, slots=True)
class FaceIndex:
    """Faces in rows: ids int64 [n] and vectors float32 [n, d].

    ivf: finds likely neighbours among the rows, as `probing` says; without it every search is exact. owner: what the
    arrays are views of. read: reads some of the vectors from their file, float32 [m, d], where they are so many that
    a process would soon hold too much of a mapped file. elsewhere: what searches instead.
    """

    ids: FaceIds
    vectors: Vectors
    ivf: Ivf | None = None
    probing: Probing | None = None
    owner: Any = None
    read: Callable[[Rows], Vectors] | None = None
    elsewhere: Elsewhere | None = None

    def vectors_of(self, rows: Rows) -> Vectors:
        """A copy of some of the vectors: float32 [m, d]."""
        if self.elsewhere:
            return self.elsewhere.vectors_of(rows)
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
    if index.elsewhere is not None:
        return next(index.elsewhere.nearest_of_each(probe[None, :], k, threshold))
    if k >= len(index.ids) and threshold == np.inf:
        rows = np.arange(len(index.ids))
    elif k >= len(index.ids):
        _, rows = pairs_within(probe[None, :], index.vectors, _limit(threshold))
    elif index.ivf is None or index.probing is None or k > MOST_APPROXIMATE:
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
        if index.elsewhere is not None:
            yield from index.elsewhere.nearest_of_each(block, k, threshold)
            continue
        for probe, rows in zip(block, _rows_of_each(index, block, k, threshold, threads), strict=True):
            yield _measured(index, rows, probe, k, threshold)


def distance(a: Floats, b: Floats) -> float:
    """Euclidean distance of two vectors, float32 [d]."""
    return float(np.linalg.norm(a.astype(np.float64) - b.astype(np.float64)))


def _rows_of_each(index: FaceIndex, probes: Vectors, k: int, threshold: float, threads: int) -> Iterator[Rows]:
    if index.ivf and index.probing and k <= MOST_APPROXIMATE:
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
        found = rows[rows >= 0]
        if len(found) < k and threshold == np.inf:  # the lists that were read are small
            yield _nearest_of_all(index.vectors, probe, k, threshold)
            continue

        def squares_of(some: slice, probe: Floats = probe, found: Rows = found) -> Floats:
            return squares_of_candidates(index, probe, found[some])

        yield found[best_of(squares_of, estimates[: len(found)], probing.slack, k, threshold)]


def best_of(
    squares_of: Callable[[slice], Floats], estimates: Floats, slack: float, k: int, threshold: float
) -> npt.NDArray[np.intp]:
    """Of candidates the places of the k nearest within `threshold`, and of some more, as float32 sees it; `ranked`."""
    squares, limit = ranked(squares_of, estimates, slack, k, threshold)
    return np.flatnonzero(squares <= limit)


def ranked(
    squares_of: Callable[[slice], Floats], estimates: Floats, slack: float, k: int, threshold: float
) -> tuple[Floats, float]:
    """The squared distances of as many of the candidates as are worth looking at, and which is the largest wanted.

    squares_of: the squared distances of some of them. estimates: the same by their codes, float32 [c], rising; where
    one is by `slack` more than the k-th distance that is found, the face is not looked at.
    """
    limit, enough = _limit(threshold), _RANKED_FIRST * k
    squares = squares_of(slice(0, enough))
    if len(squares) >= k:
        limit = min(limit, float(np.partition(squares, k - 1)[k - 1]) * (1 + 2 * _ROUNDING))
    last = min(int(np.searchsorted(estimates, limit + slack, side="right")), len(estimates))
    if last > enough:
        squares = np.concatenate([squares, squares_of(slice(enough, last))])
        limit = min(limit, float(np.partition(squares, k - 1)[k - 1]) * (1 + 2 * _ROUNDING))
    return squares, limit


def squares_of_candidates(index: FaceIndex, probe: Floats, rows: Rows) -> Floats:
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
    distances = np.empty(len(rows), dtype=np.float64)
    for start in range(0, len(rows), _MEASURED):
        some = slice(start, start + _MEASURED)
        distances[some] = distances_of(index.vectors_of(rows[some]), probe)
    return k_best(index.ids[rows], distances, k, threshold)


def distances_of(vectors: Vectors, probe: Floats) -> Distances:
    """Distances of `probe`, float32 [d], to each of `vectors`, float32 [m, d]: float64 [m]."""
    distances: Distances = np.linalg.norm(vectors.astype(np.float64) - probe.astype(np.float64), axis=1)
    return distances


def k_best(ids: FaceIds, distances: Distances, k: int, threshold: float) -> Found:
    """Those k of faces that are nearest and within `threshold`, nearest first, ties by id."""
    order = np.lexsort((ids, distances))
    order = order[distances[order] <= threshold][:k]
    return ids[order], distances[order]
