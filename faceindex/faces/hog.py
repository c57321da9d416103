"""dlib's frontal face detector in less than half of its time: the same templates, levels, boxes and suppression.

Sources: dlib scan_fhog_pyramid.h, object_detector.h, 20.0; Dalal, Triggs 2005, Histograms of oriented gradients
for human detection. Scores differ from dlib's by the rounding of sums and by dlib's approximating its templates
with separable filters.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import numpy as np
import numpy.typing as npt

from faceindex.faces.fhog import Features, cell_count, features
from faceindex.faces.kernels import kernel
from faceindex.faces.pyramid import Planes, colour_planes, shrunk
from faceindex.faces.suppression import ScoredBox, rounded, suppressed
from faceindex.models.graph_interface import FEATURES, SUMS
from faceindex.models.hog_templates import CELL, CELLS, PLANES, SMALLEST_LEVEL, HogTemplates, hog_templates
from faceindex.models.networks import session
from faceindex.types import Pixels

BOX = 73
"""Side in pixels of the boxes of level 0: from the centre of the window's first cell to that of its last."""

FEWEST_CELLS = 3
"""Cells along a side under which an image has no features."""

GROWTH, SHRINKING, POINT_SHIFT = 6 / 5, 5 / 6, 0.3
"""A point x of a level is GROWTH * x + POINT_SHIFT on the level before (dlib pyramid_down<6>)."""

MARGIN = 1.5
"""Windows whose estimated score is further than this below the limit are not scored. Among 600,000 windows of 72 photos
no face was underestimated by more than 0.96; half of all windows score below -3.2."""

Places = npt.NDArray[np.int64]
Scores = npt.NDArray[np.float64]


class HogDetector:
    """Several detectors in one process share nothing but the templates; each runs on the thread that calls it."""

    def __init__(self, templates: HogTemplates) -> None:
        # Imported here: it loads onnx, 0.15 s, and every worker imports this module, most for other detectors.
        from faceindex.models.hog_graph import estimate_graph

        self._templates = templates
        self._session = session(estimate_graph(templates))

    def detect(self, pixels: Pixels, limit: float = 0.0, min_side: int | None = None) -> list[ScoredBox]:
        """The faces in `pixels` (uint8 [h, w, 3]), best score first.

        limit: score that a face must reach; below 0 finds more. min_side: side in pixels of the smallest box wanted;
        boxes have the sides 73, 87, 105, 125 ... only, and the levels of smaller ones are not scored.
        """
        boxes, scores = [np.empty((0, 4), dtype=np.int64)], [np.empty(0)]
        for level, planes in enumerate(pyramid(pixels)):
            if (BOX - 1) * GROWTH**level + 1 >= (min_side or 0):
                places, found = self._score_level(planes, limit)
                boxes.append(boxes_of(places, level))
                scores.append(found)
        return suppressed(
            np.concatenate(boxes),
            np.concatenate(scores),
            overlap=self._templates.overlap,
            covered=self._templates.covered,
        )

    def _score_level(self, planes: Planes, limit: float) -> tuple[npt.NDArray[np.int64], Scores]:
        """Windows (row, column) that score `limit` or more on one level, int64 [n, 2], and their scores [n]."""
        if min(map(cell_count, planes.shape[1:])) < FEWEST_CELLS:
            return np.empty((0, 2), dtype=np.int64), np.empty(0)
        cells = features(planes)
        estimates = self._session.run([SUMS], {FEATURES: cells[None]})[0][0]
        lowest = (self._templates.thresholds + (limit - MARGIN)).astype(np.float32)
        # Row by row, so that neighbouring windows find their cells in the processor's cache.
        rows, templates, columns = np.nonzero(estimates.transpose(1, 0, 2) >= lowest[:, None])
        scores = _sums(cells, self._templates.weights, templates, rows, columns) - self._templates.thresholds[templates]
        found = scores >= limit
        return np.stack([rows[found], columns[found]], axis=1), scores[found]


@cache
def hog_detector() -> HogDetector:
    """The detector of frontal faces."""
    return HogDetector(hog_templates())


def pyramid(pixels: Pixels) -> Iterator[Planes]:
    """`pixels` and its ever smaller versions, while both sides have SMALLEST_LEVEL pixels; at least one."""
    planes = colour_planes(pixels)
    last = np.array(pixels.shape[:2]) - 1
    while True:
        yield planes
        # dlib counts the levels on a rectangle, whose sides are not quite those of the image that is shrunk.
        last = rounded((last - POINT_SHIFT) * SHRINKING)
        if last.min() + 1 < SMALLEST_LEVEL:
            return
        planes = shrunk(planes)


def _sums(
    cells: Features, weights: npt.NDArray[np.float32], templates: Places, rows: Places, columns: Places
) -> Scores:
    """What templates give for the windows at rows and columns: float64 [n]."""
    plane, line = cells[0].size, cells.shape[2]
    flat = weights.reshape(len(weights), -1)
    sums: Scores = _products(cells.ravel(), flat, templates, rows * line + columns, np.uint64(plane), np.uint64(line))
    return sums


@kernel(fastmath=True)
def _products(
    cells: npt.NDArray[np.float32],
    templates: npt.NDArray[np.float32],
    numbers: Places,
    starts: Places,
    plane: np.uint64,
    line: np.uint64,
) -> Scores:
    """numbers: of the templates. plane, line: steps in `cells` from one plane and one line of a window to the next."""
    sums = np.empty(len(starts))
    for number in range(len(starts)):
        template = templates[numbers[number]]
        total = np.float32(0)
        for part in range(PLANES * CELLS):
            above, row = divmod(part, CELLS)
            start = np.uint64(starts[number]) + np.uint64(above) * plane + np.uint64(row) * line
            for column in range(CELLS):
                total += cells[start + np.uint64(column)] * template[np.uint64(CELLS * part + column)]
        sums[number] = total
    return sums


def boxes_of(places: npt.NDArray[np.int64], level: int) -> npt.NDArray[np.int64]:
    """The boxes of windows at `places` (row, column) of a level, in pixels of the image: left, top, right, bottom."""
    low = places[:, ::-1] - 3
    high = low + CELLS - 1
    corners = np.concatenate([low, high], axis=1)
    # dlib goes half a cell to the centre in the direction away from zero.
    boxes = CELL * corners + 1 + np.where(corners >= 0, CELL // 2, -CELL // 2)
    points = boxes.astype(np.float64)
    for _ in range(level):
        points = GROWTH * points + POINT_SHIFT
    return rounded(points)
