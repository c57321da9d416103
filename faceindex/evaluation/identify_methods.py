"""How well people of a labelled folder are named by each method of `identify`, with few or many photos enrolled."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from faceindex.errors import Note, UsageError
from faceindex.evaluation.identification import Identification, enrolled
from faceindex.evaluation.labelled import LabelledFaces
from faceindex.judgement.library_calibration import of_recipe
from faceindex.queries.identify import Ranking, nearest_exemplar, vote
from faceindex.queries.svm import is_installed, svm
from faceindex.types import Vectors

METHODS = ("vote", "nearest", "svm")
RATES = (0.01, 0.1)
"""Shares of strangers who are named, at which identification is measured."""

Evidence = Callable[[npt.NDArray[np.float64]], npt.NDArray[np.float64]]


@dataclass(frozen=True, slots=True)
class Naming:
    """photos: enrolled of each person; None is all but one. gallery: faces enrolled. ms: processor time of a probe,
    without its analysis."""

    method: str
    photos: int | None
    gallery: int
    identification: Identification
    ms: float


def measure_naming(faces: LabelledFaces, photos: int | None, most: int) -> list[Naming]:
    """One for each method. Half of the people are enrolled, by chance but always the same; probes are their other
    faces, and those of the other half, of each at most `most`, by chance.

    Raises: UsageError when nobody can be enrolled, or there is no probe of either kind.
    """
    random = np.random.default_rng(0)
    gallery, mated = enrolled(faces.people, photos, random)
    probes = random.permutation(np.flatnonzero(mated))[:most]
    strangers = random.permutation(np.flatnonzero(~gallery & ~mated))[:most]
    if not (gallery.any() and len(probes) and len(strangers)):
        raise UsageError("there are too few photos to enrol half of the people and to look for them and the others")
    evidence = of_recipe(faces.recipe).log_likelihood_ratio
    found = []
    for method in _methods():
        began = time.process_time()
        ranked = [
            _ranking(method, faces.vectors[row], faces.vectors[gallery], faces.people[gallery], evidence)
            for row in (*probes, *strangers)
        ]
        spent = 1000 * (time.process_time() - began) / len(ranked)
        scores = np.array([each.scores[0] if method == "vote" else each.evidence[0] for each in ranked])
        right = np.array([each.people[0] for each in ranked[: len(probes)]]) == faces.people[probes]
        named = Identification(right, scores[: len(probes)], scores[len(probes) :])
        found.append(Naming(method, photos, int(gallery.sum()), named, spent))
    return found


def _methods() -> tuple[str, ...]:
    """METHODS, but those that lack a package."""
    if is_installed():
        return METHODS
    warnings.warn("method svm is left out: it needs scikit-learn, pip install 'faceindex[svm]'", Note, stacklevel=2)
    return tuple(method for method in METHODS if method != "svm")


def _ranking(
    method: str, probe: npt.NDArray[np.float32], vectors: Vectors, people: npt.NDArray[np.int64], evidence: Evidence
) -> Ranking:
    distances = np.linalg.norm(vectors.astype(np.float64) - probe, axis=1)
    if method == "svm":
        return svm(probe, vectors, distances, evidence(distances), people)
    return (vote if method == "vote" else nearest_exemplar)(distances, evidence(distances), people)
