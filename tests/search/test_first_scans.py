"""The scan that needs no compiling finds what the compiled one finds."""

from __future__ import annotations

import numpy as np
import pytest
from drawn_faces import drawn_faces

from faceindex.search.nearest import build_sketched
from faceindex.search.pruning import nearest_rows


@pytest.mark.parametrize("count", [1, 100, 128, 129, 20_000])
@pytest.mark.parametrize("share", [0.1, 1.0])
def test_the_same_rows_are_found(count: int, share: float) -> None:
    vectors = drawn_faces(count)
    vectors[count // 2 :] = vectors[: count - count // 2]  # ties go to the smaller id
    index = build_sketched(np.arange(count) * 3, vectors, max(1, count // 200))
    assert index.sketch
    found = 0
    for probe in [*index.vectors[:: count // 7 + 1], *drawn_faces(5, seed=1)]:
        coded, slack, lists = index.sketch.coded(probe)
        lists = lists[: max(1, int(share * len(lists)))]
        for k, threshold in ((1, 1e15), (10, 1e15), (10, 0.6), (50, 0.9), (10, 0.0), (3, 1e-9)):
            wanted = (
                *(index.sketch.codes, index.sketch.starts, lists, coded, index.vectors, index.ids),
                *(probe.astype(np.float64), k, threshold, slack, index.sketch.step),
            )
            rows = nearest_rows.fallback(*wanted)
            np.testing.assert_array_equal(rows, nearest_rows.compiled(*wanted))
            found += len(rows)
    assert found
