"""Felzenszwalb's histograms of oriented gradients, as dlib's extract_fhog_features takes them (fhog.h, 20.0).

The numbers are dlib's but for the order of sums and for gradient lengths, which are rounded to 1 / UNITS of a
grey level. What is new is the order of work: colours lie in planes, so that the compiler can use wide registers;
a table knows every gradient's length and orientation; a pixel votes for four cells with two additions.

Source: Felzenszwalb, Girshick, McAllester, Ramanan 2010, Object detection with discriminatively trained
part-based models.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt

from faceindex.faces.kernels import kernel
from faceindex.faces.pyramid import Planes

CELL, HALF = 8, 4
"""Side of a cell in pixels, and half of it."""

OPPOSITE = 16
"""From an orientation's place in a histogram to that of the opposite one. There are nine and nine, 20 degrees each;
the places between are there for the sake of aligned memory."""

DEPTH = 32
"""Features of a cell: nine orientations, their opposites, both together, four sums, and a zero for aligned memory."""

CELLS_AT_ONCE = 32
"""Their features fit into the processor's first cache."""

BEFORE, AROUND = 4, 9
"""Zeros before the first cell of a row or column, and before and after: the window may lie half outside."""

UNITS = 2048
"""Parts of a pixel's grey level in which lengths are counted. The longest gradient is 361 levels long: a cell's sums
over a quarter of its pixels and their neighbours' then stay below 2 ** 32."""

NO_GRADIENT = np.int32(512 * 255 + 255)
"""Its place in the table of all gradients."""

STEP_10, STEP_30, STEP_50, STEP_70 = (
    np.float32(0.0603 / 0.3420),
    np.float32(0.1737 / 0.3008),
    np.float32(0.2660 / 0.2232),
    np.float32(0.3264 / 0.1188),
)
"""Tangents at which the nearest orientation changes; not exact ones, as dlib's unit vectors have four digits."""

TRUNCATION = np.float32(0.2)
EPSILON = np.float32(0.0001)
TEXTURE = np.float32(2 * 0.2357)

Line = npt.NDArray[np.uint8]
Whole = npt.NDArray[np.int32]
Plane = npt.NDArray[np.float32]

Gradients = npt.NDArray[np.uint32]

Votes = npt.NDArray[np.uint64]
"""uint64 [2, 2, 2 * OPPOSITE]: by height of the cell and place in its histogram, twice, since an addition to a number
has to wait for the one before."""

Histograms = npt.NDArray[np.float32]
"""float32 [rows, columns, 2 * OPPOSITE]"""

Features = npt.NDArray[np.float32]
"""float32 [DEPTH, rows + AROUND, columns + AROUND], zeros around."""


def cell_count(pixels: int) -> int:
    """Cells along a side of so many pixels, the outermost two of which have no features."""
    return (pixels + HALF) // CELL


def features(planes: Planes) -> Features:
    """The features of all cells but the outermost. Both sides of the image must have three cells."""
    histograms = cell_histograms(planes, all_gradients())
    rows, columns = histograms.shape[0] - 4 + AROUND, histograms.shape[1] - 4 + AROUND
    result = np.zeros((DEPTH, rows, columns), dtype=np.float32)
    _normalise(histograms, result)
    return result


@kernel()
def cell_histograms(planes: Planes, table: Gradients) -> Histograms:
    """Lengths of gradients by orientation, with one cell more on all sides."""
    height, width = planes.shape[1:]
    rows, columns = (height + HALF) // CELL, (width + HALF) // CELL
    right, bottom = min(columns * CELL, width) - 1, min(rows * CELL, height) - 1
    result = np.zeros((rows + 2, columns + 2, 2 * OPPOSITE), dtype=np.float32)
    steepest = np.zeros(width, dtype=np.int32)
    gradients = np.full((CELL, CELL * (columns + 1)), NO_GRADIENT, dtype=np.int32)
    votes = np.zeros((2, 2, 2 * OPPOSITE), dtype=np.uint64)
    for block in range(rows + 1):
        for line in range(CELL):
            y = CELL * block + line - HALF
            if 1 <= y < bottom:
                red, green, blue = planes[0], planes[1], planes[2]
                _steeper(red[y - 1], red[y], red[y + 1], green[y - 1], green[y], green[y + 1], steepest)
                _steepest(blue[y - 1], blue[y], blue[y + 1], steepest, gradients[line, HALF : HALF + right])
            else:
                gradients[line] = NO_GRADIENT
        for column in range(columns + 1):
            _vote(gradients, table, np.uint64(CELL * column), votes)
            _count(votes[0], result[block, column], result[block, column + 1])
            _count(votes[1], result[block + 1, column], result[block + 1, column + 1])
    return result


