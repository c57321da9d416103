"""Clusters by their centres: what mean distances between and within them follow from, without looking at pairs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from faceindex.clustering.graph import Integers
from faceindex.types import Vectors

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Centres:
    """places: float64 [c, d], mean of each cluster. faces: int64 [c]. spreads: float64 [c], mean squared distance of a
    face from the place, with what each row brings of its own."""

    places: Floats
    faces: Integers
    spreads: Floats


def centres_of(
    vectors: Vectors, owner: Integers, *, sizes: Integers | None = None, spreads: npt.NDArray[np.floating] | None = None
) -> Centres:
    """The clusters 0 to c - 1 of rows, float32 [n, d]; owner: int64 [n], the cluster of each row, none without one.

    sizes, spreads: int64 [n] and float [n], faces that a row stands for and their mean squared distance from it, by
    default 1 and 0.
    """
    sizes = np.ones(len(owner), dtype=np.int64) if sizes is None else sizes
    order = np.argsort(owner, kind="stable")
    first = np.flatnonzero(np.diff(owner[order], prepend=-1))
    faces = np.bincount(owner, weights=sizes)
    weighed = vectors[order].astype(np.float64)
    weighed *= sizes[order, None]
    places = np.add.reduceat(weighed, first, axis=0) / faces[:, None] if len(first) else weighed
    away = np.square(vectors - places[owner]).sum(axis=1) + (0 if spreads is None else spreads)
    return Centres(places, faces.astype(np.int64), np.bincount(owner, weights=away * sizes) / faces)
