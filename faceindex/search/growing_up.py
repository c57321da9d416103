"""Years between photos, and what is left to say about a face once it may have grown up.

People are furthest from themselves between photos as a child and as an adult; and around children it is crowded, see
`faceindex.judgement.company`. Of two photos FAR apart the earlier may show a child, whose company says nothing about
whether an adult is the same person. The later one must not: it would be a child again. So the later one's company
tells.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

FAR = 9.0
"""Years between photos from which on a face may have grown up. A child that is still one so much later is another."""

Numbers = npt.NDArray[np.float64]


def years_between(
    first: npt.ArrayLike, last: npt.ArrayLike, others_first: npt.ArrayLike, others_last: npt.ArrayLike
) -> Numbers:
    """Years between the photos of two groups, 0 where they overlap or a group has no date: float64 [n].

    first, last: years of the earliest and of the latest dated photo, NaN for none.
    """
    between = np.maximum(np.asarray(others_first) - np.asarray(last), np.asarray(first) - np.asarray(others_last))
    apart: Numbers = np.maximum(np.nan_to_num(between), 0.0)
    return apart
