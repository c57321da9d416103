"""Two faces, or all faces of two photos: the same person or not."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from faceindex.errors import UsageError
from faceindex.judgement.calibration import Calibration
from faceindex.queries.combining import best_overlap
from faceindex.queries.probes import Probe
from faceindex.types import USUAL, Box, Company, ComparedFace, Verification

CompanyOf = Callable[[npt.NDArray[np.float32]], Company]
"""The company of a face, float32 [d], in a library."""

LEAST_CONFIDENCE = 0.501
"""Confidence of an answer at the threshold: printed with one decimal it is still more than a half."""


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
    asked: bool = False,
    company_of: CompanyOf = lambda _: USUAL,
) -> Verification:
    """The nearest pair of the chosen faces of two sides, given by their places.

    threshold: of a single pair. Of several pairs the nearest is near by chance, too: it has to be nearer, and its
    confidence is for as many pairs, of which one is expected to be one person's where the threshold of a single pair
    has an even chance. asked: the threshold holds as it is, however many pairs there are. company_of: the company of a
    face, for which the threshold and the confidence are; asked for the nearest pair alone.
    """
    one, other = (
        np.stack([side[place].vector for place in places]) for side, places in zip(sides, chosen, strict=True)
    )
    distances = np.linalg.norm(one[:, None].astype(np.float64) - other[None], axis=2)
    row, column = divmod(int(distances.argmin()), distances.shape[1])
    distance, pairs = float(distances[row, column]), distances.size
    limit = threshold if asked else calibration.stricter(threshold, pairs)
    company = USUAL if asked else milder(company_of(one[row]), company_of(other[column]))
    same, confidence = judged(distance, limit, calibration, company)
    faces = (_described(sides[0], chosen[0][row]), _described(sides[1], chosen[1][column]))
    boxes = (faces[0].box, faces[1].box)
    prior, limit = calibration.prior_of(limit), limit * company.factor
    return Verification(same, distance, limit, confidence, boxes, faces, pairs, prior, company)


def milder(one: Company, other: Company) -> Company:
    """The company by which two faces are judged: that of the less crowded one, and USUAL where it is not crowded.

    A false match takes two faces that are near to many. By a trial at threshold 1.16 and steepness 1.25 over lfw-dev,
    LAG and KinFaceW-II, half of the people the library of the other half: with the milder company .0009 of the pairs of
    two children match and .64 of those of one, with the mean of both .0004 and .59, without company .033 and .76.
    """
    company = max(one, other, key=lambda company: company.factor)
    return company if company.factor < 1 else USUAL


def judged(distance: float, threshold: float, calibration: Calibration, company: Company = USUAL) -> tuple[bool, float]:
    """Whether faces at this `distance` are of the same person, and the probability that this answer is right.

    threshold: for faces in usual company; here it is `company.factor` times as large. The prior is the one that the
    threshold implies, so that the answer is always the likelier one: see `Calibration.confidence_within`. The
    confidence is LEAST_CONFIDENCE at least.
    """
    same = distance <= threshold * company.factor
    probability = float(calibration.confidence_within(distance / company.factor, threshold))
    return same, max(probability if same else 1 - probability, LEAST_CONFIDENCE)


def _described(side: Sequence[Probe], place: int) -> ComparedFace:
    probe = side[place]
    return ComparedFace(probe.photo, probe.box, place + 1, len(side), probe.faces[0] if probe.faces else None)
