"""A linear support vector machine between the people that a probe may be; the extra `svm` brings scikit-learn."""

from __future__ import annotations

import warnings
from importlib.util import find_spec

import numpy as np
import numpy.typing as npt

from faceindex.errors import UsageError
from faceindex.queries.identify import Floats, Numbers, Ranking, by_scores, nearest_exemplar
from faceindex.types import Vectors
from faceindex.vectors.nearest import Distances

RIVALS = 32
"""People of the nearest faces, between whom it is trained: as many as matter, and soon done in any library."""

EXEMPLARS = 30
"""Faces of each, the nearest, that it is trained on."""


def is_installed() -> bool:
    """Whether scikit-learn is."""
    return find_spec("sklearn") is not None


def svm(
    probe: npt.NDArray[np.float32], vectors: Vectors, distances: Distances, evidence: Floats, people: Numbers
) -> Ranking:
    """The RIVALS nearest people, ranked by the decision values of one against the rest, weighed alike.

    vectors: float32 [n, d], of the gallery, the other arguments as for `vote`. As OpenFace does it (Amos, Ludwiczuk and
    Satyanarayanan 2016), but trained for the probe, between the people near to it (SVM-KNN: Zhang et al. 2006): no
    model is to be trained again whenever somebody gets a name. It always prefers somebody; whether the probe is close
    enough at all is told by the distances, which reject better than its decision values do. A person alone has no
    rival, and is taken as `nearest_exemplar` does. Raises: UsageError without scikit-learn.
    """
    near = nearest_exemplar(distances, evidence, people)
    rivals = near.people[:RIVALS]
    rows = np.concatenate([_exemplars(distances, np.flatnonzero(people == person)) for person in rivals])
    chosen = (distances[rows], evidence[rows], people[rows])
    if len(rivals) < 2:
        found = nearest_exemplar(*chosen)
    else:
        found = by_scores(_decisions(probe, vectors[rows], people[rows]), *chosen)
    return Ranking(found.people, found.scores, found.evidence, np.where(found.rows >= 0, rows[found.rows], -1))


def _exemplars(distances: Distances, own: Numbers) -> Numbers:
    return own[np.argsort(distances[own], kind="stable")[:EXEMPLARS]]


def _decisions(probe: npt.NDArray[np.float32], vectors: Vectors, people: Numbers) -> Floats:
    """Of each person, in rising order: float64 [p]."""
    if not is_installed():
        raise UsageError("method svm needs scikit-learn: pip install 'faceindex[svm]'")
    from sklearn.svm import LinearSVC  # takes a second

    model = LinearSVC(C=1.0, class_weight="balanced", random_state=0)
    length = np.linalg.norm(vectors.astype(np.float64), axis=1).mean()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # many people with a photo each look like a regression to scikit-learn
        model.fit(vectors / length, people)
    values = np.atleast_1d(model.decision_function(probe[None, :] / length)[0])
    decisions: Floats = np.concatenate([-values, values]) if len(values) == 1 else values
    return decisions
