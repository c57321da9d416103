"""Reliability: whether of answers given with a confidence of 80 % four in five are right.

DeGroot and Fienberg 1983, "The Comparison and Evaluation of Forecasters"; Naeini, Cooper and Hauskrecht 2015 for the
expected calibration error; Brier 1950 for the score.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

BINS = 10

Numbers = npt.NDArray[np.floating]


@dataclass(frozen=True, slots=True)
class Reliability:
    """What came true of confidences, in bins of equal width.

    weights: share of all answers in each bin. confidences: mean in each. right: share that was right in each; None in
    a bin without answers, as the mean. error: expected calibration error, the mean distance of the two. brier: mean
    squared distance of confidences from 0 or 1. confidence, share: over all bins.
    """

    weights: tuple[float, ...]
    confidences: tuple[float | None, ...]
    right: tuple[float | None, ...]
    error: float
    brier: float
    confidence: float
    share: float


def reliability(confidences: Numbers, right: npt.NDArray[np.bool_], weights: Numbers) -> Reliability:
    """confidences: float [n] in [0, 1]. right: bool [n]. weights: float [n]. Raises: ValueError without any answer."""
    if not len(confidences):
        raise ValueError("there is no answer whose confidence could be compared with what is true")
    weights = weights / weights.sum()
    places = np.minimum((confidences * BINS).astype(np.int64), BINS - 1)
    held, said, came = (_sums(places, weights * each) for each in (np.ones_like(weights), confidences, right))
    return Reliability(
        weights=tuple(held.tolist()),
        confidences=tuple(_means(said, held)),
        right=tuple(_means(came, held)),
        error=float(np.abs(said - came).sum()),
        brier=float(weights @ np.square(confidences - right)),
        confidence=float(said.sum()),
        share=float(came.sum()),
    )


def _sums(places: npt.NDArray[np.int64], values: Numbers) -> npt.NDArray[np.float64]:
    return np.bincount(places, values, BINS).astype(np.float64)


def _means(sums: Numbers, weights: Numbers) -> list[float | None]:
    return [float(total / weight) if weight else None for total, weight in zip(sums, weights, strict=True)]
