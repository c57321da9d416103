"""Detection: which of the true faces were found, and which found faces are false."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from faceindex.types import Box

MIN_OVERLAP = 0.3
"""Intersection over union from which a found box is the true one; tight truth, loose detector."""


@dataclass(frozen=True, slots=True)
class DetectionScore:
    """Counts over any number of photos: true faces found, true faces, found faces that are none."""

    found: int = 0
    true: int = 0
    false: int = 0

    def __add__(self, other: DetectionScore) -> DetectionScore:
        return DetectionScore(self.found + other.found, self.true + other.true, self.false + other.false)


def score_boxes(found: Sequence[Box], true: Sequence[Box]) -> DetectionScore:
    """Match found boxes with true ones, best overlap first, each used once."""
    pairs = sorted(((f.overlap(t), i, j) for i, f in enumerate(found) for j, t in enumerate(true)), reverse=True)
    return _match(len(found), len(true), [(i, j) for share, i, j in pairs if share >= MIN_OVERLAP])


def score_points(found: Sequence[Box], noses: Sequence[tuple[int, int]]) -> DetectionScore:
    """Match found boxes with the (x, y) of true noses inside them, nearest to the middle first."""
    inside = [
        (abs(f.x + f.width / 2 - x) + abs(f.y + f.height / 2 - y), i, j)
        for i, f in enumerate(found)
        for j, (x, y) in enumerate(noses)
        if f.x <= x < f.x + f.width and f.y <= y < f.y + f.height
    ]
    return _match(len(found), len(noses), [(i, j) for _, i, j in sorted(inside)])


def _match(found: int, true: int, pairs: Sequence[tuple[int, int]]) -> DetectionScore:
    taken: dict[int, int] = {}
    for i, j in pairs:
        if i not in taken and j not in taken.values():
            taken[i] = j
    return DetectionScore(len(taken), true, found - len(taken))
