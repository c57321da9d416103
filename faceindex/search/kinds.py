"""Kinds of index.

flat: exact, every vector compared. ivf: approximate, of the lists only those are read in which neighbours are likely,
as many as give the wanted recall. auto: by the number of faces.
"""

from __future__ import annotations

from dataclasses import dataclass

from faceindex.errors import UsageError

AUTO, FLAT, IVF = "auto", "flat", "ivf"
KINDS = (AUTO, FLAT, IVF)

RECALL = 0.99
"""Of the ten nearest, what an approximate index finds on average unless another share is asked for."""

FLAT_UP_TO = 50_000
"""Faces that "auto" searches exactly, in some two milliseconds; such an index takes no longer to build than a photo."""


@dataclass(frozen=True, slots=True)
class IndexConfig:
    """kind: one of KINDS. recall: wanted of an approximate one, from 0 to 1. Raises: UsageError."""

    kind: str
    recall: float

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise UsageError(f"no kind of index is called {self.kind}; there are {', '.join(KINDS)}")
        if not 0 < self.recall < 1:
            raise UsageError(f"a recall must be between 0 and 1, not {self.recall:g}; --kind flat finds all")


@dataclass(frozen=True, slots=True)
class BuildReport:
    """How an index was built.

    kind: not auto. recall: of the ten nearest, measured on faces of its own that nothing was chosen on; 1 when exact.
    milliseconds: median of one query on one thread, when it was built. lists: how many of all_lists a query reads, the
    median; 0 of 0 when exact. candidates: faces that it ranks by exact distances to find ten. nprobe,
    k_factor: FAISS's settings in the file, with which FAISS alone finds as much. seconds: that building took.
    """

    kind: str
    recall: float
    milliseconds: float
    lists: int
    all_lists: int
    seconds: float
    candidates: int = 0
    nprobe: int = 0
    k_factor: float = 0.0


def kind_for(config: IndexConfig, faces: int) -> str:
    """What "auto" means for so many faces; any other kind is itself, but an empty index is always flat."""
    if config.kind == AUTO:
        return FLAT if faces <= FLAT_UP_TO else IVF
    return config.kind if faces else FLAT
