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
_MISSED = (1, 0.7, 0.5, 0.4, 0.3, 0.2, 0.1, 0.05, 0)  # of what may be missed, the shares tried for unread lists
_CANDIDATE = 90  # codes are read while one candidate is ranked
_HARDEST = 0.1  # of the faces, those for which most lists are read
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

    @property
    def tenth(self) -> Floats:
        """The distance of the last of them: float32 [p]."""
        distances: Floats = np.sqrt(np.maximum(self.squares[:, -1], 1e-12))
        return distances

    def part(self, some: slice) -> Neighbours:
        """Of some of the probes."""
        return Neighbours(self.rows[some], self.probes[some], self.near[some], self.squares[some])


@dataclass(frozen=True, slots=True)
class Tuned:
    """probing: None when only an exact search finds as much as was asked for. recall: of the CONFIRMING.

    lists: that a probe reads with it, the median. nprobe, k_factor: with which FAISS alone finds as much.
    """

    probing: Probing | None
    recall: float
    lists: int
    nprobe: int
    k_factor: float


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
    chosen_on = slice(0, part)
    others = slice(part, None) if part < len(known.rows) else chosen_on
    choosing, confirming = known.part(chosen_on), known.part(others)
    for probing in _enough(ivf, choosing, wanted):
        recall = float(np.mean(_Scan.of(ivf, confirming, probing).shares(probing)))
        if recall >= wanted:
            lists = round(_Scan.of(ivf, choosing, probing).lists)
            plain = _plain_settings(ivf, wanted, known, probing.spread, chosen_on, others, recall)
            return Tuned(probing, recall, lists, *plain)
    return Tuned(None, 1.0, ivf.lists, ivf.lists, _CANDIDATES[-1] / K)


def milliseconds(index: FaceIndex, probes: Vectors) -> float:
    """The median time of a search for the K nearest of one of `probes`, on one thread."""
    times = []
    for probe in probes:
        began = time.perf_counter()
        nearest(index, probe, K, np.inf)
        times.append(time.perf_counter() - began)
    return 1e3 * statistics.median(times) if times else 0.0


def _enough(ivf: Ivf, known: Neighbours, wanted: float) -> list[Probing]:
    """For each number of candidates the settings that read the fewest lists and find enough, if any do, and the cost
    of a search with them."""
    further, _ = _places(ivf, known)
    distances = np.sqrt(np.maximum(known.squares, 1e-12))
    slope = float(np.quantile(further / distances, 1 - _WITHIN * (1 - wanted)))
    settings: dict[int, tuple[float, Probing]] = {}
    for missed in _MISSED:
        spread = float(np.quantile(further, 1 - missed * (1 - wanted)))
        scan = _Scan.of(ivf, known, Probing(spread, slope, _CANDIDATES[-1]))
        over = scan.estimated - np.square(known.tenth)[:, None]
        slack = float(np.quantile(over[scan.ranks < _NO_RANK], 1 - _WITHIN / 2 * (1 - wanted), method="higher"))
        for count in _CANDIDATES:
            probing = Probing(spread, slope, count, slack)
            if count not in settings and _surely(scan.shares(probing), wanted):
                settings[count] = scan.cost(probing), probing
    return [probing for _, probing in sorted(settings.values(), key=lambda one: one[0])]


@dataclass(frozen=True, slots=True)
class _Scan:
    """What a search by some settings reads when it looks for `known`.

    estimates: float32 [p, c], of all candidates, rising, squared. estimated: float32 [p, K], of the true neighbours.
    ranks: which candidates these are, int64 [p, K], _NO_RANK for none, -1 where one is missing. codes: that are read,
    the median, and lists.
    """

    known: Neighbours
    estimates: Floats
    estimated: Floats
    ranks: Rows
    lists: float
    codes: float

    @classmethod
    def of(cls, ivf: Ivf, known: Neighbours, probing: Probing) -> _Scan:
        squares, lists = ivf.nearest_lists_of_each(known.probes, probing.spread)
        estimates, rows = ivf.scanned(known.probes, squares, lists, probing.candidates + 1)  # itself is found, too
        ranks = _ranks(known, rows)
        estimated = np.take_along_axis(estimates, np.clip(ranks, 0, estimates.shape[1] - 1), axis=1)
        read = statistics.median(np.sum(lists >= 0, axis=1).tolist())
        return cls(known, estimates, estimated, ranks, read, read / ivf.lists * float(ivf.index.ntotal))

    def shares(self, probing: Probing) -> npt.NDArray[np.float64]:
        """The share of each probe's neighbours that are found: float64 [p]."""
        near = self.estimated <= np.square(self.known.tenth)[:, None] + probing.slack
        return np.asarray(np.mean((self.ranks <= probing.candidates) & near | (self.ranks < 0), axis=1))

    def cost(self, probing: Probing) -> float:
        """Of a search, in codes that could be read meanwhile; counted, so that the same faces give the same."""
        ranked = np.sum(self.estimates <= np.square(self.known.tenth)[:, None] + probing.slack, axis=1)
        return self.codes + _CANDIDATE * float(np.median(np.minimum(ranked, probing.candidates)))


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


def _plain_settings(
    ivf: Ivf, wanted: float, known: Neighbours, spread: float, chosen_on: slice, others: slice, recorded: float
) -> tuple[int, float]:
    """How many lists FAISS's own search must read, and how many times K candidates it must rank, to find as much.

    It finds `wanted` as surely as our search does, of the `others` no less than is recorded, and `wanted` of those for
    which our search reads most lists, too: FAISS reads as many for them as for a probe in the middle of a list.
    """
    read = np.sum(ivf.nearest_lists_of_each(known.probes, spread)[1] >= 0, axis=1)
    hardest = read >= np.quantile(read, 1 - _HARDEST)
    _, places = _places(ivf, known)
    for missed in _MISSED:
        lists = int(np.quantile(places, 1 - missed * (1 - wanted), method="higher")) + 1
        ranks = _ranks(known, ivf.scanned_by_faiss(known.probes, lists, _CANDIDATES[-1] + 1))
        for count in _CANDIDATES:
            shares = np.mean(ranks <= count, axis=1)  # itself is found, too
            enough = np.mean(shares[hardest]) >= wanted and np.mean(shares[others]) >= recorded
            if enough and _surely(shares[chosen_on], wanted):
                return lists, count / K
    return ivf.lists, _CANDIDATES[-1] / K


def _surely(shares: npt.NDArray[np.float64], wanted: float) -> bool:
    """Whether others will find `wanted` where faces that settings are chosen on find `shares`, float64 [p]."""
    error = np.std(shares) * (1 / len(shares) + 1 / CONFIRMING) ** 0.5
    return bool(np.mean(shares) - _CERTAINTY * error >= wanted)


def _ranks(known: Neighbours, candidates: Rows) -> Rows:
    """Which of its probe's candidates each neighbour is, int64 [p, K]; _NO_RANK for none, -1 where it is missing."""
    ranks = np.full(known.near.shape, _NO_RANK, dtype=np.int64)
    for number, (near, rows) in enumerate(zip(known.near, candidates, strict=True)):
        neighbour, rank = np.nonzero(near[:, None] == rows)
        ranks[number, neighbour] = rank
    ranks[known.near < 0] = -1
    return ranks
