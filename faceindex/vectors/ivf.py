"""The approximate index: FAISS's IVF with 4-bit product quantisation (FastScan), read list by list.

A vector lies in the list of the nearest centroid. A neighbour x of a probe q at the distance r lies in list l only if
|q - c_l|^2 - |q - c_0|^2 <= 2 r |c_l - c_0|, where c_0 is the centroid nearest to q: x is no further from c_l than
from c_0. So how much further a list is than the nearest one, in squared distances, says whether it is worth reading:
a probe in the middle of a list reads few, one between many lists reads many, and a search for near faces only reads
fewer still. How much is enough is learned from the library's own faces (`faceindex.vectors.tuning`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from faceindex.types import Vectors
from faceindex.vectors.exact import Floats, Rows, faiss_on

ROWS_PER_CENTROID = 50
"""That k-means learns from."""

_LISTS_PER_ROOT = 3.5  # of the number of vectors: with more, centroids and unused places of lists take more room
_ROUNDS = 8  # of k-means
_FEWEST = 64  # vectors to learn from: 4-bit codes need 16


@dataclass(frozen=True, slots=True)
class Probing:
    """How much of an IVF index a search reads.

    spread: lists up to so much further than the nearest one, in squared distances. slope: the same for each unit of
    distance, where only vectors within a distance are wanted; the smaller of both counts. candidates: vectors that
    are ranked by exact distances when ten are wanted.
    """

    spread: float
    slope: float
    candidates: int

    def reach(self, threshold: float) -> float:
        """The spread of a search within `threshold`, Euclidean."""
        return min(self.spread, self.slope * threshold)

    def candidates_for(self, k: int) -> int:
        """How many candidates k neighbours are chosen from."""
        return math.ceil(self.candidates * math.pow(max(1.0, k / 10), 0.75))


class Ivf:
    """One IVF index of FAISS, whose ids are rows. lists: how many it has."""

    def __init__(self, index: Any) -> None:
        """index: faiss.IndexIVFPQFastScan over a flat quantizer; whoever owns it must live as long."""
        with faiss_on(1) as faiss:
            self.index = index
            self.lists = int(index.nlist)
            self._quantizer = faiss.downcast_index(index.quantizer)
            self._centroids = self._quantizer.get_xb()

    def nearest_lists(self, probe: Floats, spread: float) -> tuple[Floats, Rows]:
        """Lists that are at most `spread` further than the nearest one, that first: squared distances and numbers."""
        squares = np.empty(self.lists, dtype=np.float32)
        with faiss_on(1) as faiss:
            pointers = faiss.swig_ptr(squares), faiss.swig_ptr(probe)
            faiss.fvec_L2sqr_ny(*pointers, self._centroids, self.index.d, self.lists)
        near = np.flatnonzero(squares <= squares.min() + np.float32(spread))
        near = near[np.argsort(squares[near])]
        return squares[near], near

    def candidates(self, probe: Floats, spread: float, count: int) -> Rows:
        """At most `count` rows that are likely nearest to `probe`, float32 [d], by their codes: int64 [m]."""
        squares, lists = self.nearest_lists(probe, spread)
        return self._scanned(probe[None, :], squares[None, :], lists[None, :], count, 1)[0]

    def candidates_of_each(self, probes: Vectors, spread: float, count: int, *, threads: int = 1) -> list[Rows]:
        """`candidates` of each probe, float32 [p, d]."""
        near = [self.nearest_lists(probe, spread) for probe in probes]
        most = max(len(lists) for _, lists in near)
        squares, numbers = np.zeros((len(near), most), dtype=np.float32), np.full((len(near), most), -1, dtype=np.int64)
        for place, (away, lists) in enumerate(near):
            squares[place, : len(lists)], numbers[place, : len(lists)] = away, lists
        return self._scanned(probes, squares, numbers, count, threads)

    def candidates_of_lists(self, probes: Vectors, lists: int, count: int) -> list[Rows]:
        """As `candidates_of_each`, as FAISS finds them by itself: in as many lists for every probe."""
        with faiss_on(1) as faiss:
            chosen = faiss.SearchParametersIVF(nprobe=lists)
            _, rows = self.index.search(probes, count, params=chosen)
        return [found[found >= 0] for found in rows]

    def list_of_each(self, rows: int) -> npt.NDArray[np.int32]:
        """The list in which each of the rows 0 ... `rows` lies."""
        found = np.empty(rows, dtype=np.int32)
        with faiss_on(1) as faiss:
            for number in range(self.lists):
                size = self.index.invlists.list_size(number)
                if size:
                    found[faiss.rev_swig_ptr(self.index.invlists.get_ids(number), size)] = number
        return found

    def _scanned(self, probes: Vectors, squares: Floats, lists: Rows, count: int, threads: int) -> list[Rows]:
        away = np.empty((len(probes), count), dtype=np.float32)
        rows = np.empty((len(probes), count), dtype=np.int64)
        with faiss_on(threads) as faiss:
            chosen = faiss.SearchParametersIVF(nprobe=lists.shape[1])
            pointers = (faiss.swig_ptr(array) for array in (lists, squares, away, rows))
            self.index.search_preassigned_c(len(probes), faiss.swig_ptr(probes), count, *pointers, False, chosen)
        return [found[found >= 0] for found in rows]


def lists_for(vectors: int) -> int:
    """How many lists so many vectors lie in."""
    return max(1, min(int(_LISTS_PER_ROOT * math.sqrt(vectors)), vectors // 32))


def trained(sample: Vectors, lists: int, *, threads: int = 1, seed: int = 0) -> Any:
    """An empty faiss.IndexIVFPQFastScan whose centroids and codes were learned from `sample`, float32 [n, d]."""
    dimension = sample.shape[1]
    parts = next(number for number in range(max(1, dimension // 2), 0, -1) if dimension % number == 0)
    if len(sample) < _FEWEST:
        sample = np.resize(sample, (_FEWEST, dimension))
    with faiss_on(threads) as faiss:
        quantizer = faiss.IndexFlatL2(dimension)
        index = faiss.IndexIVFPQFastScan(quantizer, dimension, lists, parts, 4)
        index.by_residual = False  # one table of distances a probe, not one a list
        index.cp.niter, index.cp.seed = _ROUNDS, seed + 1
        index.cp.min_points_per_centroid, index.cp.max_points_per_centroid = 1, ROWS_PER_CENTROID
        index.pq.cp.min_points_per_centroid = 1
        index.train(sample)
    return index
