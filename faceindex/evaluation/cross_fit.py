"""A calibration fitted to named faces, and tried on people it was not fitted to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from faceindex.errors import UsageError
from faceindex.evaluation.folds import HALVES, half_of
from faceindex.evaluation.reliability import Numbers, Reliability, reliability
from faceindex.evaluation.strangers import Fpir, NamedPairs, People, measure_fpir, named_pairs, suspects
from faceindex.judgement.calibration import DEFAULT_FPIR, MATES, Calibration, fit
from faceindex.plurals import plural
from faceindex.types import Vectors

FEWEST_PEOPLE = 200
"""With two faces or more. With six draws of 200 people of lfw-dev, a threshold fitted for a false match rate of 1e-6
had 0.25 to 1.9 times that by all 1,711 people, recipes sface and dlib; with draws of 100 people 0.06 to 31 times."""

MOST_FACES = 5000
"""Faces compared, 12 million pairs: with more, those of people who have most of them are left out."""

ASKED = (DEFAULT_FPIR, 0.1, 1.0)
"""Expected false identifications that are measured."""

SUSPECTED = 0.1
"""Pairs of people, of all that there are, expected to be as near as one that is called a suspect."""


@dataclass(frozen=True, slots=True)
class Suspect:
    """Two names that may be of one person, and the distance of their nearest faces."""

    names: tuple[str, str]
    distance: float


@dataclass(frozen=True, slots=True)
class HeldOut:
    """A calibration fitted to the people of one half, tried on those of the other.

    half: that it was tried on. pairs: reliability where a pair is as likely of one person as not. found: of what a
    search with one expected false identification finds among the half's faces, when one of them is expected to be of
    the person looked for; found_default: with the default number.
    """

    half: str
    calibration: Calibration
    pairs: Reliability
    found: Reliability
    found_default: Reliability
    fpir: tuple[Fpir, ...]


@dataclass(frozen=True, slots=True)
class CrossFit:
    """calibration: fitted to all. same_pairs, different_pairs: it was fitted to. held_out: each half in turn."""

    calibration: Calibration
    people: int
    faces: int
    same_pairs: int
    different_pairs: int
    held_out: tuple[HeldOut, ...]
    suspects: tuple[Suspect, ...]


def cross_fit(vectors: Vectors, people: People, names: Sequence[str]) -> CrossFit:
    """Fit to all, and to each half for the other. vectors: float32 [n, d]. people: int64 [n], places in `names`.

    Raises: UsageError when there are too few people, or distances do not tell them apart.
    """
    _require_people(people)
    chosen = _thinned(people)
    vectors, people = vectors[chosen], people[chosen]
    try:
        pairs = named_pairs(vectors, people)
        calibration = fitted(pairs)
        doubted = suspects(vectors, people, calibration, SUSPECTED)
        half = np.array([HALVES.index(half_of(name)) for name in names])[people]
        parts = [(vectors[half == h], people[half == h]) for h in range(len(HALVES))]
        measured = [named_pairs(*part) for part in parts]
        held_out = tuple(
            _held_out(name, fitted(measured[1 - h]), measured[h], *parts[h], {*doubted})
            for h, name in enumerate(HALVES)
        )
    except ValueError as error:
        raise UsageError(f"no calibration can be fitted: {error}") from error
    return CrossFit(
        calibration=calibration,
        people=len(np.unique(people)),
        faces=len(people),
        same_pairs=len(pairs.same),
        different_pairs=len(pairs.different),
        held_out=held_out,
        suspects=tuple(Suspect((names[a], names[b]), away) for (a, b), away in doubted.items()),
    )


def _require_people(people: People) -> None:
    repeated = int(np.sum(np.bincount(people) > 1)) if len(people) else 0
    if repeated < FEWEST_PEOPLE:
        raise UsageError(
            f"a calibration takes {plural(FEWEST_PEOPLE, 'person', 'people')} with two faces or more, and there are "
            f"{repeated}; the recipe's default holds without"
        )


def _thinned(people: People) -> People:
    """Places of at most MOST_FACES faces where possible, int64: as many of each person as fit, but two of all."""
    place = np.empty(len(people), dtype=np.int64)  # of each face among those of its person
    order = np.argsort(people, kind="stable")
    sizes = np.bincount(people)
    place[order] = np.arange(len(people)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    most = max(int(sizes.max()), 2)
    while most > 2 and np.minimum(sizes, most).sum() > MOST_FACES:
        most -= 1
    kept: People = np.flatnonzero(place < most)
    return kept


def fitted(pairs: NamedPairs) -> Calibration:
    """The calibration in which each person counts alike. Raises: ValueError, as `fit`."""
    weights = {"genuine_weights": pairs.same_weights, "impostor_weights": pairs.different_weights}
    return fit(pairs.same, pairs.different, **weights)


def _held_out(
    half: str,
    calibration: Calibration,
    pairs: NamedPairs,
    vectors: Vectors,
    people: People,
    doubted: set[tuple[int, int]],
) -> HeldOut:
    distances = np.concatenate([pairs.same, pairs.different])
    same = np.arange(len(distances)) < len(pairs.same)
    shares = (pairs.same_weights / pairs.same_weights.sum(), pairs.different_weights / pairs.different_weights.sum())
    faces = len(vectors) - 1

    def found(asked: float) -> Reliability:
        near = distances <= calibration.threshold(asked, faces)
        sure: Numbers = calibration.confidence_among(distances[near], faces)
        return reliability(sure, same[near], np.concatenate([MATES * shares[0], faces * shares[1]])[near])

    return HeldOut(
        half=half,
        calibration=calibration,
        pairs=reliability(calibration.confidence(distances), same, np.concatenate(shares)),
        found=found(1.0),
        found_default=found(DEFAULT_FPIR),
        fpir=tuple(measure_fpir(vectors, people, calibration, asked, doubted) for asked in ASKED),
    )
