"""The scan behind a sketched index: true distances only for rows that a lower bound cannot rule out.

Rows lie in blocks of BLOCK, each a table of codes by dimension, so that the bounds of a whole block are computed
in vector registers. Distances of codes are in units of the sketch's step, see `faceindex.search.sketch`.
"""

from __future__ import annotations

import numpy as np

from faceindex.kernels import kernel, kernel_after
from faceindex.search import first_scans
from faceindex.search.first_scans import HEAD, Codes, Doubles, Floats, Places
from faceindex.types import FaceIds, Vectors

BLOCK = 128
"""Rows in a block: their sums fill the vector registers."""


@kernel(fastmath=True)
def _any_near(codes: Codes, probe: Floats, limit: np.float32, sums: Floats) -> bool:
    """Squared distances of codes, int8 [m, BLOCK], to the probe's, float32 [m], into `sums`, float32 [BLOCK].

    Returns whether any is within `limit`; if not, the sums may be of the first dimensions only.
    """
    sums[:] = 0
    start, stop = 0, min(HEAD, len(probe))
    while True:
        for dimension in range(start, stop):
            value = probe[dimension]
            for row in range(BLOCK):
                away = np.float32(codes[dimension, row]) - value
                sums[row] += away * away
        near = np.int32(0)
        for row in range(BLOCK):
            near += np.int32(sums[row] <= limit)
        if near == 0 or stop == len(probe):
            return bool(near > 0)
        start, stop = stop, len(probe)


@kernel(fastmath=True)
def _squared_distance(vector: Floats, probe: Doubles) -> np.float64:
    total = 0.0
    for dimension in range(len(probe)):
        away = np.float64(vector[dimension]) - probe[dimension]
        total += away * away
    return np.float64(total)


@kernel()
def _code_limit(distance: float, slack: float, step: float) -> np.float32:
    """The squared distance of codes that no row within `distance` of the probe exceeds."""
    return np.float32(((distance + slack) / step) ** 2 * (1 + 1e-5))


@kernel()
def _blocks(starts: Places, lists: Places) -> Places:
    """The blocks that hold rows of `lists`, in that order, each once: the border of two lists may lie within one."""
    seen = np.zeros(starts[-1] // BLOCK + 1, dtype=np.bool_)
    blocks = np.empty(len(seen), dtype=np.int64)
    count = 0
    for chosen in lists:
        for block in range(starts[chosen] // BLOCK, (starts[chosen + 1] + BLOCK - 1) // BLOCK):
            if not seen[block]:
                seen[block] = True
                blocks[count] = block
                count += 1
    return blocks[:count]


@kernel_after(first_scans.nearest_rows)
def nearest_rows(
    codes: Codes,
    starts: Places,
    lists: Places,
    coded: Floats,
    vectors: Vectors,
    ids: FaceIds,
    probe: Doubles,
    k: int,
    threshold: float,
    slack: float,
    step: float,
) -> Places:
    """The at most k rows of `lists` nearest to `probe` and within `threshold`, nearest first, ties by id: int64 [m].

    Rows of other lists are looked at, too, where they share a block. codes: int8 [b, m, BLOCK]. starts: int64 [l + 1],
    first row of each list. lists: those that are likely near should come first. coded: the probe's sketch, float32 [m].
    vectors: float32 [n, d]. ids: int64 [n]. slack: how much too long a lower bound may be. step: of the codes.
    """
    rows = np.empty(k, dtype=np.int64)
    squares = np.empty(k, dtype=np.float64)
    sums = np.empty(BLOCK, dtype=np.float32)
    found, count = 0, len(ids)
    worst = threshold * threshold * (1 + 1e-12)
    limit = _code_limit(threshold, slack, step)
    for block in _blocks(starts, lists):
        if not _any_near(codes[block], coded, limit, sums):
            continue
        first = block * BLOCK
        for place in range(min(BLOCK, count - first)):
            if sums[place] > limit:
                continue
            row = first + place
            square = _squared_distance(vectors[row], probe)
            if square > worst or (found == k and square == squares[k - 1] and ids[row] > ids[rows[k - 1]]):
                continue
            at = min(found, k - 1)
            while at > 0 and (squares[at - 1] > square or (squares[at - 1] == square and ids[rows[at - 1]] > ids[row])):
                squares[at], rows[at] = squares[at - 1], rows[at - 1]
                at -= 1
            squares[at], rows[at] = square, row
            found = min(found + 1, k)
            if found == k:
                worst = squares[k - 1]
                limit = _code_limit(np.sqrt(worst), slack, step)
    return rows[:found]


@kernel()
def reorder(vectors: Vectors, order: Places) -> None:
    """Make row `order[i]` of `vectors`, float32 [n, d], row i, for all i, in place. order: a permutation, int64 [n]."""
    done = np.zeros(len(order), dtype=np.bool_)
    for start in range(len(order)):
        if done[start]:
            continue
        first = vectors[start].copy()
        here = start
        while True:
            done[here] = True
            if order[here] == start:
                vectors[here] = first
                break
            vectors[here] = vectors[order[here]]
            here = order[here]
