"""What every clustering method is given, and what it returns: the one small interface behind which they stand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from faceindex.clustering.graph import NeighbourGraph, without
from faceindex.clustering.rules import Rules
from faceindex.running.stop import Stop
from faceindex.types import Labels, Vectors


@dataclass(frozen=True, slots=True)
class Problem:
    """Faces to be clustered.

    vectors: float32 [n, d]. graph: of neighbours within `threshold`, Euclidean. rules: on them. seed: of what is drawn.
    stop: ends it between two rounds. excess: float32 [n], what is added to squared distances of each face, see
    `faceindex.clustering.crowding`; None adds nothing. The graph has no edge that is beyond the threshold with it.
    threads: that a method may use. in_place: it may change vectors while it runs, and puts them back.
    """

    vectors: Vectors
    graph: NeighbourGraph
    rules: Rules
    threshold: float
    seed: int = 0
    stop: Stop = field(default_factory=Stop)
    excess: npt.NDArray[np.float32] | None = None
    threads: int = 1
    in_place: bool = False

    def without(self, rows: npt.NDArray[np.bool_]) -> Problem:
        """The same without the edges of `rows`, bool [n]; these remain as nodes, and the rules hold for them."""
        return replace(self, graph=without(self.graph, rows))


Method = Callable[[Problem], Labels]
"""Labels int64 [n], that obey the rules; -1 or a label that no other face has is no cluster."""
