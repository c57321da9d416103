"""How an edit moved the faces of a picture: a shift, a zoom, a turn, a mirror, told by faces that are known again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from faceindex.types import Box

Points = npt.NDArray[np.complex128]
"""complex128 [n], x + iy in pixels."""

CONSISTENT = 0.15
"""Root mean square distance, in widths of faces, from which points do not fit one movement: it is another picture."""

_MIRRORED = {
    4: ([1, 0, 3, 2],),  # corners of a box
    5: ([1, 0, 2, 4, 3], [2, 3, 0, 1, 4]),  # eyes, nose, mouth (YuNet); corners of the eyes, nose (dlib)
}
"""By number of points: which of them changes places with which when a face is mirrored."""


@dataclass(frozen=True, slots=True)
class Movement:
    """z becomes factor * z + shift, or of its conjugate when mirrored; z = x + iy."""

    factor: complex
    shift: complex
    mirrored: bool

    def of(self, box: Box) -> Box:
        """Where the face of `box` is after it. Boxes stay upright."""
        middle = complex(box.x + box.width / 2, box.y + box.height / 2)
        there = self.factor * (middle.conjugate() if self.mirrored else middle) + self.shift
        width, height = box.width * abs(self.factor), box.height * abs(self.factor)
        return Box(
            *(round(value) for value in (there.real - width / 2, there.imag - height / 2)),
            *(max(1, round(value)) for value in (width, height)),
        )


def points_of(box: Box, landmarks: npt.NDArray[np.float32]) -> Points:
    """Five landmarks, or else the corners of the box: upper left, upper right, lower left, lower right."""
    if len(landmarks) == 5 and np.ptp(landmarks) > 0:
        return landmarks[:, 0].astype(np.float64) + 1j * landmarks[:, 1]
    right, bottom = box.x + box.width, box.y + box.height
    corners = [complex(x, y) for y in (box.y, bottom) for x in (box.x, right)]
    return np.array(corners, dtype=np.complex128)


def movement(pairs: Sequence[tuple[Points, Points, float]]) -> Movement | None:
    """The movement that takes the points of faces before to those after, by least squares.

    pairs: points of a face before and after, as many each, and its width before. None when there are no pairs, or when
    no movement fits them. The closed form is Umeyama 1991, "Least-squares estimation of transformation parameters
    between two point patterns", in two dimensions.
    """
    usable = [pair for pair in pairs if len(pair[0]) == len(pair[1])]
    if not usable:
        return None
    before, after = (np.concatenate([pair[side] for pair in usable]) for side in (0, 1))
    width = float(np.mean([pair[2] for pair in usable]))
    tried = [_fitted(before, after, mirrored=False)]
    for place in range(2):
        orders = [_MIRRORED[len(pair[0])] for pair in usable]
        swapped = np.concatenate(
            [pair[0][order[min(place, len(order) - 1)]] for pair, order in zip(usable, orders, strict=True)]
        )
        tried.append(_fitted(swapped, after, mirrored=True))
    residual, best = min(tried, key=lambda fitted: fitted[0])
    return best if residual <= CONSISTENT * width * abs(best.factor) else None


def _fitted(before: Points, after: Points, *, mirrored: bool) -> tuple[float, Movement]:
    """Root mean square distance in pixels after, and the movement."""
    start = before.conj() if mirrored else before
    middle, target = start.mean(), after.mean()
    spread = float(np.sum(np.abs(start - middle) ** 2))
    factor = complex(np.sum((start - middle).conj() * (after - target)) / spread) if spread else 1.0 + 0j
    shift = complex(target - factor * middle)
    residual = float(np.sqrt(np.mean(np.abs(factor * start + shift - after) ** 2)))
    return residual, Movement(factor, shift, mirrored)
