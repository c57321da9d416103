"""Calibration, or what a distance says: how probable one person is, how rare it is among strangers, and which is near
enough in a gallery of so many faces.

The squared distances of two faces of one person, and of two people, are each taken as Gamma distributed: a squared
distance of two vectors is a sum over directions of squares, each nearly normal, and a Gamma is the two-moment law of
such sums (Satterthwaite 1946, "An approximate distribution of estimates of variance components"; Box 1954). That of
strangers is fitted to its nearest thousandth alone, so that it holds where thresholds lie, and its tail goes on below
what can be counted. A generalised Pareto tail (peaks over threshold) was tried first: its end point, a distance below
which nothing is expected, makes it too lenient by a factor of 3 and more at a false match rate of 1e-8.

On lfw-dev recipes `dlib` and `dlib-raw` have more very near strangers than this law, as people of one population are
taken for each other more often. Tried against that, over random halves of the people: mixtures of Gammas (over a Gamma,
a lognormal, two rates), which do no better; a power law of the distance, Gammas of higher powers of it, nearer ranges,
and the slope below 1e-4 fitted apart. The power law brings the mean of measured by asked at 0.01 from 1.8 to 1.5 with
`dlib`, with nearly as many halves out of a factor of 2; but among a million drawn faces it finds a tenth of what is
asked for, and Gammas of higher powers less than a half. The others make thresholds there uncertain by a factor of 4.
So the Gamma is kept, and `faceindex.evaluation.half_splits` tells how far a half's figure may be trusted.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from faceindex.judgement.gamma_law import lower_share, value_of

DEFAULT_FPIR = 0.01
"""Expected false identifications of a query, unless another number is asked for."""

MATES = 1.0
"""Faces of the person looked for that a library is expected to hold, before anything was found."""

FEWEST_SAME, FEWEST_DIFFERENT = 50, 1000
"""Pairs that a fit needs at least."""

_NEAREST, _NEAR = 1e-5, 1e-3  # shares of strangers' pairs between which they are fitted; what is nearer is only counted
_COUNTED = 10  # pairs that are nearer than the nearest distance fitted: a few pairs with a wrong name do no harm
_SAME_SHARES = (0.01, 0.95)  # of pairs of one person: those further apart may have a wrong name
_LEVELS = 12
_MOST_RATE = 0.5
_HALVINGS = 60  # of a range of distances: what is left is less than a float tells apart

Distances = npt.NDArray[np.floating]
Weights = npt.NDArray[np.floating]
Rates = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Calibration:
    """What Euclidean distances between vectors of one recipe mean.

    same_shape, same_rate: of the Gamma distribution of squared distances between faces of one person (rate: per unit of
    squared distance). different_shape, different_rate: of two people; it holds in the lower tail, up to a false match
    rate of a few thousandths.
    """

    same_shape: float
    same_rate: float
    different_shape: float
    different_rate: float

    def __post_init__(self) -> None:
        """Raises: ValueError when near faces would not be more likely one person's than far ones."""
        if min(self.same_shape, self.same_rate, self.different_shape, self.different_rate) <= 0:
            raise ValueError("a calibration consists of positive numbers")
        if self.same_shape > self.different_shape or self.same_mean >= self.different_mean:
            raise ValueError("the distances of one person's faces are not smaller than those of two people's")

    @property
    def same_mean(self) -> float:
        """Mean squared distance of two faces of one person."""
        return self.same_shape / self.same_rate

    @property
    def different_mean(self) -> float:
        """Mean squared distance of faces of two people, as the tail would have it."""
        return self.different_shape / self.different_rate

    def confidence(self, distances: npt.ArrayLike) -> Rates:
        """Probability that a pair is of one person when it is as likely so as not, before its distance is known.

        distances: Euclidean, any shape; float64 of the same shape in [0, 1], falling with the distance.
        """
        return _probability(self.log_likelihood_ratio(distances))

    def confidence_among(self, distances: npt.ArrayLike, faces: int, mates: float = MATES) -> Rates:
        """Probability that a face found among `faces` at this distance is of the person looked for.

        By Bayes, for a query that has `mates` faces of its person among them on average: in a large library even a
        small distance is reached by some stranger. float64 of the shape of `distances`, falling with them.
        """
        prior = np.log(mates) - np.log(max(faces, 1))
        return _probability(self.log_likelihood_ratio(distances) + prior)

    def confidence_within(self, distances: npt.ArrayLike, threshold: float) -> Rates:
        """Probability that a pair is of one person, with the prior for which it is one half at `threshold`.

        Whoever calls nearer pairs the same person and others not, and minds both errors alike, has that prior: see
        `prior_of`. distances: Euclidean, any shape; float64 of the same shape in [0, 1], falling with the distance.
        """
        return _probability(self.log_likelihood_ratio(distances) - self.log_likelihood_ratio(threshold))

    def prior_of(self, threshold: float) -> float:
        """Share of pairs of one person for which a pair at distance `threshold` is as likely of one person as not."""
        return float(_probability(-self.log_likelihood_ratio(threshold)))

    def stricter(self, threshold: float, pairs: int) -> float:
        """The distance at which a pair is `pairs` times as likely of one person, beside two, as at `threshold`.

        At most `threshold`, at least 0. The nearest of several pairs is as trustworthy there as a single pair at
        `threshold` when one of them is expected to be of one person.
        """
        if pairs <= 1:
            return threshold
        wanted = float(self.log_likelihood_ratio(threshold)) + math.log(pairs)
        low, high = 0.0, threshold
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            low, high = (middle, high) if self.log_likelihood_ratio(middle) >= wanted else (low, middle)
        return low

    def log_likelihood_ratio(self, distances: npt.ArrayLike) -> Rates:
        """Natural logarithm of the density of distances of one person by that of two; beyond its minimum, which lies
        among far strangers, it stays there."""
        squares = np.square(np.clip(np.asarray(distances, dtype=np.float64), 1e-6, 1e6))
        shapes, rates = self.same_shape - self.different_shape, self.same_rate - self.different_rate
        if rates < 0:
            squares = np.minimum(squares, shapes / rates)
        constant = self.same_shape * np.log(self.same_rate) - self.different_shape * np.log(self.different_rate)
        constant += math.lgamma(self.different_shape) - math.lgamma(self.same_shape)
        return constant + shapes * np.log(squares) - rates * squares  # type: ignore[no-any-return]

    def false_match_rate(self, distances: npt.ArrayLike) -> Rates:
        """Share of pairs of two people that are not further apart: float64 of the shape of `distances`."""
        squares = np.square(np.asarray(distances, dtype=np.float64))
        return lower_share(self.different_shape, self.different_rate * squares)

    def true_match_rate(self, distances: npt.ArrayLike) -> Rates:
        """Share of pairs of one person that are not further apart: float64 of the shape of `distances`."""
        squares = np.square(np.asarray(distances, dtype=np.float64))
        return lower_share(self.same_shape, self.same_rate * squares)

    def threshold(self, fpir: float, faces: int) -> float:
        """Largest distance within which a query is expected to find at most `fpir` of `faces` strangers.

        The expected number is faces times the false match rate; it may be above 1, and counts each of several faces
        of one stranger. The threshold does not go beyond half of all strangers, however few there are.
        Raises: ValueError when fpir is not positive.
        """
        if not fpir > 0:
            raise ValueError(f"expected false identifications must be above 0, not {fpir:g}")
        return _distance_at(self.different_shape, self.different_rate, min(fpir / max(faces, 1), _MOST_RATE))


