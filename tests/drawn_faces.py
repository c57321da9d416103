"""Faces of drawn people: a few directions hold most of the variance, as with real ones."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np

from faceindex.types import FaceIds, Vectors
from faceindex.vectors import faiss_file
from faceindex.vectors.building import blocks_of, learned
from faceindex.vectors.ivf import Ivf
from faceindex.vectors.nearest import FaceIndex


def drawn_faces(count: int, seed: int = 0) -> Vectors:
    """float32 [count, 128]: three of a person on average."""
    random = np.random.default_rng(seed)
    spread = 0.25 * np.exp(-np.arange(128) / 30)
    people = random.normal(size=(count // 3 + 1, 128)) * spread
    who = random.integers(len(people), size=count)
    faces: Vectors = (people[who] + 0.3 * random.normal(size=(count, 128)) * spread + 0.1).astype(np.float32)
    return faces


def flat_index(ids: FaceIds, vectors: Vectors) -> FaceIndex:
    """An exact index in memory: ids int64 [n], vectors float32 [n, d], in any order."""
    return FaceIndex(ids, np.ascontiguousarray(vectors))


def mapped_index(ids: FaceIds, vectors: Vectors) -> FaceIndex:
    """An exact index in a file, of which no name is left."""
    with tempfile.TemporaryDirectory() as temporary:
        path = Path(temporary, "faces.faiss")
        with path.open("w+b") as file:
            faiss_file.write(file, blocks_of(ids, vectors, 100))
        return faiss_file.open_mapped(path, None)


def approximate_index(ids: FaceIds, vectors: Vectors, recall: float = 0.9) -> FaceIndex:
    """An approximate index in memory."""
    index, found = learned(blocks_of(ids, vectors), recall)
    return FaceIndex(ids, vectors, Ivf(index), found.probing, index)
