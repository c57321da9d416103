"""Company: how near other people are to a face, and what its distances mean there.

A network knows some groups of people badly, small children above all: at a distance at which an adult's face has one
stranger in a hundred searches, a child's has several in each. So a distance is judged by the company that the face
keeps: the strangers among its nearest faces in the library tell how crowded it is there, and its distances count as
those of a face in usual company, divided by the factor of `Company`.

Strangers are told from the person's own faces without names or albums. What is within STRICT times the album threshold
of the face, or of such a face, is the person's own. The others fall into fragments, the star clusters of
`faceindex.clustering.crowding`, and each counts once, as one of the person's own that looks different would. The place
of the PEOPLE-th, divided by the distance within which the calibration expects so many, is the ratio by which a
neighbourhood is crowded. Where it is above 1, every face within that place counts, not only one a person: a family
library shows few people often, and is not lonely for that.

The number of strangers falls more slowly towards the face where it is crowded than the calibration's law says, so the
factor is the ratio to the power of STEEPNESS. `faceindex evaluate strangers` tells how many strangers are found, with
and without.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from faceindex.clustering.crowding import STRICT
from faceindex.faces.recipe import Recipe
from faceindex.faces.vectors_only import VectorsOnly
from faceindex.search.calibration import Calibration
from faceindex.types import USUAL, Company, Vectors
from faceindex.vectors.nearest import Distances

PEOPLE = 8
"""Which of the other people, counted from the nearest, tells how crowded it is: in a smaller library the one of SHARE
of its faces, and from FEWEST on."""

FEWEST = 4
SHARE = 0.01
"""Of the faces of a library: a calibration's law holds for the nearest hundredth of strangers."""

STEEPNESS = 1.15

MILDEST = 1.1
"""The largest factor: with `sface-dlib` one face in forty of lfw-dev, LAG and KinFaceW-II has more than 1.05."""

NEAR = 64
"""Faces that are looked at first, and MOST at most: whoever has more near ones is not judged."""

MOST = 1000

Near = Callable[[int], tuple[Distances, Vectors]]
"""The so many nearest faces of a probe, nearest first: distances float64 [m], vectors float32 [m, d]."""


def tells(faces: int, recipe: Recipe) -> bool:
    """Whether a library of so many faces tells anything about company."""
    return SHARE * faces >= FEWEST and not isinstance(recipe, VectorsOnly)


def company_among(near: Near, faces: int, calibration: Calibration, recipe: Recipe) -> Company:
    """The company of a probe in a library of so many faces, of the NEAR nearest and more where these are too few."""
    if not tells(faces, recipe):
        return USUAL
    wanted = NEAR
    while True:
        distances, vectors = near(wanted)
        found = judged_company(distances, vectors, faces, calibration, STRICT * recipe.cluster_threshold)
        if found is not None or len(distances) < wanted or wanted >= MOST:
            return found or USUAL
        wanted = min(4 * wanted, MOST)


def judged_company(
    distances: Distances, vectors: Vectors, faces: int, calibration: Calibration, reach: float
) -> Company | None:
    """The company of a probe by its nearest faces; None when there are too few of other people among them.

    distances: float64 [m], rising. vectors: float32 [m, d], of these faces. faces: of the library. reach: distance
    within which faces are one person's.
    """
    people = min(PEOPLE, int(SHARE * faces))
    own, first = _strangers(distances, vectors, reach)
    if len(first) < people:
        return None
    place = float(first[people - 1])
    usual = calibration.threshold(people, faces)
    ratio = place / usual
    if ratio > 1:
        within = int(np.sum(distances[~own] <= place))
        ratio = max(1.0, place / calibration.threshold(within, faces)) if within <= 2 * SHARE * faces else 1.0
    return Company(min(ratio**STEEPNESS, MILDEST), people, place, usual)


def _strangers(distances: Distances, vectors: Vectors, reach: float) -> tuple[npt.NDArray[np.bool_], Distances]:
    """Which faces are the probe's own person's, bool [m]; and the distance of each fragment of the others, rising."""
    squares = np.einsum("ij,ij->i", vectors, vectors)
    near = squares[:, None] + squares - 2 * vectors @ vectors.T <= reach * reach
    own = distances <= reach
    own |= near[own].any(axis=0)
    free, first = ~own, []
    for row in np.argsort(-near.sum(axis=1), kind="stable"):
        if free[row]:
            star = free & near[row]
            star[row] = True
            first.append(distances[int(star.argmax())])
            free &= ~star
    return own, np.sort(np.array(first))