@kernel()
def _steeper(
    above: Line, here: Line, below: Line, other_above: Line, other_here: Line, other_below: Line, steeper: Whole
) -> None:
    """The longer gradient of two colours, the other one's when equal: 65536 dx + dy.

    Few arrays and one result to a loop: with more, the compiler no longer checks whether they overlap, and
    does without wide registers.
    """
    for x in range(1, len(steeper) - 1):
        dx, dy = np.int32(here[x + 1]) - np.int32(here[x - 1]), np.int32(below[x]) - np.int32(above[x])
        other_dx = np.int32(other_here[x + 1]) - np.int32(other_here[x - 1])
        other_dy = np.int32(other_below[x]) - np.int32(other_above[x])
        one = np.int32(dx * dx + dy * dy) > np.int32(other_dx * other_dx + other_dy * other_dy)
        steeper[x] = np.int32(65536 * dx + dy) if one else np.int32(65536 * other_dx + other_dy)


@kernel()
def _steepest(above: Line, here: Line, below: Line, steeper: Whole, steepest: Whole) -> None:
    """The longest gradient of three colours, as a place in the table of all gradients."""
    for x in range(1, len(steepest)):
        both = steeper[x]
        one_dx = np.int32(np.int32(both + 32768) >> 16)
        one_dy = np.int32(both - np.int32(one_dx << 16))
        dx, dy = np.int32(here[x + 1]) - np.int32(here[x - 1]), np.int32(below[x]) - np.int32(above[x])
        one = np.int32(one_dx * one_dx + one_dy * one_dy) > np.int32(dx * dx + dy * dy)
        steepest[x] = NO_GRADIENT + (np.int32(512 * one_dy + one_dx) if one else np.int32(512 * dy + dx))


@cache
def all_gradients() -> Gradients:
    """uint32 [512 * 511]: 32 * length in UNITS + place in a histogram, of the gradient (dx, dy) at 512 * dy + dx.

    Counted from NO_GRADIENT.
    """
    dy, dx = np.mgrid[-255:256, -255:257].astype(np.float32)
    tangents = np.array([STEP_10, STEP_30, STEP_50, STEP_70])
    steps = (np.abs(dy) > tangents[:, None, None] * np.abs(dx)).sum(axis=0)
    leftwards = (dx < 0) | ((dx == 0) & (dy < 0))
    # From the horizontal axis on, one way or the other; nine steps lead to the opposite of the first orientation.
    orientation = np.where(leftwards == (dy < 0), steps, -steps) + 9 * leftwards
    opposite, orientation = np.divmod(orientation % 18, 9)
    units = np.round(UNITS * np.hypot(dx, dy)).astype(np.uint32)
    table: Gradients = (32 * units + (OPPOSITE * opposite + orientation).astype(np.uint32)).ravel()
    return table


@kernel()
def _vote(gradients: npt.NDArray[np.int32], table: Gradients, start: np.uint64, votes: Votes) -> None:
    """Share out 8 x 8 pixels among the four cells around them, bilinearly. Into votes: those above, those below.

    The weights of a pixel are whole numbers, 16 in each direction. Those of the cells to its left and right are in
    the two halves of one number, and so are the sums: one product and one addition do for both.
    """
    votes[:] = 0
    half = np.uint64(32)
    for line in range(CELL):
        high = np.uint64(2 * CELL - 1 - 2 * line)
        for column in range(CELL):
            gradient = table[np.uint64(np.uint32(gradients[line, start + np.uint64(column)]))]
            place = np.uint64(gradient & np.uint32(31))
            weights = np.uint64(2 * CELL - 1 - 2 * column) | np.uint64(2 * column + 1) << half
            length = np.uint64(gradient >> np.uint32(5)) * weights
            votes[0, 0 if column % 2 else 1, place] += length * high
            votes[1, 0 if column % 2 else 1, place] += length
    for each in range(2 * OPPOSITE):
        above = votes[0, 0, each] + votes[0, 1, each]
        total = votes[1, 0, each] + votes[1, 1, each]
        votes[0, 0, each] = above
        votes[1, 0, each] = (total << np.uint64(4)) - above


@kernel()
def _count(votes: npt.NDArray[np.uint64], left: Plane, right: Plane) -> None:
    """Add a row's votes to the histograms of the cells to their left and right."""
    scale = np.float32(1 / (4 * CELL * CELL * UNITS))
    for place in range(2 * OPPOSITE):
        both = votes[0, place]
        left[place] += np.float32(np.uint32(both)) * scale
        right[place] += np.float32(np.uint32(both >> np.uint64(32))) * scale


