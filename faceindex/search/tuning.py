"""How many lists an approximate search must look at, told from the library's own faces."""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from faceindex.search.first_scans import Places
from faceindex.search.nearest import FaceIndex, nearest

K = 10
"""Neighbours that recall is measured over."""

PROBES = 1000
"""Faces of the library that look for their neighbours, themselves left out."""

_TIMED = 100  # probes of which the time is taken
_CERTAINTY = 2.5  # standard errors that the measured recall is above the wanted one
_CONFIRMING = 300  # other probes over which the wanted recall is to be confirmed with that certainty


@dataclass(frozen=True, slots=True)
class Tuned:
    """recall: measured, of the K nearest. milliseconds: median of one query on one thread."""

    index: FaceIndex
    recall: float
    milliseconds: float


def tuned(index: FaceIndex, wanted: float, *, seed: int = 0) -> Tuned:
    """`index`, which has a sketch, with as few lists as give recall `wanted`, from 0 to 1; with all when none do.

    PROBES faces are taken out one by one, and the list in which each of their true neighbours lies is noted: a
    neighbour is found if and only if its list is looked at, so this gives the recall of every number of lists
    at once. The wanted recall is exceeded by so much that _CONFIRMING other probes confirm it.
    """
    rows = np.random.default_rng(seed).choice(len(index.ids), min(PROBES, len(index.ids)), replace=False)
    by_id = np.argsort(index.ids)
    places = np.array([_places_of_neighbours(index, by_id, int(row)) for row in rows])
    lists, recall = _fewest_lists(places, wanted)
    chosen = replace(index, lists=lists)
    return Tuned(chosen, recall, milliseconds(chosen, rows[:_TIMED]))


def milliseconds(index: FaceIndex, rows: npt.NDArray[np.int64]) -> float:
    """The median time of a search for the K nearest of one row's vector."""
    times = []
    for row in rows:
        began = time.perf_counter()
        nearest(index, index.vectors[row], K, np.inf)
        times.append(time.perf_counter() - began)
    return 1e3 * statistics.median(times) if times else 0.0


def _places_of_neighbours(index: FaceIndex, by_id: Places, row: int) -> Places:
    """When the list of each of the K nearest of `row` without itself comes: int64 [K], 0 for the nearest list.

    by_id: the rows by rising id. Where the index has fewer faces, 0 stands for those that are missing.
    """
    sketch = index.sketch
    assert sketch is not None
    probe = index.vectors[row]
    ids, _ = nearest(replace(index, lists=None), probe, K + 1, np.inf)
    others = ids[ids != index.ids[row]][:K]
    neighbours = by_id[np.searchsorted(index.ids, others, sorter=by_id)]
    place_of_list = np.argsort(sketch.coded(probe)[2])
    places = np.zeros(K, dtype=np.int64)
    places[: len(neighbours)] = place_of_list[np.searchsorted(sketch.starts, neighbours, side="right") - 1]
    return places


def _fewest_lists(places: Places, wanted: float) -> tuple[int, float]:
    """The least number of lists of which recall less its error is `wanted`, and recall. places: int64 [probes, K]."""
    for lists in range(1, int(places.max()) + 1):
        found = np.mean(places < lists, axis=1)
        error = np.std(found) * (1 / len(found) + 1 / _CONFIRMING) ** 0.5
        if np.mean(found) - _CERTAINTY * error >= wanted:
            return lists, float(np.mean(found))
    return int(places.max()) + 1, 1.0
