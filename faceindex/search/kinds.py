"""Kinds of index: which there are, how one is made, and which arrays it is kept in.

flat: exact, every vector compared. pruned: exact, what a sketch rules out is not compared. ivf: approximate, of the
sketch's lists only the nearest are looked at, as many as give the wanted recall. auto: by the number of faces.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from faceindex.errors import UsageError
from faceindex.search.files import Arrays
from faceindex.search.nearest import FaceIndex, build_sketched
from faceindex.search.sketch import Axes, Sketch, lists_for
from faceindex.search.tuning import milliseconds, tuned
from faceindex.types import FaceIds, Vectors

AUTO, FLAT, PRUNED, IVF = "auto", "flat", "pruned", "ivf"
KINDS = (AUTO, FLAT, PRUNED, IVF)

RECALL = 0.99
"""Of the ten nearest, what an approximate index finds on average unless another share is asked for."""

_FLAT_UP_TO = 20_000  # faces, among which an exact search takes a millisecond or two in any way
_EXACT_UP_TO = 500_000  # faces, among which a pruned search takes some five milliseconds
_LISTS_PER_ROOT = {PRUNED: 1, IVF: 2}  # of the number of faces


@dataclass(frozen=True, slots=True)
class Choice:
    """kind: one of KINDS. recall: wanted of an approximate one, from 0 to 1."""

    kind: str
    recall: float

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise UsageError(f"no kind of index is called {self.kind}; there are {', '.join(KINDS)}")
        if not 0 < self.recall < 1:
            raise UsageError(f"a recall must be between 0 and 1, not {self.recall:g}; --kind pruned finds all")


@dataclass(frozen=True, slots=True)
class Made:
    """How an index was made.

    kind: not auto. recall: measured over its own faces; 1 when exact. milliseconds: median of one query on one thread,
    when it was built. lists: how many of all_lists are looked at; 0 of 0 without a sketch. seconds: that building took.
    """

    kind: str
    recall: float
    milliseconds: float
    lists: int
    all_lists: int
    seconds: float


def plain() -> Made:
    """An index without a sketch."""
    return Made(FLAT, 1.0, 0.0, 0, 0, 0.0)


def kind_for(choice: Choice, faces: int) -> str:
    """What "auto" means for so many faces; any other kind is itself, but a handful of faces has no sketch."""
    if choice.kind == AUTO:
        return FLAT if faces <= _FLAT_UP_TO else PRUNED if faces <= _EXACT_UP_TO else IVF
    return choice.kind if faces else FLAT


def make(ids: FaceIds, vectors: Vectors, choice: Choice, *, threads: int = 1) -> tuple[FaceIndex, Made]:
    """An index of faces: ids int64 [n], rising, and vectors float32 [n, d], whose rows it may bring into another order.

    Beside the vectors it takes some 80 bytes a face, and less than 100 MB more.
    """
    kind = kind_for(choice, len(ids))
    if kind == FLAT:
        flat = FaceIndex(ids, vectors)
        return flat, Made(FLAT, 1.0, milliseconds(flat, np.arange(min(10, len(ids)))), 0, 0, 0.0)
    index = build_sketched(ids, vectors, lists_for(len(ids), _LISTS_PER_ROOT[kind]), threads=threads)
    assert index.sketch is not None
    lists = len(index.sketch.centres)
    if kind == PRUNED:
        some = np.random.default_rng(0).choice(len(ids), min(100, len(ids)), replace=False)
        return index, Made(PRUNED, 1.0, milliseconds(index, some), lists, lists, 0.0)
    best = tuned(index, choice.recall)
    assert best.index.lists is not None
    return best.index, Made(IVF, best.recall, best.milliseconds, best.index.lists, lists, 0.0)


def arrays(index: FaceIndex) -> Arrays:
    """The arrays of an index by the names of their files."""
    found: dict[str, np.ndarray] = {"ids.npy": index.ids, "vectors.npy": index.vectors}
    sketch = index.sketch
    if sketch:
        figures = np.array([sketch.step, sketch.slack], dtype=np.float64)
        found |= {"mean.npy": sketch.axes.mean, "axes.npy": sketch.axes.axes, "middle.npy": sketch.middle}
        found |= {"figures.npy": figures, "centres.npy": sketch.centres, "starts.npy": sketch.starts}
        found |= {"codes.npy": sketch.codes}
    return found


def of_arrays(found: Arrays, made: Made) -> FaceIndex:
    """The index of which these are the arrays."""
    if "codes.npy" not in found:
        return FaceIndex(found["ids.npy"], found["vectors.npy"])
    step, slack = map(float, found["figures.npy"])
    sketch = Sketch(
        Axes(found["mean.npy"], found["axes.npy"]),
        *(found["middle.npy"], step, slack),
        *(found["centres.npy"], found["starts.npy"], found["codes.npy"]),
    )
    return FaceIndex(found["ids.npy"], found["vectors.npy"], sketch, made.lists if made.kind == IVF else None)