def fit(
    genuine: Distances,
    impostor: Distances,
    *,
    genuine_weights: Weights | None = None,
    impostor_weights: Weights | None = None,
) -> Calibration:
    """The calibration of measured distances, float [n] and [m], Euclidean, by maximum likelihood.

    Weights, float [n] and [m], keep people with many faces from deciding alone; only their ratios count. Distances are
    grouped into a dozen ranges; of the few nearest strangers and the furthest faces of one person, among which wrong
    names show, only the number counts. Raises: ValueError with too few pairs, or when they cannot be told apart.
    """
    if len(genuine) < FEWEST_SAME or len(impostor) < FEWEST_DIFFERENT:
        raise ValueError(
            f"too few pairs: {len(genuine):,} of one person, {len(impostor):,} of two; "
            f"a calibration needs {FEWEST_SAME} and {FEWEST_DIFFERENT:,}"
        )
    nearest = max(_NEAREST, _COUNTED / len(impostor))
    near = max(_NEAR, 10 * nearest)
    different = _gamma(impostor, impostor_weights, np.geomspace(nearest, near, _LEVELS))
    same = _gamma(genuine, genuine_weights, np.linspace(*_SAME_SHARES, _LEVELS))
    return Calibration(*same, *different)


def of_logistic(midpoint: float, width: float) -> Calibration:
    """The calibration for a recipe of which only a logistic of the distance is known.

    Sought are the two Gammas that are as likely at the midpoint, with as many pairs of one person beyond it as of two
    within, and a ratio that falls there as the logistic does; that of one person has the shape measured with recipe
    `sface`, which is wide. Raises: ValueError when there is none.
    """
    import scipy  # a fit needs it, a search does not

    shape, square = 8.0, midpoint * midpoint

    def pair(error: float) -> tuple[float, float, float, float]:
        rate = float(scipy.special.gammaincinv(shape, 1 - error)) / square
        density = scipy.stats.gamma.logpdf(square, shape, scale=1 / rate)

        def excess(other: float) -> float:
            scale = square / scipy.special.gammaincinv(other, error)
            return float(scipy.stats.gamma.logpdf(square, other, scale=scale) - density)

        other = float(scipy.optimize.brentq(excess, 1, 1e5))
        return shape, rate, other, float(scipy.special.gammaincinv(other, error)) / square

    def slope(log_error: float) -> float:
        same_shape, same_rate, shape_, rate_ = pair(float(np.exp(log_error)))
        return 2 * width * ((shape_ - same_shape) / midpoint + (same_rate - rate_) * midpoint) - 1

    return Calibration(*pair(float(np.exp(scipy.optimize.brentq(slope, np.log(1e-5), np.log(0.3))))))


