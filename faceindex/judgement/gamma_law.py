"""The Gamma law's distribution function and its inverse, without scipy, whose special functions take 0.4 s to load.

The series of Abramowitz and Stegun 6.5.29 up to about the mean, their continued fraction 6.5.31 above it, as in Press
et al., "Numerical Recipes", section 6.2. Up to a shape of a thousand, shares and values are scipy's to within 1e-11 of
them.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.float64]

_PRECISION = 1e-16
_TINY = 1e-300


def lower_share(shape: float, values: npt.ArrayLike) -> Values:
    """Share of a Gamma law of this shape and rate 1 that is not above the values: float64 of their shape.

    values: 0 or more, any shape.
    """
    given = np.asarray(values, dtype=np.float64)
    flat = given.ravel()
    shares = np.empty_like(flat)
    near = flat < shape + 1
    shares[near] = np.exp(_log_lower(shape, flat[near]))
    shares[~near] = 1 - _upper(shape, flat[~near])
    return shares.reshape(given.shape)


def value_of(shape: float, share: float) -> float:
    """The value that this share of a Gamma law of rate 1 is not above. share: above 0, at most a half.

    Newton's method on logarithms. The logarithm of the share is a concave function of that of the value, and the first
    term of the series bounds it from above, so the steps from there never pass the root.
    """
    wanted = math.log(share)
    log_value = (wanted + math.lgamma(shape + 1)) / shape
    for _ in range(100):
        value = math.exp(log_value)
        log_share = float(_log_lower(shape, np.array([value]))[0])
        slope = math.exp(shape * log_value - value - math.lgamma(shape) - log_share)
        step = (wanted - log_share) / slope
        log_value += step
        if abs(step) < 1e-14:
            break
    return math.exp(log_value)


def _log_lower(shape: float, values: Values) -> Values:
    """Logarithm of the share that is not above `values`, which are below shape + 1; of 0 it is -inf."""
    term = np.ones_like(values)
    total = np.ones_like(values)
    number = 1
    while (term > _PRECISION * total).any():
        term = term * values / (shape + number)
        total += term
        number += 1
    with np.errstate(divide="ignore"):
        return shape * np.log(values) - values - math.lgamma(shape + 1) + np.log(total)


def _upper(shape: float, values: Values) -> Values:
    """Share that is above `values`, which are shape + 1 or more: Lentz's evaluation of the continued fraction."""
    values = np.minimum(values, 1e6 + 10 * shape)  # beyond it the share is 0
    base = values + 1 - shape
    c, d = np.full_like(values, 1 / _TINY), 1 / base
    fraction = d.copy()
    change = np.full_like(values, np.inf)
    number = 1
    while (np.abs(change - 1) > 4 * _PRECISION).any() and number < 10_000:
        factor = -number * (number - shape)
        base = base + 2
        d = factor * d + base
        d = 1 / np.where(np.abs(d) < _TINY, _TINY, d)
        c = base + factor / c
        c = np.where(np.abs(c) < _TINY, _TINY, c)
        change = c * d
        fraction *= change
        number += 1
    return np.exp(shape * np.log(values) - values - math.lgamma(shape)) * fraction
