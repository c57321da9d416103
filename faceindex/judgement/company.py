"""Company: how near other people are to a face, and what its distances mean there.

A network knows some groups of people badly, small children above all: at a distance at which an adult's face has one
stranger in a hundred searches, a child's has several in each. So a distance is judged by the company that the face
keeps: the strangers among its nearest faces in the library tell how crowded it is there, and its distances count as
those of a face in usual company, divided by the factor of `Company`.

Strangers are told from the person's own faces without names or albums. What is within STRICT times the album threshold
of the face, or of such a face, is the person's own. The others fall into fragments, the star clusters of
`faceindex.clustering.crowding`, and each counts once, as one of the person's own that looks different would. The
distance of one of the nearest, divided by the distance within which the calibration expects so many, is the ratio by
which a neighbourhood is crowded. Where it is above 1, every face within that distance counts, not only one a person: a
family library shows few people often, and is not lonely for that.

The number of strangers falls more slowly towards the face where it is crowded than the calibration's law says, so the
factor is the ratio to the power of STEEPNESS. That was chosen with all people of lfw-dev, LAG (a to m) and KinFaceW-II
in view, as were the constants below, so what is measured on them is somewhat too kind. Tried and left out: one face a
person, and only people counted above 1 (among 66 people of lfw-dev with 18 photos each a search finds 3.6 times the
strangers asked for); no factor above 1 (loses faces of people who are not crowded); the mean place of the K nearest
faces, one of each person (gains little). `faceindex evaluate strangers` tells how many strangers are found with and
without company.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

import numpy as np

from faceindex.clustering.crowding import STRICT
from faceindex.faces.recipe import Recipe
from faceindex.faces.vectors_only import VectorsOnly
from faceindex.judgement.calibration import Calibration
from faceindex.types import USUAL, Company, Vectors
from faceindex.vectors.nearest import Distances

MOST_PEOPLE, FEWEST_PEOPLE = 8, 6
"""Which of the other people, counted from the nearest, tells how crowded it is: the place of a hundredth of the faces
where it is between these."""

SMALLEST = 60
"""Faces of the smallest library that tells anything: beyond the nearest tenth, distances say little of the nearest."""

STEEPNESS = 1.2

BULK = 0.004
"""By how much a calibration's law, which is fitted to the nearest thousandth of strangers, has the others too far away:
this part of their distance for each e-fold of their share, .016 for the nearest twentieth. Over halves of lfw-dev .012
to .017 with `sface-dlib` and `sface`, .003 and .025 with `dlib`."""

_FITTED = 1e-3

MILDEST = 1.1
"""The largest factor: with `sface-dlib` one face in forty of lfw-dev, LAG and KinFaceW-II has more than 1.05."""

NEAR = 64
"""Faces that are looked at first, and MOST at most: whoever has more near ones is not judged."""

MOST = 1000

Nearest = tuple[Distances, Vectors]
"""The nearest faces of a probe, nearest first: distances float64 [m], vectors float32 [m, d]."""

Near = Callable[[int], Nearest]
"""The so many nearest faces of a probe."""

NearOfEach = Callable[[list[int], int], Iterable[Nearest]]
"""The so many nearest faces of some probes, by their numbers."""


def tells(faces: int, recipe: Recipe) -> bool:
    """Whether a library of so many faces tells anything about company."""
    return faces >= SMALLEST and not isinstance(recipe, VectorsOnly)


def company_among(near: Near, faces: int, calibration: Calibration, recipe: Recipe) -> Company:
    """The company of a probe in a library of so many faces, of the NEAR nearest and more where these are too few."""
    return companies_among(lambda _, wanted: [near(wanted)], 1, faces, calibration, recipe)[0]


def companies_among(
    near: NearOfEach, probes: int, faces: int, calibration: Calibration, recipe: Recipe
) -> list[Company]:
    """`company_among` of each of so many probes; `near` is asked for those together that need as many faces."""
    company = [USUAL] * probes
    unjudged, wanted = list(range(probes)) if tells(faces, recipe) else [], NEAR
    while unjudged:
        again = list[int]()
        for probe, (distances, vectors) in zip(unjudged, near(unjudged, wanted), strict=True):
            found = judged_company(distances, vectors, faces, calibration, STRICT * recipe.cluster_threshold)
            if found is not None:
                company[probe] = found
            elif len(distances) >= wanted and wanted < MOST:
                again.append(probe)
        unjudged, wanted = again, min(4 * wanted, MOST)
    return company


def judged_company(
    distances: Distances, vectors: Vectors, faces: int, calibration: Calibration, reach: float
) -> Company | None:
    """The company of a probe by its nearest faces; None when there are too few of other people among them.

    distances: float64 [m], rising. vectors: float32 [m, d], of these faces. faces: of the library. reach: distance
    within which faces are one person's.
    """
    people, beyond = people_among(faces), int(np.searchsorted(distances, reach, side="right"))
    if len(distances) - beyond < people:
        return None
    strangers, first = _strangers(distances, vectors, beyond, reach)
    if len(first) < people:
        return None
    place = float(first[people - 1])
    usual = _usual(calibration, people, faces)
    ratio = place / usual
    if ratio > 1:
        within = int(np.sum(strangers <= place))
        ratio = max(1.0, place / _usual(calibration, within, faces)) if 5 * within < faces else 1.0
    return Company(min(ratio**STEEPNESS, MILDEST), people, place, usual)


def people_among(faces: int) -> int:
    """Which of the other people tells how crowded it is in a library of so many faces, or of so many albums."""
    return min(MOST_PEOPLE, max(FEWEST_PEOPLE, faces // 100))


def crowding(distance: float, people: int, faces: int, calibration: Calibration) -> float:
    """The factor of a face for which that person is at this distance, Euclidean, as `judged_company` has it below 1."""
    return (distance / _usual(calibration, people, faces)) ** STEEPNESS  # type: ignore[no-any-return]


def _usual(calibration: Calibration, strangers: int, faces: int) -> float:
    """The distance within which so many of the faces of a library usually are, Euclidean."""
    beyond = max(0.0, math.log(strangers / faces / _FITTED))
    return calibration.threshold(strangers, faces) * (1 - BULK * beyond)


def _strangers(distances: Distances, vectors: Vectors, beyond: int, reach: float) -> tuple[Distances, Distances]:
    """The distances of the faces, and of the fragments of them, that are not the probe's own person's, both rising.

    beyond: the first of the faces that are not within `reach`.
    """
    squares = np.einsum("ij,ij->i", vectors, vectors)
    ones = np.ones_like(squares)
    left = np.column_stack([vectors, squares, ones])[beyond:]
    near = left @ np.column_stack([-2 * vectors, ones, squares]).T <= reach * reach
    others, near = near.sum(axis=1), near[:, beyond:]
    free = others == near.sum(axis=1)  # none of them is the person's
    distances = distances[beyond:]
    alone = free & (others <= 1) & (near.sum(axis=0) <= 1)  # each a fragment, and most are where nobody is
    strangers, first, free = distances[free], [distances[alone]], free & ~alone
    for row in np.argsort(-others, kind="stable"):
        if free[row]:
            star = free & near[row]
            star[row] = True
            first.append(distances[star.argmax(), None])
            free &= ~star
    return strangers, np.sort(np.concatenate(first))
