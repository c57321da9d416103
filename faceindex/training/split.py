"""People parted for learning, validation and test: a person, or a family, is in one part with all photos."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from faceindex.errors import UsageError
from faceindex.evaluation.folds import person_fold
from faceindex.training.labelled import TrainingFaces
from faceindex.training.losses import People

_FOLDS, _TEST, _VALIDATION = 20, 5, 3
_MOST_VALIDATION, _MOST_TEST = 1500, 6000


@dataclass(frozen=True, slots=True)
class Split:
    """A quarter of the people for the test, 15 % for validation, of large sets a part of these; the others to learn
    from."""

    learning: TrainingFaces
    validation: TrainingFaces
    test: TrainingFaces


def split(faces: TrainingFaces, family: Callable[[str], str]) -> Split:
    """By sha256 of the name, or of what `family` returns for it: always the same parts.

    Raises: UsageError when a part lacks two people, or two faces of one.
    """
    fold = np.array([person_fold(family(name), _FOLDS) for name in faces.names])
    numbers = np.arange(len(faces.names))
    parts = Split(
        faces.among(numbers[fold >= _TEST + _VALIDATION]),
        _at_most(faces.among(numbers[(fold >= _TEST) & (fold < _TEST + _VALIDATION)]), _MOST_VALIDATION),
        _at_most(faces.among(numbers[fold < _TEST]), _MOST_TEST),
    )
    for part in (parts.learning, parts.validation, parts.test):
        counts = np.bincount(part.people, minlength=1)
        if np.sum(counts > 0) < 2 or counts.max() < 2:
            raise UsageError("there are too few people with two faces to learn from some, and measure on others")
    return parts


def numbered(people: People) -> People:
    """The same people with numbers from 0 on."""
    return np.unique(people, return_inverse=True)[1]


def _at_most(part: TrainingFaces, most: int) -> TrainingFaces:
    """The faces of so many people that they are no more than `most`, but of one person at least."""
    numbers, counts = np.unique(part.people, return_counts=True)
    if counts.sum() <= most:
        return part
    order = np.random.default_rng(0).permutation(len(numbers))
    return part.among(numbers[order[: max(2, int(np.sum(np.cumsum(counts[order]) <= most)))]])
