"""Connected components: which nodes are bound to each other, perhaps through others."""

from __future__ import annotations

import numpy as np

from faceindex.types import Labels


def components(left: np.ndarray, right: np.ndarray, count: int) -> Labels:
    """int64 [count]: the number of each node's component, from 0. left, right: nodes of [0, count), the edges' ends."""
    import scipy  # takes longer than most commands

    matrix = scipy.sparse.coo_matrix((np.ones(len(left), dtype=np.int8), (left, right)), shape=(count, count))
    _, found = scipy.sparse.csgraph.connected_components(matrix, directed=False)
    return np.asarray(found, dtype=np.int64)
