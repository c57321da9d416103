"""The approximate index: FAISS's IVF with 4-bit product quantisation (FastScan), read list by list.

A vector lies in the list of the nearest centroid. A neighbour x of a probe q at the distance r lies in list l only if
|q - c_l|^2 - |q - c_0|^2 <= 2 r |c_l - c_0|, where c_0 is the centroid nearest to q: x is no further from c_l than
from c_0. So how much further a list is than the nearest one, in squared distances, says whether it is worth reading:
a probe in the middle of a list reads few, one between many lists reads many, and a search for near faces only reads
fewer still. How much is enough is learned from the library's own faces (`faceindex.vectors.tuning`).

The centroids are learned in groups, about the root of their number, and of many only those of the nearest groups are
compared with a vector whose list is looked for: so ten million faces can lie in twenty thousand lists.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from faceindex.types import Vectors
from faceindex.vectors.exact import Floats, Rows, faiss_on, take_buffers

ROWS_PER_CENTROID = 64
"""That k-means learns from."""

_LISTS_PER_ROOT, _LISTS_PER_VECTOR = 3.5, 0.002  # the more of both: centroids and unused places of lists take room
_ROUNDS = 8  # of k-means
_ROWS_PER_GROUP = 1000  # that k-means of the groups learns from
_MANY_LISTS, _GROUPS = 8192, 12  # lists from which on a vector's own is looked for in so many groups
_FEWEST = 64  # vectors to learn from: 4-bit codes need 16


@dataclass(frozen=True, slots=True)
class Probing:
    """How much of an IVF index a search reads.

    spread: lists up to so much further than the nearest one, in squared distances. slope: the same for each unit of
    distance, where only vectors within a distance are wanted; the smaller of both counts. candidates: vectors that
    are at most ranked by exact distances when ten are wanted. slack: by how much the squared distance that codes tell
    of a vector may exceed the true one of the last neighbour wanted; not known of indexes of former versions.
    """

    spread: float
    slope: float
    candidates: int
    slack: float = math.inf

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
            self.quantizer = faiss.downcast_index(index.quantizer)
            self._centroids = self.quantizer.get_xb()

    def nearest_lists(self, probe: Floats, spread: float) -> tuple[Floats, Rows]:
        """Lists that are at most `spread` further than the nearest one, that first: squared distances and numbers."""
        squares = np.empty(self.lists, dtype=np.float32)
        with faiss_on(1) as faiss:
            pointers = faiss.swig_ptr(squares), faiss.swig_ptr(probe)
            faiss.fvec_L2sqr_ny(*pointers, self._centroids, self.index.d, self.lists)
        near = np.flatnonzero(squares <= squares.min() + np.float32(spread))
        near = near[np.argsort(squares[near])]
        return squares[near], near

    def nearest_lists_of_each(self, probes: Vectors, spread: float) -> tuple[Floats, Rows]:
        """`nearest_lists` of each probe, float32 [p, d]: [p, l] both.

        Where a probe has fewer: at an infinite distance, number -1.
        """
        near = [self.nearest_lists(probe, spread) for probe in probes]
        shape = len(near), max(len(lists) for _, lists in near)
        squares, numbers = np.full(shape, np.inf, dtype=np.float32), np.full(shape, -1, dtype=np.int64)
        for place, (own, lists) in enumerate(near):
            squares[place, : len(lists)], numbers[place, : len(lists)] = own, lists
        return squares, numbers

    def scanned(
        self, probes: Vectors, squares: Floats, lists: Rows, count: int, *, threads: int = 1
    ) -> tuple[Floats, Rows]:
        """At most `count` rows in `lists` that are likely nearest to each of `probes`, float32 [p, d], by their codes.

        squares, lists: as `nearest_lists_of_each` returns them. Returns: squared distances as codes tell them, rising,
        float32 [p, count], and rows, int64 [p, count], -1 where there are fewer.
        """
        estimates = np.empty((len(probes), count), dtype=np.float32)
        rows = np.empty((len(probes), count), dtype=np.int64)
        with faiss_on(threads) as faiss:
            chosen = faiss.SearchParametersIVF(nprobe=lists.shape[1])
            pointers = (faiss.swig_ptr(array) for array in (lists, squares, estimates, rows))
            self.index.search_preassigned_c(len(probes), faiss.swig_ptr(probes), count, *pointers, False, chosen)
        return estimates, rows

    def scanned_by_faiss(self, probes: Vectors, lists: int, count: int) -> Rows:
        """As the rows of `scanned`, as FAISS finds them by itself: in as many lists for every probe."""
        with faiss_on(1) as faiss:
            found: Rows = self.index.search(probes, count, params=faiss.SearchParametersIVF(nprobe=lists))[1]
        return found

    def list_of_each(self, rows: int) -> npt.NDArray[np.int32]:
        """The list in which each of the rows 0 ... `rows` lies."""
        found = np.empty(rows, dtype=np.int32)
        with faiss_on(1) as faiss:
            for number in range(self.lists):
                size = self.index.invlists.list_size(number)
                if size:
                    found[faiss.rev_swig_ptr(self.index.invlists.get_ids(number), size)] = number
        return found


def lists_for(vectors: int) -> int:
    """How many lists so many vectors lie in."""
    wanted = int(max(_LISTS_PER_ROOT * math.sqrt(vectors), _LISTS_PER_VECTOR * vectors))
    return max(1, min(wanted, vectors // 32))


def trained(sample: Vectors, lists: int, *, threads: int = 1, seed: int = 0) -> Any:
    """An empty faiss.IndexIVFPQFastScan whose centroids and codes were learned from `sample`, float32 [n, d]."""
    dimension = sample.shape[1]
    parts = next(number for number in range(max(1, dimension // 2), 0, -1) if dimension % number == 0)
    if len(sample) < _FEWEST:
        sample = np.resize(sample, (_FEWEST, dimension))
    centroids = centroids_in_two_levels(sample, lists, seed=seed)
    take_buffers(threads)
    with faiss_on(threads) as faiss:
        quantizer = faiss.IndexFlatL2(dimension)
        quantizer.add(centroids)
        index = faiss.IndexIVFPQFastScan(quantizer, dimension, lists, parts, 4)
        index.by_residual = False  # one table of distances a probe, not one a list
        index.pq.cp.min_points_per_centroid = 1
        index.train(sample)
    return index


def filled(index: Any, blocks: Iterable[Vectors], *, threads: int = 1) -> Iterator[Vectors]:
    """The blocks, float32 [m, d] each, which are in `index`, that `trained` made, too, when they come."""
    quantizer = index.quantizer
    if index.nlist > _MANY_LISTS:
        index.quantizer = grouped = _in_groups(Ivf(index))
        index.referenced_objects.append(grouped)
    try:
        for vectors in blocks:
            with faiss_on(threads):
                index.add(np.ascontiguousarray(vectors))
            yield vectors
    finally:
        index.quantizer = quantizer


def of_the_same_lists(ivf: Ivf, vectors: Vectors) -> Ivf:
    """Further vectors, float32 [n, d], in an index of their own, by the centroids and codes of `ivf`.

    What says how much of `ivf` must be read says so of this one. `ivf` must live as long.
    """
    with faiss_on(1) as faiss:
        model = ivf.index
        index = faiss.IndexIVFPQFastScan(ivf.quantizer, model.d, ivf.lists, model.pq.M, model.pq.nbits)
        index.by_residual, index.pq, index.is_trained = model.by_residual, model.pq, True
    for _ in filled(index, [vectors]):
        pass
    return Ivf(index)


def _in_groups(ivf: Ivf) -> Any:
    """The centroids in a faiss.IndexIVFFlat, which finds the nearest of many sooner, nearly always."""
    with faiss_on(1) as faiss:
        centroids = ivf.quantizer.reconstruct_n(0, ivf.lists)
        groups = math.isqrt(ivf.lists)
        flat = faiss.IndexFlatL2(ivf.index.d)
        flat.add(_k_means(centroids, groups, 0).centroids)
        grouped = faiss.IndexIVFFlat(flat, ivf.index.d, groups)
        grouped.add(centroids)
        grouped.nprobe = _GROUPS
    return grouped


def centroids_in_two_levels(sample: Vectors, count: int, *, seed: int = 0) -> Floats:
    """Centroids of k-means: float32 [count, d]. count: at most n.

    Each group of the sample, float32 [n, d], gets as many as its share of the vectors. As good as those of k-means at
    one level for 3,500 lists of a million drawn faces (as many codes are read for recall 0.99), in a twentieth of the
    time; on one thread, as there is too little to do at once for two.
    """
    take_buffers(1)
    with faiss_on(1):
        groups = _k_means(sample, max(1, math.isqrt(count)), seed)
        _, group = groups.assign(sample)
        ends = np.cumsum(np.bincount(group, minlength=groups.k)) * count // len(sample)
        parts = enumerate(np.diff(ends, prepend=0))
        found = [_k_means(sample[group == number], int(part), seed).centroids for number, part in parts if part]
    return np.concatenate(found)


def _k_means(sample: Vectors, count: int, seed: int) -> Any:
    """A trained faiss.Kmeans."""
    import faiss

    sizes = {"min_points_per_centroid": 1, "max_points_per_centroid": _ROWS_PER_GROUP}
    means = faiss.Kmeans(sample.shape[1], count, niter=_ROUNDS, seed=seed + 1, **sizes)
    means.train(np.ascontiguousarray(sample))
    return means
