"""An approximate index is learned, filled and tuned from vectors that come in blocks, never all of them in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from faceindex.running.meter import Meter
from faceindex.types import FaceIds, Vectors
from faceindex.vectors.exact import Rows, k_nearest_of_blocks
from faceindex.vectors.ivf import ROWS_PER_CENTROID, Ivf, filled, lists_for, trained
from faceindex.vectors.tuning import CHOOSING, CONFIRMING, K, Tuned, tuned, without_themselves

Block = tuple[FaceIds, Vectors]
"""ids int64 [m] and vectors float32 [m, d]."""

Learned = tuple[Any, Tuned]
"""A faiss.IndexIVFPQFastScan of all vectors, and with which settings it finds as much as was asked for."""

READS = 2
"""How often `learned` reads all vectors."""


@dataclass(frozen=True, slots=True)
class Blocks:
    """`faces` vectors of so many numbers. read: begins to read them, each time in the same order."""

    faces: int
    dimension: int
    read: Callable[[], Iterator[Block]]

    def vectors(self) -> Iterator[Vectors]:
        """Block by block."""
        return (vectors for _, vectors in self.read())


def blocks_of(ids: FaceIds, vectors: Vectors, size: int = 8192) -> Blocks:
    """Arrays as blocks: ids int64 [n], vectors float32 [n, d]."""

    def read() -> Iterator[Block]:
        for start in range(0, len(ids), size):
            yield ids[start : start + size], vectors[start : start + size]

    return Blocks(len(ids), vectors.shape[1], read)


def watched(blocks: Blocks, meter: Meter) -> Blocks:
    """`blocks`, whose vectors are steps of the meter each time they are read. Reading raises JobCancelled, too."""

    def read() -> Iterator[Block]:
        for ids, vectors in blocks.read():
            yield ids, vectors
            meter.advance(len(ids))

    return Blocks(blocks.faces, blocks.dimension, read)


def learned(blocks: Blocks, recall: float, *, threads: int = 1, seed: int = 0) -> Learned:
    """An approximate index of all vectors that finds `recall`, from 0 to 1.

    blocks: of one vector at least. Memory: ROWS_PER_CENTROID vectors for each list, and 44 bytes a face.
    """
    random = np.random.default_rng(seed)
    lists, asking = lists_for(blocks.faces), CHOOSING + CONFIRMING
    wanted = min(blocks.faces, lists * ROWS_PER_CENTROID + asking)
    rows = np.sort(random.choice(blocks.faces, wanted, replace=False))
    sample = _picked(blocks, rows)
    probing = np.zeros(len(rows), dtype=bool)
    probing[random.choice(len(rows), min(asking, len(rows)), replace=False)] = True
    order = random.permutation(np.flatnonzero(probing))
    probes = sample[order]
    if len(rows) - len(order) >= lists * ROWS_PER_CENTROID:
        sample = _without(sample, probing)
    index = trained(sample, lists, threads=threads, seed=seed)
    del sample
    squares, near = k_nearest_of_blocks(
        probes, filled(index, blocks.vectors(), threads=threads), K + 1, threads=threads
    )
    return index, tuned(Ivf(index), recall, without_themselves(rows[order], probes, squares, near))


def _without(vectors: Vectors, some: npt.NDArray[np.bool_], chunk: int = 4096) -> Vectors:
    """`vectors`, float32 [n, d], without `some`, bool [n]; moved in place, as they are many."""
    others = np.flatnonzero(~some)
    for start in range(0, len(others), chunk):
        vectors[start : start + chunk][: len(others) - start] = vectors[others[start : start + chunk]]
    return vectors[: len(others)]


def _picked(blocks: Blocks, rows: Rows) -> Vectors:
    """Some vectors: float32 [len(rows), d]. rows: rising."""
    picked, start, done = np.empty((len(rows), blocks.dimension), dtype=np.float32), 0, 0
    for vectors in blocks.vectors():
        here = rows[done : np.searchsorted(rows, start + len(vectors))] - start
        picked[done : done + len(here)] = vectors[here]
        start, done = start + len(vectors), done + len(here)
    return picked
