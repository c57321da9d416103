"""The number of segments grows with the logarithm of the faces."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from faceindex.store.hdf5.compaction import FAN, run_to_merge


def compacted(batches: list[int]) -> tuple[list[int], int]:
    """The segments after these batches, with the plan carried out after each; and the faces written again."""
    segments: list[int] = []
    rewritten = 0
    for faces in batches:
        segments.append(faces)
        while (run := run_to_merge(segments)) is not None:
            merged = sum(segments[place] for place in run)
            rewritten += merged
            segments[run.start : run.stop] = [merged]
    return segments, rewritten


@given(st.lists(st.integers(1, 300), max_size=600))
def test_segments_are_few_and_faces_are_rewritten_seldom(batches: list[int]) -> None:
    segments, rewritten = compacted(batches)
    total = sum(batches)
    assert sum(segments) == total
    classes = 1 + max(0, math.ceil(math.log(max(total, 1) / 64, FAN)))
    assert len(segments) <= FAN * (classes + 1)
    assert rewritten <= total * (
        classes + 10
    )  # within the lowest class, faces that come singly are written some 9 times


def test_million_photos_make_few_segments() -> None:
    segments, rewritten = compacted([190] * (1_000_000 // 64))
    assert len(segments) <= 30
    assert rewritten / sum(segments) < 6


def test_nothing_is_merged_while_segments_are_few() -> None:
    assert run_to_merge([]) is None
    assert run_to_merge([1000]) is None
    assert run_to_merge([5] * (FAN - 1)) is None
    assert run_to_merge([5] * FAN) == range(FAN)
    assert run_to_merge([100_000, *[60] * 2]) == range(1, 3)
    assert run_to_merge([100_000, *[300] * 2]) == range(1, 3)
    assert run_to_merge([100_000, *[300]]) is None
