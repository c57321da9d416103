"""How crowded it is around albums and faces that are asked about: of most likenesses among children the answer is no.

As `faceindex.judgement.company` has it for faces, with albums as the people. Recipe `sface-dlib`, 727 children of the
LAG set and the same people as adults, clustered: of 971 questions 40 had the answer yes, and 503 of the others were
called 90 % probable and more; with this 19 of 20 have it.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from faceindex.judgement.calibration import Calibration
from faceindex.judgement.company import SMALLEST, crowding, people_among
from faceindex.people.near_groups import Rows, Squares

LONELY = 1.036
"""The largest figure, of groups that resemble others less than usual: 1, 1.036 and 1.12 tried on halves "a"."""


def crowding_of_each(group: Rows, square: Squares, groups: int, albums: int, calibration: Calibration) -> Squares:
    """Of each of so many groups what its distances are divided by, at most LONELY: float64 [groups].

    group, square: int64 and float64 [k], a group and its mean square distance to one of the albums nearest to it.
    """
    order = np.lexsort((square, group))
    begins = np.searchsorted(group[order], np.arange(groups + 1))
    rising = square[order]
    return np.array(
        [crowding_by(rising[begins[one] : begins[one + 1]], albums, calibration) for one in range(groups)], dtype=float
    )


def crowding_by(squares: npt.ArrayLike, albums: int, calibration: Calibration) -> float:
    """The same for one group. squares: of the albums nearest to it, rising."""
    near = np.asarray(squares, dtype=np.float64)
    people = people_among(albums)
    if albums < SMALLEST or len(near) < people:
        return 1.0
    return min(LONELY, crowding(float(np.sqrt(near[people - 1])), people, albums, calibration))
