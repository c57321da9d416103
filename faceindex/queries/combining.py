"""Several faces of one person as one probe, and the first of grouped matches: over arrays."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence

import numpy as np
import numpy.typing as npt

from faceindex.types import Vectors
from faceindex.vectors.nearest import Found


def combined(vectors: Vectors) -> npt.NDArray[np.float32]:
    """One probe for faces of one person, float32 [n, d], n > 0: the mean of their directions, at their mean length.

    Measured over lfw-dev with two photos of a person as probe, recipe sface: finds 0.995 of the person's other photos
    at a false match rate of 1e-4, at 1.073, a single photo 0.972 at 1.079, the nearest of two 0.993 at 1.070. So it is
    the best of these, and thresholds for single faces hold for it.
    """
    lengths = np.linalg.norm(vectors.astype(np.float64), axis=1, keepdims=True)
    mean = np.mean(vectors / np.maximum(lengths, 1e-12), axis=0)
    scaled: npt.NDArray[np.float32] = (mean * (lengths.mean() / max(np.linalg.norm(mean), 1e-12))).astype(np.float32)
    return scaled


def first_accepted(
    find: Callable[[int], Found], k: int, keep: Callable[[Found], Found], *, begin: int | None = None
) -> Found:
    """The first k of the faces that are found and accepted; more are searched until there are k.

    find: the at most m nearest, nearest first. keep: a part of what was found, in the same order. begin: number that is
    searched first, k by default.
    """
    wanted = k if begin is None else begin
    while True:
        found = find(wanted)
        ids, distances = keep(found)
        if len(ids) >= k or len(found[0]) < wanted:
            return ids[:k], distances[:k]
        wanted = 4 * wanted + 16


def firsts(groups: Iterable[Hashable]) -> Iterator[int]:
    """Places of the first member of each group."""
    seen = set()
    for place, group in enumerate(groups):
        if group not in seen:
            seen.add(group)
            yield place


def best_overlap(wanted: Sequence[float]) -> int | None:
    """The place of the largest overlap; None when there is none at all."""
    place = int(np.argmax(wanted)) if len(wanted) else None
    return place if place is not None and wanted[place] > 0 else None
