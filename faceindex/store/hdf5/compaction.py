"""Few segments instead of many: neighbours are merged, so that the number of segments grows with the logarithm of the
faces."""

from __future__ import annotations

from collections.abc import Sequence

FAN = 8
"""Each size class holds segments of up to FAN times as many faces as the one below: a face is written again once a
class, log8(faces / 64) times in all."""

_SMALLEST = 64  # faces; what a batch usually has at least


def run_to_merge(faces: Sequence[int]) -> range | None:
    """Places of neighbouring segments that should become one, given the faces in each; None when none should.

    Looks from the end, where the newest and smallest are: the segments behind the last one of a higher class are merged
    when they together make one of a higher class, and those of the lowest class also when they are FAN.
    """
    for level in range(_class(max(faces, default=0)) + 1):
        start, together = len(faces), 0
        while start and _class(faces[start - 1]) <= level:
            start -= 1
            together += faces[start]
        count = len(faces) - start
        if count > 1 and (_class(together) > level or (level == 0 and count >= FAN)):
            return range(start, len(faces))
    return None


def _class(faces: int) -> int:
    level = 0
    while faces > _SMALLEST * FAN**level:
        level += 1
    return level
