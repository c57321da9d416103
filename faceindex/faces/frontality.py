"""How much a framed face looks like one from the front: the best score of dlib's frontal HOG template near its middle.

The features are those of `faceindex.faces.fhog`, by array operations. For one face of FACE pixels they take 0.4 ms, and
nobody waits for a compiler; for a whole photo they would take ten times as long as the compiled loops.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from faceindex.faces.fhog import CELL, EPSILON, HALF, NO_GRADIENT, OPPOSITE, TEXTURE, TRUNCATION, UNITS, all_gradients
from faceindex.models.hog_templates import CELLS, PLANES
from faceindex.types import Pixels

FACE = 104
"""Side in pixels of a framed face."""

CELLS_ALONG = FACE // CELL
"""The template is 10 of these 13 cells wide and high; it may lie on any of the 16 places within them."""

Floats = npt.NDArray[np.float32]
Whole = npt.NDArray[np.int32]


def frontality(face: Pixels) -> float:
    """The score of a face, uint8 [FACE, FACE, 3]; above 0 for one that dlib would detect."""
    _, threshold = frontal_template()
    return float((features(face).ravel() @ _template_at_all_places()).max()) - threshold


@cache
def _template_at_all_places() -> Floats:
    """The template at each of its places among the cells, zeros around it: float32 [PLANES * 13 * 13, 16].

    One product with all features takes a fifth of the time that is needed to copy those of every place.
    """
    template, _ = frontal_template()
    places = range(CELLS_ALONG - CELLS + 1)
    result = np.zeros((len(places), len(places), PLANES, CELLS_ALONG, CELLS_ALONG), dtype=np.float32)
    for y in places:
        for x in places:
            result[y, x, :, y : y + CELLS, x : x + CELLS] = template
    return np.ascontiguousarray(result.reshape(len(places) ** 2, -1).T)


@cache
def frontal_template() -> tuple[Floats, float]:
    """Weights, float32 [PLANES, CELLS, CELLS], and threshold of the first of dlib's five HOG templates.

    The file has them as `faceindex.models.hog_templates` reads them from dlib 20.0 (Boost licence). dlib takes a
    quarter of a second to unpack them, and qualities should not change with its version.
    """
    numbers: Floats = np.load(Path(__file__).with_name("frontal_template.npy"), allow_pickle=False)
    return numbers[:-1].reshape(PLANES, CELLS, CELLS), float(numbers[-1])


def features(face: Pixels) -> Floats:
    """Of all cells, float32 [PLANES, 13, 13], but the outermost ones, which have none: zeros."""
    signed = _histograms(face)
    unsigned = signed[:, :9] + signed[:, 9:]
    energies = np.einsum("yox,yox->yx", unsigned, unsigned)
    blocks = energies[:-1, :-1] + energies[:-1, 1:] + energies[1:, :-1] + energies[1:, 1:]
    limits = TRUNCATION * np.sqrt(blocks + EPSILON)
    corners = (limits[1:, 1:], limits[:-1, 1:], limits[1:, :-1], limits[:-1, :-1])
    histograms = np.concatenate([signed, unsigned], axis=1)[1:-1, :, 1:-1]
    result = np.zeros((PLANES, CELLS_ALONG, CELLS_ALONG), dtype=np.float32)
    orientations, sums = result[:27, 1:-1, 1:-1].transpose(1, 0, 2), result[27:, 1:-1, 1:-1]
    for limit, total in zip(corners, sums, strict=True):
        truncated = np.minimum(histograms, limit[:, None]) * (np.float32(0.1) / limit)[:, None]
        orientations += truncated
        total += TEXTURE * truncated[:, :18].sum(axis=1)
    return result


def _histograms(face: Pixels) -> Floats:
    """Lengths of gradients by row of cells, orientation and column of cells: float32 [13, 18, 13]."""
    orientation, length = _longest_gradients(face)
    places, shares = _votes()
    votes = np.bincount((places + CELLS_ALONG * orientation).ravel(), (shares * length).ravel(), CELLS_ALONG**2 * 18)
    return votes.reshape(CELLS_ALONG, 18, CELLS_ALONG).astype(np.float32)


def _longest_gradients(face: Pixels) -> tuple[Whole, Floats]:
    """Orientation, 0 to 17, and length of the longest gradient of three colours, at all pixels but the border's.

    int32 and float32 [FACE - 2, FACE - 2].
    """
    red, green, blue = (_gradients(colour) for colour in face.transpose(2, 0, 1).astype(np.int32, order="C"))
    longest = np.where(red[0] > green[0], red[1], green[1])
    longest = np.where(np.maximum(red[0], green[0]) > blue[0], longest, blue[1])
    found = _by_gradient().take(longest)
    return found & 31, (found >> 5).astype(np.float32) * np.float32(1 / UNITS)


def _gradients(colour: Whole) -> tuple[Whole, Whole]:
    """Squared lengths of the gradients of one colour, and their places in the table of all gradients."""
    dx, dy = colour[1:-1, 2:] - colour[1:-1, :-2], colour[2:, 1:-1] - colour[:-2, 1:-1]
    return dx * dx + dy * dy, 512 * dy + (dx + NO_GRADIENT)


@cache
def _by_gradient() -> Whole:
    """Orientation, 0 to 17, and in the bits above it length, by place in the table of all gradients: int32.

    One table of a megabyte: the encoder leaves nothing of it in the processor's cache.
    """
    table = all_gradients()
    opposite, orientation = np.divmod(table & 31, OPPOSITE)
    combined: Whole = (table >> 5 << 5 | 9 * opposite + orientation).astype(np.int32)
    return combined


@cache
def _votes() -> tuple[npt.NDArray[np.int64], Floats]:
    """Of a pixel's four votes: the place of orientation 0 of their cells, and their shares, [4, FACE - 2, FACE - 2]."""
    pixels = (np.arange(1, FACE - 1) + 0.5 - HALF) / CELL
    low = np.floor(pixels).astype(np.int64)
    cells, shares = np.stack([low, low + 1]), np.stack([low + 1 - pixels, pixels - low])
    shares[(cells < 0) | (cells >= CELLS_ALONG)] = 0
    cells = np.clip(cells, 0, CELLS_ALONG - 1)
    corners = [(y, x) for y in (0, 1) for x in (0, 1)]
    places = [18 * CELLS_ALONG * cells[y][:, None] + cells[x] for y, x in corners]
    return np.stack(places), np.stack([shares[y][:, None] * shares[x] for y, x in corners]).astype(np.float32)
