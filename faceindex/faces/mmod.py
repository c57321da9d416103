"""dlib's CNN face detector on onnxruntime, with dlib's results: the same boxes, scores and suppression.

Like dlib (input_rgb_image_pyramid, loss_mmod_ and create_tiled_pyramid, 20.0) it puts all levels of an
image pyramid onto one large tile, so that what a window near a level's border sees of the
neighbouring levels is the same. Unlike dlib it scores the tile in overlapping bands, so that the network's
memory is bounded, and it can leave out the levels whose faces are too small to be wanted.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import dlib
import numpy as np
import numpy.typing as npt

from faceindex.faces.suppression import ScoredBox, rounded, suppressed
from faceindex.models.graph_interface import DETECTOR_METADATA, SCORES, TILE, DetectorGeometry
from faceindex.types import Pixels

if TYPE_CHECKING:
    import onnxruntime

SHRINKING, GROWTH = 5 / 6, 6 / 5
"""From the side of a pyramid level to that of the next one, and back (dlib pyramid_down<6>)."""

POINT_SHIFT = 0.3
"""A point x of a level is GROWTH * x + POINT_SHIFT on the level before (dlib's point_up)."""

SHORTEST_LEVEL = 5
"""Height in pixels under which dlib ends the pyramid; a width of 0 ends it too."""

GAP, MARGIN = 10, 11
"""Pixels between two levels, and around the whole tile, all of the mean colour."""

UNSIGNED = 2**64
"""Numbers of C's unsigned long."""

BAND_PIXELS = 2_000_000
"""About the pixels of the tile that the network sees at once; it needs some 60 bytes for each."""

Plane = npt.NDArray[np.float32]
"""float32 [h, w]: one colour, (value - mean) / 256."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a level lies on the tile, in pixels."""

    left: int
    top: int
    width: int
    height: int


class MmodDetector:
    """The detector that `onnx_graphs.detector_model` makes, loaded into `session`."""

    def __init__(self, session: onnxruntime.InferenceSession) -> None:
        self._session = session
        metadata = session.get_modelmeta().custom_metadata_map
        self._geometry = DetectorGeometry(**json.loads(metadata[DETECTOR_METADATA]))

    def detect(self, pixels: Pixels, adjust: float = 0.0, min_face: float | None = None) -> list[ScoredBox]:
        """The faces in `pixels` (uint8 [h, w, 3]), best score first.

        adjust: score that a face must exceed; below 0 finds more. min_face: side in pixels of the smallest box
        wanted; boxes have the sides 80, 96, 115, 138 ... only, and the levels of smaller ones are not run.
        """
        skipped = levels_below(min_face or 0, max(self._geometry.width, self._geometry.height))
        planes = [shrunken(plane, skipped) for plane in normalised(pixels, self._geometry.mean)]
        places, rows, columns = tile_layout(planes[0].shape)
        if not places or min(rows, columns) < self._geometry.field:
            return []
        tile = make_tile(planes, places, rows, columns)
        cells, scores = self._cells_above(tile, adjust)
        boxes = boxes_of(cells, self._geometry, places, skipped)
        return suppressed(boxes, scores, overlap=self._geometry.overlap, covered=self._geometry.covered)

    def _cells_above(self, tile: Plane, limit: float) -> tuple[npt.NDArray[np.int64], Plane]:
        """Cells (row, column) of the tile's map that score above `limit`, int64 [n, 2], and scores [n]; best first."""
        maps = [(first, self._scores(tile, first, last)) for first, last in bands(tile.shape[2:], self._geometry)]
        cells = np.concatenate([np.argwhere(scores > limit) + np.array([first, 0]) for first, scores in maps])
        scores = np.concatenate([scores[scores > limit] for _, scores in maps])
        order = np.argsort(-scores, kind="stable")
        return cells[order], scores[order]

    def _scores(self, tile: Plane, first: int, last: int) -> Plane:
        """Rows first ... last - 1 of the tile's map, from the part of the tile that they depend on."""
        geometry = self._geometry
        start = max(0, first - geometry.reach)
        stop = (last + geometry.reach - 1) * geometry.stride + geometry.field
        band = np.ascontiguousarray(tile[:, :, start * geometry.stride : stop])
        scores: Plane = self._session.run([SCORES], {TILE: band})[0][0, 0]
        return scores[first - start : last - start]


def bands(size: tuple[int, ...], geometry: DetectorGeometry) -> list[tuple[int, int]]:
    """(first, last + 1) rows of the map of a tile of `size` (rows, columns) that are scored at once."""
    rows, columns = size
    total = (rows - geometry.field) // geometry.stride + 1
    count = max(1, round(rows * columns / BAND_PIXELS))
    height = -(-total // count)
    return [(first, min(first + height, total)) for first in range(0, total, height)]


def levels_below(side: float, window: int) -> int:
    """The number of the first level whose boxes have at least `side` pixels. window: a box of level 0."""
    level = 0
    while (window - 1) * GROWTH**level + 1 < side:
        level += 1
    return level


def normalised(pixels: Pixels, mean: tuple[float, float, float]) -> list[Plane]:
    """The three colours of `pixels`, as the network wants them."""
    return [(pixels[:, :, i] - np.float32(mean[i])) / np.float32(256) for i in range(3)]


def next_level(size: tuple[int, ...]) -> tuple[int, int] | None:
    """Height and width of the level after one of `size` (height, width); None when there is none."""
    height, width = size
    height, width = int(SHRINKING * height), int(SHRINKING * width)
    return (height, width) if height >= SHORTEST_LEVEL and width else None


def shrunken(plane: Plane, levels: int) -> Plane:
    """`plane` that many levels on; empty when the pyramid ends before."""
    for _ in range(levels):
        size = next_level(plane.shape)
        if size is None:
            return np.empty((0, 0), dtype=np.float32)
        plane = dlib.resize_image(plane, *size)
    return plane


def tile_layout(size: tuple[int, ...]) -> tuple[list[Place], int, int]:
    """Where dlib puts the levels of an image of `size` (height, width). Returns: places, tile rows, tile columns.

    The levels go down one column until the next one fits beside the last and the column holds half of all
    that is not level 0; the others go up again on the right, and those that would meet level 0 are left out.
    """
    height, width = size
    if not height * width:
        return [], 0, 0
    sizes = [(height, width)]
    while (following := next_level(sizes[-1])) is not None:
        sizes.append(following)
    down = _levels_in_first_column(sizes)
    places, top = [], MARGIN
    for rows, columns in sizes[:down]:
        places.append(Place(MARGIN, top, columns, rows))
        top += rows + GAP
    bottom = top - GAP
    tile_rows = bottom + MARGIN
    for rows, columns in sizes[down:]:
        place = Place(MARGIN + width - columns, bottom - rows, columns, rows)
        if place.top < MARGIN + height:
            break
        places.append(place)
        bottom -= rows + GAP
    return places, tile_rows, width + 2 * MARGIN


def _levels_in_first_column(sizes: list[tuple[int, int]]) -> int:
    height, width = sizes[0]
    rest = sum(rows + GAP for rows, _ in sizes) - 2 * GAP - height
    filled, previous = 0, 0
    for number, (rows, columns) in enumerate(sizes):
        # dlib subtracts unsigned numbers here: where a small image makes one negative, it becomes a huge one.
        room, beyond = (width - previous - GAP) % UNSIGNED, 2 * (filled - height) % UNSIGNED
        if columns <= room and beyond >= rest % UNSIGNED:
            return number
        filled += rows + GAP
        previous = columns
    return len(sizes)


def make_tile(planes: list[Plane], places: list[Place], rows: int, columns: int) -> Plane:
    """The levels at their places, each resized from the one before by dlib itself.

    Returns: float32 [1, 3, rows, columns].
    """
    tile = np.zeros((1, len(planes), rows, columns), dtype=np.float32)
    for colour, plane in enumerate(planes):
        for place in places:
            if plane.shape != (place.height, place.width):
                plane = dlib.resize_image(plane, place.height, place.width)
            tile[0, colour, place.top : place.top + place.height, place.left : place.left + place.width] = plane
    return tile


def boxes_of(
    cells: npt.NDArray[np.int64], geometry: DetectorGeometry, places: list[Place], skipped: int
) -> npt.NDArray[np.int64]:
    """The detector's window at each cell, in pixels of the image: int64 [n, 4], left, top, right, bottom.

    A window belongs to the level that is nearest to its centre. skipped: levels before that of places[0].
    """
    centres = geometry.origin + geometry.stride * cells[:, ::-1]
    levels = _nearest_places(centres, places)
    origins = np.array([(place.left, place.top) for place in places])[levels]
    reach = np.array([geometry.width - 1, geometry.height - 1]) / 2
    boxes = np.concatenate([centres - reach - origins, centres + reach - origins], axis=1)
    for level in range(skipped + len(places) - 1):
        boxes = np.where((levels + skipped > level)[:, None], GROWTH * boxes + POINT_SHIFT, boxes)
    return rounded(boxes)


def _nearest_places(points: npt.NDArray[np.int64], places: list[Place]) -> npt.NDArray[np.int64]:
    """Number of the place nearest to each point (x, y), the first of several."""
    low = np.array([(place.left, place.top) for place in places])
    high = low + [(place.width - 1, place.height - 1) for place in places]
    outside = points[:, None] - np.clip(points[:, None], low, high)
    nearest: npt.NDArray[np.int64] = (outside**2).sum(axis=2).argmin(axis=1)
    return nearest
