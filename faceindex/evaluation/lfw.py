"""The protocol of Labeled Faces in the Wild: how many given pairs are decided rightly.

A pair of which a photo shows no face, or cannot be read, is decided "different people".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from faceindex.errors import UsageError
from faceindex.evaluation.folds import Split, other_folds, other_people, person_fold
from faceindex.evaluation.pairs import Pair, Pairs
from faceindex.evaluation.verification import CrossValidation, accuracy, best_threshold, cross_validate
from faceindex.types import Vectors

PEOPLE_FOLDS = 10


@dataclass(frozen=True, slots=True)
class PairDistances:
    """distances: float64 [n], Euclidean, inf where a photo has no face. same: bool [n], of one person."""

    distances: npt.NDArray[np.float64]
    same: npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class LfwResult:
    """How well pairs are told apart.

    pairs_without_face, photos_without_face: with a photo, and photos, in which no face was found. threshold: the
    recipe's; accuracy: at it. best_accuracy: at best_threshold, chosen on these very pairs, thus an upper bound.
    folds: "protocol" when the file has them, else "people": folds of people made by their names. cross_validation:
    thresholds chosen on the other folds, the figure to compare; None when there are too few pairs.
    """

    pairs: int
    pairs_without_face: int
    photos_without_face: int
    threshold: float
    accuracy: float
    best_threshold: float
    best_accuracy: float
    folds: str
    cross_validation: CrossValidation | None


def pair_distances(pairs: Pairs, rows: Mapping[str, int | None], vectors: Vectors) -> PairDistances:
    """Distance of every pair. rows: a photo's key to its row of `vectors`, None when it has no face.

    Raises: UsageError for a pair of an unknown photo; it names the line.
    """
    first = np.array([_row(pairs, pair, pair.first.key, rows) for pair in pairs.pairs], dtype=np.int64)
    second = np.array([_row(pairs, pair, pair.second.key, rows) for pair in pairs.pairs], dtype=np.int64)
    distances = np.full(len(first), np.inf)
    seen = (first >= 0) & (second >= 0)
    apart = vectors[first[seen]].astype(np.float64) - vectors[second[seen]]
    distances[seen] = np.linalg.norm(apart, axis=1)
    return PairDistances(distances, np.array([pair.same for pair in pairs.pairs], dtype=np.bool_))


def lfw_result(pairs: Pairs, measured: PairDistances, rows: Mapping[str, int | None], threshold: float) -> LfwResult:
    """The protocol's figures. threshold: Euclidean, the recipe's. Raises: UsageError when no pair can be compared."""
    distances, same = measured.distances, measured.same
    if not np.isfinite(distances).any():
        raise UsageError(f"{pairs.source}: no pair has a face in both photos")
    best, highest = best_threshold(distances, same)
    photos = {photo.key for pair in pairs.pairs for photo in (pair.first, pair.second)}
    return LfwResult(
        pairs=len(same),
        pairs_without_face=int(np.sum(np.isinf(distances))),
        photos_without_face=sum(rows[key] is None for key in photos),
        threshold=threshold,
        accuracy=accuracy(distances, same, threshold),
        best_threshold=best,
        best_accuracy=highest,
        folds="protocol" if pairs.folds > 1 else "people",
        cross_validation=_cross_validation(pairs, measured),
    )


def _cross_validation(pairs: Pairs, measured: PairDistances) -> CrossValidation | None:
    try:
        return cross_validate(measured.distances, measured.same, _splits(pairs))
    except ValueError:  # a fold is empty, or has nothing to train on
        return None


def _splits(pairs: Pairs) -> Iterator[Split]:
    if pairs.folds > 1:
        return other_folds(np.array([pair.fold for pair in pairs.pairs]), pairs.folds)
    people = [(pair.first.person, pair.second.person) for pair in pairs.pairs]
    fold = np.array([person_fold(first, PEOPLE_FOLDS) for first, _ in people])
    numbers = np.unique(np.array(people), return_inverse=True)[1].reshape(-1, 2)
    return other_people(numbers, fold, PEOPLE_FOLDS)


def _row(pairs: Pairs, pair: Pair, key: str, rows: Mapping[str, int | None]) -> int:
    if key not in rows:
        raise UsageError(f"{pairs.source}, line {pair.line}: there is no photo {key}; is this the right folder?")
    row = rows[key]
    return -1 if row is None else row
