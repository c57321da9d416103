"""What a head gains on people held out: before and after, on the same faces, with errors over people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from faceindex.clustering.cluster import cluster
from faceindex.clustering.methods import DEFAULT_METHOD
from faceindex.evaluation.albums import score_albums
from faceindex.evaluation.distances import block_distances
from faceindex.evaluation.identification import Flags, Identification, enrolled
from faceindex.training.losses import Floats, People
from faceindex.training.near_pairs import (
    NearPairs,
    groups_left_out,
    jackknife_error,
    near_pairs,
    shown,
)
from faceindex.types import Qualities

RATES = (1e-3, 1e-4, 1e-5)
"""False accept rates that are told."""

JUDGED = 1e-3
"""That at which a head must not lose."""

MORE_RATES = (1e-2, 1e-1)
"""Those that are told where RATES allow too few false pairs."""

NORMAL_90 = 1.644854
"""The 95 % quantile of the normal distribution: 5 % on each side of an interval of 90 %."""

_CURVE = tuple(np.geomspace(1e-6, 0.1, 51).tolist())
FALSE_ALARMS = 0.01
_DRAWS = 5

Curve = tuple[tuple[float, float], ...]
"""(false accept rate, true accept rate), where ten false pairs are allowed, up to 0.1."""


@dataclass(frozen=True, slots=True)
class Gain:
    """A figure before and after, and the 90 % interval of its difference over people, from `low` to `high`."""

    before: float
    after: float
    error: float

    @property
    def gain(self) -> float:
        """After less before."""
        return self.after - self.before

    @property
    def low(self) -> float:
        """The lower end of the interval."""
        return self.gain - NORMAL_90 * self.error

    @property
    def high(self) -> float:
        """The upper end of the interval."""
        return self.gain + NORMAL_90 * self.error


@dataclass(frozen=True, slots=True)
class Comparison:
    """gains: of the true accept rate, by false accept rate: of RATES that allow ten false pairs, else of MORE_RATES.
    curves: before and after."""

    gains: dict[float, Gain]
    curves: tuple[Curve, Curve]


def compared(before: Floats, after: Floats, people: People, parts: People | None = None) -> Comparison:
    """True accept rates before and after, every face counting alike, and their curves.

    before, after: float [n, d], the same faces. people: int64 [n]. parts: int64 [n]: only faces of one part are
    compared. The errors are a jackknife's over people, whose pairs with all others go with them, and the threshold is
    set again each time. The pairs are measured once.
    """
    told = shown(_CURVE, people, parts)
    reach = max(told, default=_CURVE[-1])
    first, last = (near_pairs(vectors, people, reach, parts) for vectors in (before, after))
    gains = _gains(first, last, shown(RATES, people, parts) or shown(MORE_RATES, people, parts))
    return Comparison(gains, (_curve(first, told), _curve(last, told)))


def _gains(before: NearPairs, after: NearPairs, told: Sequence[float]) -> dict[float, Gain]:
    left_out = groups_left_out(before.people)
    gains = {}
    for far in told:
        first, last = before.up_to(far), after.up_to(far)
        parts = [last.rate(far, each) - first.rate(far, each) for each in left_out]
        gains[far] = Gain(first.rate(far), last.rate(far), jackknife_error(parts))
    return gains


def _curve(pairs: NearPairs, told: Sequence[float]) -> Curve:
    return tuple((far, pairs.rate(far)) for far in told)


def albums_f(vectors: Floats, people: People, qualities: Qualities, threshold: float, *, modest_last: bool) -> float:
    """B-cubed F of the albums that `faceindex cluster` makes of these faces."""
    labels = cluster(
        vectors.astype(np.float32),
        method=DEFAULT_METHOD,
        threshold=threshold,
        qualities=qualities,
        modest_last=modest_last,
    )
    return score_albums(labels, people).bcubed.f


def identification(before: Floats, after: Floats, people: People) -> Gain | None:
    """Share of faces named rightly while one stranger in a hundred is named, half of the people enrolled.

    Named is the person of the nearest face. Mean over five draws of who is enrolled, with all faces but one; the error
    is over probes, by person. None when nobody can be looked for.
    """
    random = np.random.default_rng(0)
    shares: dict[int, list[float]] = {}
    figures = []
    for _ in range(_DRAWS):
        gallery, mated = enrolled(people, None, random)
        strangers = ~gallery & ~mated
        if not (mated.any() and strangers.any()):
            continue
        named = [_named(vectors, people, gallery, mated, strangers) for vectors in (before, after)]
        hits = [each.right & (each.scores > each.threshold(FALSE_ALARMS)) for each in named]
        figures.append([float(each.mean()) for each in hits])
        for person, change in zip(people[mated].tolist(), (hits[1].astype(int) - hits[0]).tolist(), strict=True):
            shares.setdefault(person, []).append(change)
    if not figures:
        return None
    first, last = np.mean(figures, axis=0)
    probes = sum(map(len, shares.values()))
    rest = [sum(each) - len(each) * (last - first) for each in shares.values()]
    return Gain(float(first), float(last), float(np.sqrt(np.square(rest).sum()) / probes))


def _named(vectors: Floats, people: People, gallery: Flags, mated: Flags, strangers: Flags) -> Identification:
    known = vectors[gallery].astype(np.float32)

    def nearest(rows: Flags) -> tuple[People, Floats]:
        distances = block_distances(vectors[rows].astype(np.float32), known)
        places = distances.argmin(axis=1)
        return people[gallery][places], -distances[np.arange(len(places)), places].astype(np.float64)

    found, scores = nearest(mated)
    return Identification(found == people[mated], scores, nearest(strangers)[1])
