"""The table of clusters against people."""

from __future__ import annotations

import numpy as np

from faceindex.evaluation.contingency import contingency


def test_cells_hold_the_faces_that_a_cluster_and_a_person_share() -> None:
    table = contingency(np.array([8, 8, 8, 3, -1, -1]), np.array([1, 1, 2, 2, 2, 2]))
    shared = table.shared[table.cell].tolist()
    assert shared == [2, 2, 1, 1, 1, 1]
    assert table.cluster_sizes[table.cluster][table.cell].tolist() == [3, 3, 3, 1, 1, 1]
    assert table.person_sizes[table.person][table.cell].tolist() == [2, 2, 4, 4, 4, 4]
    assert len(table.cluster_sizes) == 4
