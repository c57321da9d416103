"""How near the faces of a gallery have to be to a probe, each by the years between both photos."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from faceindex.judgement.company import MILDEST
from faceindex.search.growing_up import FAR

MOST = 16
"""Faces, the nearest ones, of which the company is looked at: each takes a search."""

Floats = npt.NDArray[np.float64]


def factors_over_years(
    distances: Floats, years: Floats, taken: float, own: float, threshold: float, factor_of: Callable[[int], float]
) -> Floats:
    """What each distance is divided by before it is judged, float64 [n]: `own`, the factor of the probe's company, or
    that of the face's where its photo was taken FAR later and it is near enough to matter.

    distances, years: float64 [n], to each face, and when it was taken, NaN for unknown. taken: the year of the probe.
    threshold: in usual company, Euclidean. factor_of: that of a row.

    Photos of 721 people of LAG (a to m) as children and as adults, dates drawn, each face searched among the others of
    its half of the people, recipe `sface-dlib`: of those with a photo FAR apart .268 and .216 (halves "a" and "b") have
    it accepted without this, .302 and .241 with it; of pairs of two children .00002 and .00003 are accepted, then
    .00002 and .00004; strangers a probe .0066 and .0318, then .0073 and .0332.
    """
    factors = np.full(len(distances), own)
    rows = np.flatnonzero((years - taken >= FAR) & (distances <= threshold * MILDEST))
    for row in rows[np.argsort(distances[rows], kind="stable")][:MOST].tolist():
        factors[row] = factor_of(row)
    return factors
