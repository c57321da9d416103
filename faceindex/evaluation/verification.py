"""Verification: how well a threshold on the distance tells same person from different people."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def accuracy(distances: npt.NDArray[np.float64], same: npt.NDArray[np.bool_], threshold: float) -> float:
    """Share of pairs decided rightly when distance <= threshold means same. inf is "no face": different."""
    return float(np.mean((distances <= threshold) == same))


def best_threshold(distances: npt.NDArray[np.float64], same: npt.NDArray[np.bool_]) -> tuple[float, float]:
    """(threshold, accuracy) of the threshold that decides most pairs rightly, among the finite distances given.

    It is chosen on the pairs it is reported for, so its accuracy is an upper bound. Raises: ValueError when
    no distance is finite.
    """
    finite = np.isfinite(distances)
    candidates, gains = np.unique(distances[finite], return_inverse=True)
    gained = np.cumsum(np.bincount(gains, weights=np.where(same[finite], 1, -1)))
    best = int(np.argmax(gained))
    return float(candidates[best]), float((np.sum(~same) + gained[best]) / len(same))
