"""Verification: how well a threshold on the distance tells same person from different people."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from faceindex.evaluation.folds import Split


def accuracy(distances: npt.NDArray[np.float64], same: npt.NDArray[np.bool_], threshold: float) -> float:
    """Share of pairs decided rightly when distance <= threshold means same. inf is "no face": different."""
    return float(np.mean((distances <= threshold) == same))


def best_threshold(distances: npt.NDArray[np.float64], same: npt.NDArray[np.bool_]) -> tuple[float, float]:
    """(threshold, accuracy) of the threshold that decides most pairs rightly, among the finite distances given.

    It is chosen on the pairs it is reported for, so its accuracy is an upper bound. Raises: ValueError when
    no distance is finite.
    """
    finite = np.isfinite(distances)
    if not finite.any():
        raise ValueError("no pair has a face in both photos")
    candidates, gains = np.unique(distances[finite], return_inverse=True)
    gained = np.cumsum(np.bincount(gains, weights=np.where(same[finite], 1, -1)))
    best = int(np.argmax(gained))
    return float(candidates[best]), float((np.sum(~same) + gained[best]) / len(same))


@dataclass(frozen=True, slots=True)
class CrossValidation:
    """Accuracy with thresholds chosen on other pairs than those decided.

    accuracies: of each fold. thresholds: the one each fold was decided with. mean: over folds. standard_error: of the
    mean, 0 for one fold.
    """

    mean: float
    standard_error: float
    accuracies: tuple[float, ...]
    thresholds: tuple[float, ...]


def cross_validate(
    distances: npt.NDArray[np.float64], same: npt.NDArray[np.bool_], splits: Iterable[Split]
) -> CrossValidation:
    """Decide the pairs that each split tests with the best threshold on the pairs it trains on.

    distances: Euclidean, inf for a photo without a face. Mean and standard error over folds as in Huang et al. 2007,
    "Labeled Faces in the Wild", section 4. Raises: ValueError when a split tests no pair or has none to train on.
    """
    accuracies, thresholds = [], []
    for split in splits:
        if not split.test.any():
            raise ValueError("a fold has no pair to test")
        threshold, _ = best_threshold(distances[split.train], same[split.train])
        thresholds.append(threshold)
        accuracies.append(accuracy(distances[split.test], same[split.test], threshold))
    error = float(np.std(accuracies, ddof=1) / np.sqrt(len(accuracies))) if len(accuracies) > 1 else 0.0
    return CrossValidation(float(np.mean(accuracies)), error, tuple(accuracies), tuple(thresholds))
