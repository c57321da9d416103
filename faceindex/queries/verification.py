"""Two faces, or all faces of two photos: the same person or not."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from faceindex.errors import UsageError
from faceindex.queries.combining import best_overlap
from faceindex.queries.probes import Probe
from faceindex.search.calibration import Calibration
from faceindex.types import Box, ComparedFace, Verification


def in_box(probes: Sequence[Probe], box: Box) -> int:
    """The place of the face that `box` covers best. Raises: UsageError when none is there."""
    place = best_overlap([probe.box.overlap(box) for probe in probes])
    if place is None:
        there = ", ".join(str(probe.box.as_list()) for probe in probes)
        raise UsageError(f"no face at {box.as_list()} in {probes[0].photo}; its faces are at {there}")
    return place


def largest(probes: Sequence[Probe]) -> int:
    """The place of the largest face."""
    return max(range(len(probes)), key=lambda place: probes[place].box.area)


def compared(
    sides: tuple[Sequence[Probe], Sequence[Probe]],
    chosen: tuple[Sequence[int], Sequence[int]],
    *,
    threshold: float,
    calibration: Calibration,
) -> Verification:
    """The nearest pair of the chosen faces of two sides, given by their places.

    Of several pairs the nearest is near by chance, too: its confidence is for as many pairs, of which one is expected
    to be one person's when the photos show the same person.
    """
    one, other = (
        np.stack([side[place].vector for place in places]) for side, places in zip(sides, chosen, strict=True)
    )
    apart = np.linalg.norm(one[:, None].astype(np.float64) - other[None], axis=2)
    row, column = divmod(int(apart.argmin()), apart.shape[1])
    away, pairs = float(apart[row, column]), apart.size
    probability = float(calibration.confidence_among(away, pairs))
    same = away <= threshold
    faces = (_described(sides[0], chosen[0][row]), _described(sides[1], chosen[1][column]))
    boxes = (faces[0].box, faces[1].box)
    return Verification(same, away, threshold, probability if same else 1 - probability, boxes, faces, pairs)


def _described(side: Sequence[Probe], place: int) -> ComparedFace:
    probe = side[place]
    return ComparedFace(probe.photo, probe.box, place + 1, len(side), probe.faces[0] if probe.faces else None)
