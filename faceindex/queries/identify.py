"""Who is this, among people of whom some faces are known: one probe against a gallery, over arrays.

Evidence is what a distance says: the logarithm of how much more likely it is of one person than of two, in nats. People
are ranked by their few nearest faces alone, so that somebody with thousands of photos has no more votes than
somebody with three.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from faceindex.vectors.nearest import Distances

VOTES = 3
"""Faces of each person that vote. A vote of every face within the threshold names 0.41 of lfw-dev's faces rightly when
all but one of each person's photos are enrolled (recipe dlib, 1 to 120 photos a person), three votes 0.97."""

MOST_FACES = 100
"""Of one person, that are told from more: two people in lfw-dev have more, so little is known of it."""

_ROOT = 4.0

Numbers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Ranking:
    """People, the likeliest first.

    people: int64 [p]. scores: float64 [p], by which they are ranked, falling; of a unit that only its method knows.
    evidence: float64 [p], nats, that the probe is of this person and of nobody else. rows: int64 [p, VOTES], the
    person's nearest faces in the gallery, -1 where there are fewer.
    """

    people: Numbers
    scores: Floats
    evidence: Floats
    rows: Numbers


def vote(distances: Distances, evidence: Floats, people: Numbers) -> Ranking:
    """Each person's VOTES nearest faces vote with the fourth root of their odds; the sum counts by the root of the
    number of faces, up to MOST_FACES, that the person has to be found by.

    distances, evidence: float64 [n], of the gallery's faces. people: int64 [n]. Roots were tried on lfw-dev: votes of
    faces of one person are not independent, so that odds must not be multiplied, and whoever has more faces has a
    nearer one by chance. With three photos a person (recipe dlib) it identifies 0.905 at an FPIR of 0.01, the nearest
    exemplar 0.883; with all but one 0.816 and 0.815; with one photo both are the same.
    """
    numbers, rows = nearest_of_each(distances, people)
    votes = np.where(rows >= 0, evidence[rows] / _ROOT, -np.inf)
    counts = np.unique(people, return_counts=True)[1]
    scores = _ROOT * (np.logaddexp.reduce(votes, axis=1) - np.log(np.minimum(counts, MOST_FACES)) / 2)
    return _ranked(numbers, scores, scores, rows, distances)


def nearest_exemplar(distances: Distances, evidence: Floats, people: Numbers) -> Ranking:
    """The person of the nearest face; arguments as for `vote`."""
    numbers, rows = nearest_of_each(distances, people)
    return _ranked(numbers, -distances[rows[:, 0]], evidence[rows[:, 0]], rows, distances)


def by_scores(scores: Floats, distances: Distances, evidence: Floats, people: Numbers) -> Ranking:
    """People as another method ranks them. scores: float64 [p], of the people in rising order of their numbers."""
    numbers, rows = nearest_of_each(distances, people)
    return _ranked(numbers, scores, evidence[rows[:, 0]], rows, distances)


def probabilities(evidence: Floats) -> Floats:
    """That the probe is of each person, float64 [p], by Bayes, for a face that is as likely of somebody unknown as of
    somebody known, and of each of these alike. evidence: float64 [p], of all people there are."""
    unknown = np.log(max(len(evidence), 1))
    shares: Floats = np.exp(evidence - np.logaddexp(np.logaddexp.reduce(evidence, initial=-np.inf), unknown))
    return shares


def nearest_of_each(distances: Distances, people: Numbers) -> tuple[Numbers, Numbers]:
    """People int64 [p], rising, and rows of the nearest faces of each int64 [p, VOTES], nearest first, -1 for none."""
    order = np.lexsort((distances, people))
    numbers, starts, counts = np.unique(people[order], return_index=True, return_counts=True)
    places = starts[:, None] + np.arange(VOTES)
    there = np.arange(VOTES) < counts[:, None]
    rows = np.where(there, order[np.minimum(places, len(order) - 1)], -1) if len(order) else np.empty((0, VOTES), int)
    return numbers, rows.astype(np.int64)


def _ranked(numbers: Numbers, scores: Floats, evidence: Floats, rows: Numbers, distances: Distances) -> Ranking:
    """Falling by score; of equal ones the nearer first."""
    order = np.lexsort((distances[rows[:, 0]], -scores))
    return Ranking(numbers[order], scores[order], evidence[order], rows[order])