@lru_cache(maxsize=4096)  # every search asks, and a library of one size for the same
def _distance_at(shape: float, rate: float, share: float) -> float:
    """The distance within which this share of a Gamma law of squared distances lies."""
    return math.sqrt(value_of(shape, share) / rate)


def _probability(log_odds: Rates) -> Rates:
    """The logistic function, without overflow: float64 of the shape of `log_odds`."""
    small = np.exp(-np.abs(log_odds))
    return np.where(log_odds >= 0, 1 / (1 + small), small / (1 + small))


def _gamma(distances: Distances, weights: Weights | None, shares: Rates) -> tuple[float, float]:
    """(shape, rate) of the Gamma of squared distances that makes the numbers between the given shares likeliest."""
    import scipy

    order = np.argsort(distances)
    rising = distances[order].astype(np.float64)
    within = np.arange(1, len(rising) + 1.0) if weights is None else np.cumsum(weights[order], dtype=np.float64)
    within /= within[-1]
    places = np.unique(np.minimum(np.searchsorted(within, shares), len(rising) - 1))
    squares, reached = np.square(rising[places]), within[places]
    counts = np.diff(reached, prepend=0.0)

    def cost(logs: Rates) -> float:
        expected = scipy.special.gammainc(np.exp(logs[0]), np.exp(logs[1]) * squares)
        steps = np.maximum(np.diff(expected, prepend=0.0), 1e-300)
        beyond = (1 - reached[-1]) * np.log(np.maximum(1 - expected[-1], 1e-300))
        return float(-(counts @ np.log(steps) + beyond) / reached[-1])

    middle = float(squares[len(squares) // 2])
    start = np.log([20.0, scipy.special.gammaincinv(20.0, reached[len(squares) // 2]) / middle])
    best = scipy.optimize.minimize(
        cost, start, method="Nelder-Mead", options={"xatol": 1e-6, "fatol": 1e-10, "maxiter": 2000, "maxfev": 2000}
    )
    shape, rate = np.exp(best.x)
    return float(shape), float(rate)
