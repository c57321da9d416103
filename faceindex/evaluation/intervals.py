"""Rates of pairs of faces with the interval that they are known to: pairs that share a person are not independent.

Wilson's interval with the variance of dependent pairs, as Fogliato, Patil and Perona 2024 recommend ("Confidence
Intervals for Error Rates in 1:1 Matching Tasks"): n pairs say as much as n * binomial variance / true variance
independent ones would.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

NORMAL_95 = 1.959964
"""The 97.5 % quantile of the normal distribution."""

Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Rate:
    """`count` of `pairs`: a share in [0, 1] and its 95 % interval from `low` to `high`, None without pairs."""

    count: int
    pairs: int
    rate: float | None
    low: float | None
    high: float | None


def rate_of(count: int, pairs: int, variance: float, independent: int) -> Rate:
    """variance: of the rate. independent: units that vary by themselves, for where all pairs say the same.

    Where every pair is right, or none is, the variance cannot be seen: the pairs then count as `independent` ones.
    """
    if not pairs:
        return Rate(0, 0, None, None, None)
    rate = count / pairs
    binomial = rate * (1 - rate)
    known = binomial / variance if variance > 0 and binomial > 0 else independent
    low, high = wilson(rate, max(1.0, min(known, pairs)))
    return Rate(count, pairs, rate, low, high)


def wilson(rate: float, number: float) -> tuple[float, float]:
    """Wilson's 95 % interval of a share seen in `number` independent trials, which need not be whole (Wilson 1927)."""
    z = NORMAL_95 * NORMAL_95 / number
    middle, half = rate + z / 2, NORMAL_95 * math.sqrt(rate * (1 - rate) / number + z / number / 4)
    return max(0.0, (middle - half) / (1 + z)), min(1.0, (middle + half) / (1 + z))


def clustered_rate(counts: npt.NDArray[np.number], pairs: npt.NDArray[np.number]) -> Rate:
    """The rate over clusters that vary independently. counts, pairs: [clusters], of each."""
    seen = pairs > 0
    total, found = float(pairs.sum()), float(counts.sum())
    rest = counts - pairs * (found / total if total else 0)
    variance = float(np.square(rest).sum()) / (total * total) if total else 0.0
    return rate_of(round(found), round(total), variance, int(seen.sum()))
