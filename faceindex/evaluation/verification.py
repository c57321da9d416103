"""Verification: how well a threshold on the distance tells same person from different people."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def accuracy(distances: npt.NDArray[np.float64], same: npt.NDArray[np.bool_], threshold: float) -> float:
    """Share of pairs decided rightly when distance <= threshold means same. inf is "no face": different."""
    return float(np.mean((distances <= threshold) == same))


def best_threshold(distances: npt.NDArray[np.float64], same: npt.NDArray[np.bool_]) -> tuple[float, float]:
    """(threshold, accuracy) of the threshold that decides most pairs rightly, among the distances given.

    It is chosen on the pairs it is reported for, so its accuracy is an upper bound.
    """
    order = np.argsort(distances, kind="stable")
    gained = np.cumsum(np.where(same[order], 1, -1))
    last_of_tie = np.append(np.diff(distances[order]) > 0, True)
    best = int(np.argmax(np.where(last_of_tie, gained, -len(gained) - 1)))
    return float(distances[order][best]), float(((~same).sum() + gained[best]) / len(same))
