"""How much of an approximate index a search must read, learned from the library's own faces.

Faces of the library look for their neighbours, themselves left out. What the settings are chosen on is one part of
them; the recall that is recorded is that of the others.
"""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from faceindex.types import Vectors
from faceindex.vectors.exact import Floats, Rows
from faceindex.vectors.ivf import Ivf, Probing
from faceindex.vectors.nearest import FaceIndex, nearest

K = 10
"""Neighbours that recall is measured over."""

CHOOSING, CONFIRMING = 1400, 600
"""Faces that settings are chosen on, and others that recall is recorded of."""

_CANDIDATES = (50, 100, 150, 200, 250, 300, 400, 500, 600, 800, 1000, 1400)
_MISSED = (
    1,
    0.7,
    0.5,
    0.4,
    0.3,
    0.2,
    0.1,
    0.05,
    0,
)  # shares of what may be missed, that unread lists are tried to hold
_CANDIDATE = 90  # codes are read while one candidate is ranked
_NO_RANK = 1 << 30
_CERTAINTY = 2.0  # standard errors that the recall of the faces chosen on is above the wanted one
_WITHIN = 0.3  # of the neighbours that may be missed, those in lists that a threshold at their distance leaves out


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The true neighbours of some rows.

    rows: int64 [p]. probes: their vectors, float32 [p, d]. near: int64 [p, K], the rows nearest to each without itself,
    -1 where there are fewer. squares: squared distances, float32 [p, K].
    """

    rows: Rows
    probes: Vectors
    near: Rows
    squares: Floats

    def part(self, some: slice) -> Neighbours:
        """Of some of the probes."""
        return Neighbours(self.rows[some], self.probes[some], self.near[some], self.squares[some])


@dataclass(frozen=True, slots=True)
class Tuned:
    """probing: None when only an exact search finds as much as was asked for. recall: of the CONFIRMING.

    lists: that a probe reads with it, the median. plain_lists, candidates: with which FAISS alone finds as much.
    """

    probing: Probing | None
    recall: float
    lists: int
    plain_lists: int
    candidates: int


def without_themselves(rows: Rows, probes: Vectors, squares: Floats, near: Rows) -> Neighbours:
    """From the K + 1 nearest of each row, itself among them unless others are as near: float32, int64 [p, K + 1]."""
    others = near != rows[:, None]
    others[others.all(axis=1), -1] = False
    shape = (len(rows), near.shape[1] - 1)
    return Neighbours(rows, probes, near[others].reshape(shape), squares[others].reshape(shape))


def tuned(ivf: Ivf, wanted: float, known: Neighbours) -> Tuned:
    """Settings with which `ivf` finds `wanted`, from 0 to 1, of the K nearest of faces like `known`, the fastest.

    That is exceeded on the faces chosen on by so much that CONFIRMING others confirm it.
    """
    part = max(1, round(len(known.rows) * CHOOSING / (CHOOSING + CONFIRMING)))
    choosing, confirming = known.part(slice(0, part)), known.part(slice(part, None))
    if not len(confirming.rows):
        confirming = choosing
    for probing in sorted(_enough(ivf, choosing, wanted), key=lambda one: _cost(ivf, one, choosing)):
        ranks = _ranks(confirming, ivf.candidates_of_each(confirming.probes, *_search(probing)))
        recall = float(np.mean(_shares(ranks, _NO_RANK)))
        if recall >= wanted:
            lists = round(_lists_read(ivf, probing, choosing))
            plain = _plain_lists(ivf, wanted, probing.candidates, choosing)
            return Tuned(probing, recall, lists, plain, probing.candidates)
    return Tuned(None, 1.0, ivf.lists, ivf.lists, _CANDIDATES[-1])


def milliseconds(index: FaceIndex, probes: Vectors) -> float:
    """The median time of a search for the K nearest of one of `probes`, on one thread."""
    times = []
    for probe in probes:
        began = time.perf_counter()
        nearest(index, probe, K, np.inf)
        times.append(time.perf_counter() - began)
    return 1e3 * statistics.median(times) if times else 0.0


def _enough(ivf: Ivf, known: Neighbours, wanted: float) -> list[Probing]:
    """For each number of candidates the least spread that finds enough, if any does."""
    further, _ = _places(ivf, known)
    slope = float(np.quantile(further / np.sqrt(np.maximum(known.squares, 1e-12)), 1 - _WITHIN * (1 - wanted)))
    settings: dict[int, Probing] = {}
    for missed in _MISSED:
        spread = float(np.quantile(further, 1 - missed * (1 - wanted)))
        ranks = _ranks(known, ivf.candidates_of_each(known.probes, spread, _CANDIDATES[-1] + 1))
        for count in _CANDIDATES:
            found = _shares(ranks, count + 1)  # itself is found, too
            error = np.std(found) * (1 / len(found) + 1 / CONFIRMING) ** 0.5
            if np.mean(found) - _CERTAINTY * error >= wanted:
                settings.setdefault(count, Probing(spread, slope, count))
    return list(settings.values())


def _places(ivf: Ivf, known: Neighbours) -> tuple[npt.NDArray[np.float32], Rows]:
    """How much further than the nearest list that of each neighbour is, float32 [p, K], and its place, int64 [p, K].

    Both are 0 where a neighbour is missing.
    """
    list_of = ivf.list_of_each(ivf.index.ntotal)
    further = np.zeros(known.near.shape, dtype=np.float32)
    places = np.zeros(known.near.shape, dtype=np.int64)
    for number, (probe, near) in enumerate(zip(known.probes, known.near, strict=True)):
        squares, lists = ivf.nearest_lists(probe, np.inf)
        place_of = np.argsort(lists)
        there = near >= 0
        places[number, there] = place_of[list_of[near[there]]]
        further[number] = squares[places[number]] - squares[0]
    return further, places


def _plain_lists(ivf: Ivf, wanted: float, candidates: int, known: Neighbours) -> int:
    """How many lists FAISS's own search must read to find as much."""
    _, places = _places(ivf, known)
    for missed in _MISSED:
        lists = int(np.quantile(places, 1 - missed * (1 - wanted), method="higher")) + 1
        ranks = _ranks(known, ivf.candidates_of_lists(known.probes, lists, candidates + 1))
        if np.mean(_shares(ranks, _NO_RANK)) >= wanted:
            return lists
    return ivf.lists