@kernel()
def _normalise(histograms: Histograms, result: Features) -> None:
    """Write the features of all cells into the middle of `result`."""
    limits = _limits(_energies(histograms))
    columns = result.shape[2] - AROUND
    some = np.empty((CELLS_AT_ONCE, 4 * OPPOSITE), dtype=np.float32)
    for row in range(result.shape[1] - AROUND):
        for first in range(0, columns, CELLS_AT_ONCE):
            count = min(CELLS_AT_ONCE, columns - first)
            for number in range(count):
                x = first + number
                corners = (limits[row + 1, x + 1], limits[row, x + 1], limits[row + 1, x], limits[row, x])
                _normalise_cell(histograms[row + 2, x + 2], corners, some[number])
            _store(some[:count], result[:, row + BEFORE, first + BEFORE :])


@kernel()
def _store(cells: Plane, result: Plane) -> None:
    """Put the features of some cells of a row into their planes. result: [DEPTH, columns]."""
    for o in range(9):
        for x in range(len(cells)):
            result[o, x] = cells[x, o]
            result[o + 9, x] = cells[x, o + OPPOSITE]
            result[o + 18, x] = cells[x, o + 2 * OPPOSITE]
    for corner in range(4):
        for x in range(len(cells)):
            result[27 + corner, x] = cells[x, corner + 3 * OPPOSITE]


@kernel(fastmath={"reassoc", "nsz", "nnan"})
def _normalise_cell(cell: Plane, limits: tuple[np.float32, np.float32, np.float32, np.float32], result: Plane) -> None:
    """Features of one direction, of the opposite one, of both, and the sums, in steps of OPPOSITE."""
    limit_0, limit_1, limit_2, limit_3 = limits
    tenth = np.float32(0.1)
    scale_0, scale_1, scale_2, scale_3 = tenth / limit_0, tenth / limit_1, tenth / limit_2, tenth / limit_3
    sum_0 = sum_1 = sum_2 = sum_3 = np.float32(0)
    for o in range(OPPOSITE):
        one, other = cell[o], cell[o + OPPOSITE]
        one_0, one_1, one_2, one_3 = min(one, limit_0), min(one, limit_1), min(one, limit_2), min(one, limit_3)
        result[o] = one_0 * scale_0 + one_1 * scale_1 + one_2 * scale_2 + one_3 * scale_3
        sum_0, sum_1, sum_2, sum_3 = sum_0 + one_0, sum_1 + one_1, sum_2 + one_2, sum_3 + one_3
        one_0, one_1, one_2, one_3 = min(other, limit_0), min(other, limit_1), min(other, limit_2), min(other, limit_3)
        result[o + OPPOSITE] = one_0 * scale_0 + one_1 * scale_1 + one_2 * scale_2 + one_3 * scale_3
        sum_0, sum_1, sum_2, sum_3 = sum_0 + one_0, sum_1 + one_1, sum_2 + one_2, sum_3 + one_3
        both = one + other
        one_0, one_1, one_2, one_3 = min(both, limit_0), min(both, limit_1), min(both, limit_2), min(both, limit_3)
        result[o + 2 * OPPOSITE] = one_0 * scale_0 + one_1 * scale_1 + one_2 * scale_2 + one_3 * scale_3
    result[3 * OPPOSITE] = TEXTURE * scale_0 * sum_0
    result[3 * OPPOSITE + 1] = TEXTURE * scale_1 * sum_1
    result[3 * OPPOSITE + 2] = TEXTURE * scale_2 * sum_2
    result[3 * OPPOSITE + 3] = TEXTURE * scale_3 * sum_3


@kernel(fastmath={"reassoc", "nsz"})
def _energies(histograms: Histograms) -> Plane:
    """Energy of each cell, orientations without their sign: float32 [rows, columns]."""
    energies = np.empty((histograms.shape[0] - 2, histograms.shape[1] - 2), dtype=np.float32)
    for row in range(energies.shape[0]):
        for column in range(energies.shape[1]):
            cell = histograms[row + 1, column + 1]
            energy = np.float32(0)
            for o in range(OPPOSITE):
                both = cell[o] + cell[o + OPPOSITE]
                energy += both * both
            energies[row, column] = energy
    return energies


@kernel()
def _limits(energies: Plane) -> Plane:
    """Where each block of 2 x 2 cells truncates their histograms: float32 [rows - 1, columns - 1]."""
    limits = np.empty((energies.shape[0] - 1, energies.shape[1] - 1), dtype=np.float32)
    for row in range(limits.shape[0]):
        upper, lower = energies[row], energies[row + 1]
        for x in range(limits.shape[1]):
            energy = upper[x] + upper[x + 1] + lower[x] + lower[x + 1]
            limits[row, x] = TRUNCATION * np.sqrt(energy + EPSILON)
    return limits
