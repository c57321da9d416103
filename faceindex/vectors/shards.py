"""One index cut into shards, which other processes search, with the answers of the one index.

A shard holds consecutive rows: its FAISS file has the centroids and codes of the whole, and of each list the part that
its rows lie in. So the same lists are read, and every vector has the same code. Of every shard come the candidates that
are nearest by their codes; FAISS's heap keeps as many of all as the one index would have ranked, and the rule that
chooses among these is the one index's (`best_of`). What one index finds, and what it misses, shards find and miss.
Only where several candidates share the last estimate may another of these be ranked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from faceindex.types import Vectors
from faceindex.vectors.exact import Floats, Rows, faiss_on, squares_of_rows
from faceindex.vectors.ivf import Ivf, Probing
from faceindex.vectors.nearest import (
    MOST_APPROXIMATE,
    Distances,
    FaceIndex,
    Found,
    best_of,
    distances_of,
    k_best,
    nearest_of_each,
    ranked,
    squares_of_candidates,
)

Likely = tuple[Floats, npt.NDArray[np.int32], Floats, Distances]
"""Candidates of each probe, [p, c]: estimates, float32; rows of the shard, int32, -1 for none; squared distances,
float32; and distances, float64.

NaN are the squared distances of those that a shard by itself would not look at, and the distances of those that are not
among its k nearest: they are rarely wanted.
"""


def starts_of(rows: int, shards: int) -> Rows:
    """Where each of so many shards begins, and their end: int64 [shards + 1]; at least one row in each."""
    count = max(1, min(shards, rows))
    return np.arange(count + 1, dtype=np.int64) * rows // count


class Codes:
    """The codes of an approximate index, list by list, from which those of shards are taken. Memory: 40 bytes a row."""

    def __init__(self, ivf: Ivf) -> None:
        self._ivf = ivf
        with faiss_on(1) as faiss:
            self._flat = faiss.ArrayInvertedLists(ivf.lists, ivf.index.code_size)
            ivf.index.orig_invlists = self._flat
            try:
                ivf.index.reconstruct_orig_invlists()
            finally:
                ivf.index.orig_invlists = None

    def of_rows(self, start: int, stop: int) -> Any:
        """A faiss.IndexIVFPQFastScan of these rows, numbered from 0; its centroids are those of the whole."""
        with faiss_on(1) as faiss:
            model = self._ivf.index
            plain = faiss.IndexIVFPQ(self._ivf.quantizer, model.d, model.nlist, model.pq.M, model.pq.nbits)
            plain.by_residual, plain.pq, plain.is_trained = model.by_residual, model.pq, True
            self._flat.copy_subset_to(plain.invlists, faiss.InvertedLists.SUBSET_TYPE_ID_RANGE, start, stop)
            for number in range(model.nlist):
                size = plain.invlists.list_size(number)
                if size:
                    ids = faiss.rev_swig_ptr(plain.invlists.get_ids(number), size)
                    ids -= start
            plain.ntotal = stop - start
            index = faiss.IndexIVFPQFastScan(plain)
            index.referenced_objects = [self._ivf]
        return index


class Shard:
    """What the process of one shard answers. index: of its rows."""

    def __init__(self, index: FaceIndex) -> None:
        self._index = index
        self._exact = replace(index, ivf=None, probing=None)

    def likely(self, probes: Vectors, squares: Floats, lists: Rows, k: int, threshold: float) -> Likely:
        """Candidates for the k nearest of each probe, float32 [p, d], in these lists, see `Ivf.scanned`."""
        index, probing = self._index, self._index.probing
        assert index.ivf is not None
        assert probing is not None
        estimates, rows = index.ivf.scanned(probes, squares, lists, probing.candidates_for(k))
        near = np.full(estimates.shape, np.nan, dtype=np.float32)
        distances = np.full(estimates.shape, np.nan)
        for number, probe in enumerate(probes):
            found = rows[number][rows[number] >= 0]
            squares_of = partial(_squares_of, index, probe, found)
            known, limit = ranked(squares_of, estimates[number, : len(found)], probing.slack, k, threshold)
            near[number, : len(known)] = known
            best = np.flatnonzero(known <= limit)
            distances[number, best] = distances_of(index.vectors_of(found[best]), probe)
        return estimates, rows.astype(np.int32), near, distances

    def nearest(self, probes: Vectors, k: int, threshold: float) -> list[Found]:
        """The k nearest faces of each probe within `threshold`, all compared."""
        return list(nearest_of_each(self._exact, probes, k, threshold))

    def vectors(self, rows: Rows) -> Vectors:
        """Vectors of some of its rows: float32 [m, d]."""
        return self._index.vectors_of(rows)


class Calls(Protocol):
    """Calls methods of `Shard` in the processes of shards."""

    def call(self, method: str, arguments: Mapping[int, Sequence[Any]]) -> dict[int, Any]:
        """The answers of the shards with these numbers; without those of shards that are lost.

        Whoever calls hears otherwise that some are lost.
        """


class Scattered:
    """The index of faces that are in shards; see `faceindex.vectors.nearest.Elsewhere`."""

    def __init__(self, whole: FaceIndex, starts: Rows, calls: Calls) -> None:
        """whole: of which ids and centroids are used here. starts: as `starts_of` returns them."""
        self._ids, self._ivf, self._probing = whole.ids, whole.ivf, whole.probing
        self._dimension = whole.vectors.shape[1]
        self._starts, self._calls = starts, calls

    def nearest_of_each(self, probes: Vectors, k: int, threshold: float) -> Iterator[Found]:
        """What the one index finds for each of `probes`, float32 [p, d], in their order."""
        if self._ivf is None or self._probing is None or not k <= MOST_APPROXIMATE or k >= len(self._ids):
            yield from self._exact(probes, k, threshold)
            return
        chosen = self._likely(self._ivf, self._probing, probes, k, threshold)
        for probe, found in zip(probes, chosen, strict=True):
            if found is None:
                yield next(self._exact(probe[None, :], k, threshold))
            else:
                rows, distances = found
                yield k_best(self._ids[rows], distances, k, threshold)

    def vectors_of(self, rows: Rows) -> Vectors:
        """float32 [m, d]; NaN where the shard of a row is lost."""
        vectors = np.full((len(rows), self._dimension), np.nan, dtype=np.float32)
        shard = np.searchsorted(self._starts, rows, side="right") - 1
        wanted = {number: np.flatnonzero(shard == number) for number in np.unique(shard).tolist()}
        asked = {number: (rows[places] - self._starts[number],) for number, places in wanted.items()}
        for number, found in self._calls.call("vectors", asked).items():
            vectors[wanted[number]] = found
        return vectors

    def _exact(self, probes: Vectors, k: int, threshold: float) -> Iterator[Found]:
        answers = self._calls.call("nearest", dict.fromkeys(self._numbers, (probes, k, threshold)))
        for number in range(len(probes)):
            found = [answer[number] for answer in answers.values()]
            ids = np.concatenate([np.empty(0, dtype=np.int64), *(ids for ids, _ in found)])
            yield k_best(ids, np.concatenate([np.empty(0), *(distances for _, distances in found)]), k, threshold)

    def _likely(
        self, ivf: Ivf, probing: Probing, probes: Vectors, k: int, threshold: float
    ) -> Iterator[tuple[Rows, Distances] | None]:
        """For each probe rows and their distances, among them the k nearest; None where too few were found, so that
        all must be compared."""
        near = ivf.nearest_lists_of_each(probes, probing.reach(threshold))
        answers = self._calls.call("likely", dict.fromkeys(self._numbers, (probes, *near, k, threshold)))
        if not answers:
            yield from [(np.empty(0, dtype=np.int64), np.empty(0))] * len(probes)
            return
        estimates, rows, squares, distances = (np.stack(parts) for parts in zip(*answers.values(), strict=True))
        starts, count = self._starts[list(answers)], rows.shape[2]
        places = np.arange(len(answers) * count).reshape(len(answers), 1, count)
        with faiss_on(1) as faiss:
            estimates, merged = faiss.merge_knn_results(estimates, np.where(rows >= 0, places, -1))
        for number, (probe, own) in enumerate(zip(probes, merged, strict=True)):
            own = own[own >= 0]
            if len(own) < k and threshold == np.inf:
                yield None
                continue
            found = rows[:, number].ravel()[own] + starts[own // count]
            squares_of = partial(self._squares_of, probe, found, squares[:, number].ravel()[own])
            best = best_of(squares_of, estimates[number, : len(own)], probing.slack, k, threshold)
            measured = distances[:, number].ravel()[own[best]]
            unknown = np.isnan(measured)
            if unknown.any():
                measured[unknown] = distances_of(self.vectors_of(found[best][unknown]), probe)
            yield found[best], measured

    def _squares_of(self, probe: Floats, candidates: Rows, known: Floats, some: slice) -> Floats:
        squares, rows = known[some], candidates[some]
        unknown = np.isnan(squares)
        if unknown.any():
            vectors = self.vectors_of(rows[unknown])
            squares[unknown] = squares_of_rows(probe, vectors, np.arange(len(vectors)))
            squares[np.isnan(squares)] = np.inf  # of a shard that is lost
        return squares

    @property
    def _numbers(self) -> range:
        return range(len(self._starts) - 1)


def _squares_of(index: FaceIndex, probe: Floats, candidates: Rows, some: slice) -> Floats:
    return squares_of_candidates(index, probe, candidates[some])
