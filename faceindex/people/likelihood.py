"""How likely two groups of faces are one person's: what their distance says, among how many candidates, and over years.

The odds are those of a candidate drawn from all groups of the library, of which MATES are expected to be the same
person's, times the likelihood ratio of the distance. Distances of groups that clustering left apart say less than those
of pairs of faces, so that the logarithm counts by EVIDENCE. A distance is first divided by how crowded it is around the
group where it is less so: a child that resembles an adult who resembles nobody else is more remarkable than two
children who resemble each other.

People change. Between photos that are FAR years apart faces of one person are further from each other, by GROWTH; and
the younger one is most often a child, around whom it is crowded for that reason alone, so that the later group tells.

Chosen on half "a" of the people of lfw-dev and of LAG (a to m; child photos within 5 years, the others 15 to 30 years
later), recipe `sface-dlib`. `scripts/bench oracle` tells how it does on half "b", and `scripts/bench review` with other
recipes; on "b" of LAG 43 of 44 questions shown at 90 % and more have the answer yes, and of those at 70 to 90 % 29 of
36. Tried and left out: by how much the second best candidate is further, which says nothing beside how crowded it is.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from faceindex.judgement.calibration import Calibration

EVIDENCE = 0.75
"""Part of what a distance says about two faces that it says about two groups."""

MATES = 0.3
"""Groups that a group is expected to belong with: of 0.05, 0.1, 0.3 and 1 the likeliest for half of lfw-dev's people
with recipe `dlib`, after clustering at the recipe's threshold and at a stricter one. Answers correct it, see
`faceindex.people.learnt_odds`."""

GROWTH = 1.07
"""By how much faces of one person are further apart when they are FAR apart in time; 1 to 1.09 tried."""

_SURE = 100.0

Numbers = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Odds:
    """What distances of groups mean in a library.

    candidates: groups that each group is compared with. learnt: added to the logarithm of the odds, as answers taught.
    """

    calibration: Calibration
    candidates: int
    learnt: float = 0.0

    def logarithm(self, distances: npt.ArrayLike, crowding: npt.ArrayLike, far: npt.ArrayLike) -> Numbers:
        """Natural logarithm of the odds that pairs are one person's, float64 [n].

        distances: Euclidean, root mean square over all pairs of faces. crowding: of the group that tells, see
        `telling`; below 1 where it is crowded. far: whether they are FAR apart in time.
        """
        grown = np.where(far, GROWTH, 1.0)
        ratios = self.calibration.log_likelihood_ratio(np.asarray(distances) / np.asarray(crowding) / grown)
        odds = EVIDENCE * (ratios + np.log(MATES) - np.log(max(self.candidates, 1))) + self.learnt
        logarithm: Numbers = np.minimum(odds, _SURE)  # of two pictures of one photo
        return logarithm

    def square_at(self, logarithm: float) -> float:
        """The mean square distance up to which groups that are near in time, where it is not crowded, have at least
        these odds."""
        low, high = 0.0, 100.0
        for _ in range(60):
            middle = (low + high) / 2
            near = float(self.logarithm(np.sqrt(middle), 1.0, False)) >= logarithm
            low, high = (middle, high) if near else (low, middle)
        return high


def telling(
    crowding: Numbers, others_crowding: Numbers, first: npt.ArrayLike, others_first: npt.ArrayLike, far: npt.ArrayLike
) -> Numbers:
    """How crowded it is around the group of each pair that tells: the later of two that are far apart in time, else
    the one where it is less crowded. All arguments are of the two groups of each pair; float64 [n]."""
    later = np.where(np.asarray(first) > np.asarray(others_first), crowding, others_crowding)
    told: Numbers = np.where(far, later, np.maximum(crowding, others_crowding))
    return told
