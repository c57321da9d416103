"""Two names that are probably one person's; over arrays."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from faceindex.judgement.calibration import Calibration
from faceindex.people.audit_sets import Sets, evidence, near_sets, nearest_sets, square_of

TWICE = 0.3
"""People with a name who are expected to have another one, too; as `MATES` of suggestions."""


class SameName(NamedTuple):
    """Two people, by their numbers, the one with more faces first, who are one with these log odds. square: mean square
    distance of their faces."""

    person: int
    other: int
    log_odds: float
    square: float


def same_people(sets: Sets, calibration: Calibration, *, least: float = 0.0) -> list[SameName]:
    """Pairs of people who are probably one, with log odds of `least` at least, by rising numbers.

    sets: of the faces of each. Where others crowd around one of two, their distance says less.
    """
    known = np.flatnonzero(sets.size)
    if len(known) < 2:
        return []
    odds = float(np.log(TWICE / len(known)))
    people = sets.chosen(known)
    one, other, apart = near_sets(people, people, square_of(least - odds, calibration))
    pairs = np.column_stack([one, other])
    some = np.unique(pairs)
    _, nearest, judged = nearest_sets(sets.chosen(known[some]), known[some], sets, calibration)
    with np.errstate(invalid="ignore"):
        stretched = np.where(nearest > 0, judged / nearest, 1.0)[np.searchsorted(some, pairs)]
    log_odds = odds + evidence(apart * np.maximum(*stretched.T), calibration) if len(pairs) else np.empty(0)
    found = []
    for place in np.flatnonzero(log_odds >= least).tolist():
        ours, theirs = (int(known[row]) for row in pairs[place])
        if sets.size[theirs] > sets.size[ours]:
            ours, theirs = theirs, ours
        found.append(SameName(ours, theirs, float(log_odds[place]), float(apart[place])))
    return found
