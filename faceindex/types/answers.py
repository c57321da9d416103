"""Answers of searches."""

from __future__ import annotations

import math
from dataclasses import dataclass

from faceindex.types.faces import Box


@dataclass(frozen=True, slots=True)
class Match:
    """A face of the library that resembles the probe.

    distance: Euclidean, not squared. confidence: probability in [0, 1] that it is the probe's person, among as many
    faces as the library has, when one of them is expected to be; NaN without a calibration.
    """

    face: int
    photo: str
    box: Box
    distance: float
    confidence: float
    person: str | None = None


@dataclass(frozen=True, slots=True)
class Company:
    """How near other people of a library are to a face, see `faceindex.judgement.company`.

    factor: its distances are divided by this before they are judged, and thresholds multiplied; below 1 where strangers
    are near. people: which of the other people, counted from the nearest, told it; 0 where the library does not tell.
    distance: Euclidean, to that person. usual: where that person usually is.
    """

    factor: float = 1.0
    people: int = 0
    distance: float = math.nan
    usual: float = math.nan


USUAL = Company()
"""The company of a face of which nothing is known."""


@dataclass(frozen=True, slots=True)
class ProbeFace:
    """One face of a searched image, and its matches, nearest first. threshold: Euclidean distance up to which faces
    match, for this face's company unless it was given; infinity when no threshold is known. unsearched: faces in shards
    that did not answer; 0: the answer is complete."""

    box: Box
    score: float
    matches: tuple[Match, ...]
    threshold: float
    company: Company = USUAL
    unsearched: int = 0


@dataclass(frozen=True, slots=True)
class BatchAnswer:
    """One of many probes, and its matches, nearest first.

    source: path of the photo, or of the file of vectors, of which row says which one. box, score: of a photo's face.
    threshold: Euclidean. error: why there is no probe; None otherwise. unsearched: as of `ProbeFace`.
    """

    source: str
    row: int | None
    box: Box | None
    score: float | None
    matches: tuple[Match, ...]
    threshold: float
    error: str | None = None
    company: Company = USUAL
    unsearched: int = 0


@dataclass(frozen=True, slots=True)
class Exemplar:
    """A face with a name that helped to identify somebody. distance: Euclidean, to the face asked about."""

    face: int
    photo: str
    box: Box
    distance: float


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody whom a face may show.

    score: by which candidates are ranked, of a unit of the method's own. confidence: probability in [0, 1], for a face
    that is as likely of somebody unknown as of somebody known. distance: to the nearest of `exemplars`, the person's
    faces that decided, nearest first.
    """

    person: str
    score: float
    confidence: float
    distance: float
    exemplars: tuple[Exemplar, ...]


@dataclass(frozen=True, slots=True)
class IdentifiedFace:
    """Who a face shows.

    score: the detector's. person: None when nobody known is within `threshold`, Euclidean. confidence: probability in
    [0, 1] of that answer, see Candidate. margin: by how much the first candidate's exceeds the second's. candidates:
    the likeliest people, whether within the threshold or not.
    """

    box: Box
    score: float
    person: str | None
    confidence: float
    margin: float
    threshold: float
    method: str
    candidates: tuple[Candidate, ...]
    company: Company = USUAL


@dataclass(frozen=True, slots=True)
class ComparedFace:
    """A face that was compared. photo: path, or what it is called. number: from left to right, of `found` in the photo;
    face: its id instead, of a face of the library, for which `found` is 1."""

    photo: str
    box: Box
    number: int
    found: int
    face: int | None = None


@dataclass(frozen=True, slots=True)
class Verification:
    """Whether two photos show the same person.

    distance: Euclidean. threshold: up to which it is the same person; of several pairs, lower than that of one.
    confidence: probability that the answer `same` is right, 0.501 at least. faces: the box compared in each photo.
    compared: the same faces, with their photos. pairs: number of them that the nearest was chosen from. prior: share
    of pairs of one person that the confidence assumes; with it a pair at the threshold has an even chance. company: of
    the face with the less crowded one, where the threshold is lower for it.
    """

    same: bool
    distance: float
    threshold: float
    confidence: float
    faces: tuple[Box, Box]
    compared: tuple[ComparedFace, ComparedFace]
    pairs: int = 1
    prior: float = 0.5
    company: Company = USUAL