def _ranks(known: Neighbours, candidates: list[Rows]) -> Rows:
    """Which of its probe's candidates each neighbour is, int64 [p, K]; _NO_RANK for none, -1 where it is missing."""
    ranks = np.full(known.near.shape, _NO_RANK, dtype=np.int64)
    for number, (near, rows) in enumerate(zip(known.near, candidates, strict=True)):
        neighbour, rank = np.nonzero(near[:, None] == rows)
        ranks[number, neighbour] = rank
    ranks[known.near < 0] = -1
    return ranks


def _shares(ranks: Rows, candidates: int) -> npt.NDArray[np.float64]:
    """The share of each probe's neighbours that are among its first candidates: float64 [p]."""
    return np.asarray(np.mean(ranks < candidates, axis=1))


def _search(probing: Probing) -> tuple[float, int]:
    return probing.spread, probing.candidates + 1


def _lists_read(ivf: Ivf, probing: Probing, known: Neighbours) -> float:
    """How many lists a probe reads, the median."""
    return statistics.median(len(ivf.nearest_lists(probe, probing.spread)[1]) for probe in known.probes)


def _cost(ivf: Ivf, probing: Probing, known: Neighbours) -> float:
    """What a search costs, in codes that could be read meanwhile; counted, so that the same faces give the same."""
    return _lists_read(ivf, probing, known) / ivf.lists * float(ivf.index.ntotal) + _CANDIDATE * probing.candidates
