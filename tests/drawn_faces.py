"""Faces of drawn people: a few directions hold most of the variance, as with real ones."""

from __future__ import annotations

import numpy as np

from faceindex.search.nearest import FaceIndex
from faceindex.types import FaceIds, Vectors


def drawn_faces(count: int, seed: int = 0) -> Vectors:
    """float32 [count, 128]: three of a person on average."""
    random = np.random.default_rng(seed)
    spread = 0.25 * np.exp(-np.arange(128) / 30)
    people = random.normal(size=(count // 3 + 1, 128)) * spread
    who = random.integers(len(people), size=count)
    faces: Vectors = (people[who] + 0.3 * random.normal(size=(count, 128)) * spread + 0.1).astype(np.float32)
    return faces


def flat_index(ids: FaceIds, vectors: Vectors) -> FaceIndex:
    """An exact index without a sketch: ids int64 [n], vectors float32 [n, d], in any order."""
    rising = np.argsort(ids)
    return FaceIndex(ids[rising], np.ascontiguousarray(vectors[rising]))
