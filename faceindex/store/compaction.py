"""Few segments instead of many: neighbours of like size are merged, so that their number grows with the logarithm."""

from __future__ import annotations

from collections.abc import Sequence

FAN = 8
"""Segments of one size class that are merged into one: each face is written again log8(faces / batch) times."""

_SMALLEST = 64  # faces; what a batch usually has at least


def run_to_merge(faces: Sequence[int]) -> range | None:
    """Places of neighbouring segments that should become one, given the faces in each; None when none should.

    Looks from the end: the newest segments are the smallest. Of a class (each `FAN` times as large as the one before)
    at least FAN neighbours must have come together, smaller ones between and behind them included.
    """
    for level in range(_class(max(faces, default=0)) + 1):
        start = len(faces)
        while start and _class(faces[start - 1]) <= level:
            start -= 1
        if len(faces) - start >= FAN:
            return range(start, len(faces))
    return None


def _class(faces: int) -> int:
    level = 0
    while faces > _SMALLEST * FAN**level:
        level += 1
    return level
