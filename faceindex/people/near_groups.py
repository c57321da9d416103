"""Which albums are near an album or a face, exactly, without comparing all vectors of all.

The mean square of the distances between two sets is the square of that of their centres plus both spreads. A sketch
has few numbers for each group, the distance of two of which is never above that: centres projected onto their main
axes, how far they are from there, and their spreads each in a direction of its own. Only pairs whose sketches are near
are looked at in full.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from faceindex.judgement.calibration import Calibration
from faceindex.types import Vectors
from faceindex.vectors.exact import pairs_within

MATES = 0.3
"""Albums that a face or album is expected to belong with: of 0.05, 0.1, 0.3 and 1 the likeliest for half of lfw-dev's
people with recipe `dlib`, after clustering at the recipe's threshold and at a stricter one."""

NEAREST = 8
"""Albums that each album or face is compared with, at most."""

_FAINT = 1e-4  # odds below which a pair is neither suggested nor a rival that is heard of
_AXES = 48  # of 16, 32, 48 and 64 the least of which few pairs are left that are not near; more take longer to read
_BLOCK = 1024
_SLACK = 1e-4  # of float32

Rows = npt.NDArray[np.int64]
Squares = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Axes:
    """What sketches are made with. mean: float32 [d]. axes: float32 [d, a], orthonormal."""

    mean: Vectors
    axes: Vectors

    def sketches(self, centre: Vectors, spread: Squares) -> Vectors:
        """Of centres, float32 [n, d], and spreads, float64 [n]: float32 [n, a + 3].

        The last but one is 0, where the other group of a pair has its spread.
        """
        centred = centre - self.mean
        inside = centred @ self.axes
        beside = np.square(centred).sum(axis=1) - np.square(inside).sum(axis=1)
        rest = np.column_stack([np.maximum(beside, 0), np.zeros(len(centre)), np.maximum(spread, 0)])
        return np.column_stack([inside, np.sqrt(rest)]).astype(np.float32)


def main_axes(centre: Vectors) -> Axes:
    """The axes along which centres, float32 [n, d], differ most."""
    some = centre[:: max(1, len(centre) // 20_000)].astype(np.float64)
    mean = some.mean(axis=0) if len(some) else np.zeros(centre.shape[1])
    _, vectors = np.linalg.eigh((some - mean).T @ (some - mean))
    return Axes(mean.astype(np.float32), np.ascontiguousarray(vectors[:, ::-1][:, :_AXES].astype(np.float32)))


def near_square(calibration: Calibration, albums: int) -> float:
    """The mean square distance beyond which a pair matters no more in a library of so many albums."""
    least = np.log(_FAINT) - np.log(MATES) + np.log(max(albums, 1))
    low, high = 0.0, 100.0
    for _ in range(60):
        middle = (low + high) / 2
        near = float(calibration.log_likelihood_ratio(np.sqrt(middle))) >= least
        low, high = (middle, high) if near else (low, middle)
    return high


def likely_pairs(ones: Vectors, others: Vectors, square: float) -> tuple[Rows, Rows]:
    """Pairs of rows of sketches, float32 [n, a + 3] and [m, a + 3], that may be within `square`: int64 [k] each."""
    left = ones.copy()
    left[:, [-2, -1]] = ones[:, [-1, -2]]
    return pairs_within(left, others, square * (1 + _SLACK) + _SLACK)


def near_pairs(
    centre: Vectors, spread: Squares, numbers: Rows, sketches: Vectors, albums: int, square: float
) -> tuple[Rows, Rows, Squares]:
    """For every group the albums that are near it: rows of both, int64 [k], and mean square distances, float64 [k].

    centre: float32 [n, d]. spread: float64 [n]. numbers: int64 [n], of albums rising. sketches: float32 [n, a + 3].
    albums: how many of the groups, the first, are albums.
    """
    found: list[tuple[Rows, Rows, Squares]] = []
    for start in range(0, len(centre), _BLOCK):
        left, right = likely_pairs(sketches[start : start + _BLOCK], sketches[:albums], square)
        left += start
        left, right = left[left != right], right[left != right]
        for part in range(0, len(left), 64 * _BLOCK):
            one, other = left[part : part + 64 * _BLOCK], right[part : part + 64 * _BLOCK]
            apart = squares(centre[one], centre[other], spread[one], spread[other])
            within = apart <= square
            found.append((one[within], other[within], apart[within]))
    if not found:
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64), np.empty(0)
    one, other, apart = (np.concatenate(columns) for columns in zip(*found, strict=True))
    kept = nearest_only(one, numbers[other], apart)
    return one[kept], other[kept], apart[kept]


def squares(one: Vectors, other: Vectors, spread: Squares, other_spread: Squares) -> Squares:
    """Mean square distances of pairs: centres float32 [k, d] and spreads float64 [k] of both; float64 [k]."""
    between = np.square(one.astype(np.float64) - other.astype(np.float64)).sum(axis=1)
    found: Squares = between + spread + other_spread
    return found


def nearest_only(group: Rows, album: Rows, square: Squares) -> npt.NDArray[np.bool_]:
    """Which of these pairs are among the NEAREST of their group; of equally near albums the first number. bool [k]."""
    order = np.lexsort((album, square, group))
    first = np.searchsorted(group[order], group[order], side="left")
    kept = np.zeros(len(group), dtype=np.bool_)
    kept[order] = np.arange(len(group)) - first < NEAREST
    return kept
