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

NORMAL_90 = 1.644854
"""The 95 % quantile of the normal distribution: 5 % on each side of an interval of 90 %."""

FALSE_ALARMS = 0.01
_DRAWS = 5


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


def gains_at(before: Floats, after: Floats, people: People, rates: Sequence[float] = RATES) -> dict[float, Gain]:
    """True accept rates, every face counting alike, at those of `rates` that allow ten false pairs.

    before, after: float [n, d], the same faces. people: int64 [n]. The error is a jackknife's over people, whose pairs
    with all others go with them, and the threshold is set again each time.
    """
    told = shown(rates, people)
    if not told:
        return {}
    pairs = [near_pairs(vectors, people, max(told)) for vectors in (before, after)]
    left_out = groups_left_out(people)
    gains = {}
    for far in told:
        parts = [pairs[1].rate(far, each) - pairs[0].rate(far, each) for each in left_out]
        gains[far] = Gain(pairs[0].rate(far), pairs[1].rate(far), jackknife_error(parts))
    return gains


def curve(vectors: Floats, people: People) -> tuple[tuple[float, float], ...]:
    """(false accept rate, true accept rate), where ten false pairs are allowed, up to 0.1."""
    told = shown(np.geomspace(1e-6, 0.1, 51).tolist(), people)
    pairs = near_pairs(vectors, people, max(told, default=0.1))
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
