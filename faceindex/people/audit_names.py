"""Two names that are probably one person's; over arrays."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from faceindex.people.audit_sets import Sets, evidence
from faceindex.people.crowded_groups import crowding_of_each
from faceindex.people.near_groups import main_axes, near_pairs, near_square
from faceindex.search.calibration import Calibration

TWICE = 0.3
"""People with a name who are expected to have another one, too. As `MATES` of suggestions."""


class SameName(NamedTuple):
    """Two people, by their numbers, the one with more faces first, who are one with these log odds. square: mean square
    distance of their faces."""

    person: int
    other: int
    log_odds: float
    square: float


def same_people(sets: Sets, calibration: Calibration, *, least: float = 0.0) -> list[SameName]:
    """Pairs of people who are probably one, with log odds of `least` at least. sets: of the faces of each; somebody
    without a face is nobody's other name."""
    known = np.flatnonzero(sets.size)
    if len(known) < 2:
        return []
    centre, spread = sets.centre[known].astype(np.float32), sets.spread[known]
    sketches = main_axes(centre).sketches(centre, spread)
    square = near_square(calibration, len(known))
    one, other, apart = near_pairs(centre, spread, np.arange(len(known)), sketches, len(known), square)
    factor = crowding_of_each(one, apart, len(known), len(known), calibration)
    pairs, first = np.unique(np.sort(np.column_stack([one, other]), axis=1), axis=0, return_index=True)
    judged = apart[first] / np.square(np.maximum(*factor[pairs].T))
    log_odds = evidence(judged, calibration) + np.log(TWICE / len(known))
    found = []
    for place in np.flatnonzero(log_odds >= least).tolist():
        ours, theirs = (int(known[row]) for row in pairs[place])
        if sets.size[theirs] > sets.size[ours]:
            ours, theirs = theirs, ours
        found.append(SameName(ours, theirs, float(log_odds[place]), float(apart[first][place])))
    return found
