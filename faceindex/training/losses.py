"""Losses of metric learning, with their gradients, over the vectors of a batch: float64, plain NumPy.

x is a vector of the batch, d a Euclidean distance. A batch is all that a loss sees: which people are in it decides
which pairs there are.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
People = npt.NDArray[np.int64]
Places = npt.NDArray[np.int64]

DISTANCE_THRESHOLD, MARGIN = 0.6, 0.04
"""dlib's loss_metric_: pairs of one person shall be nearer than 0.56, those of two people further away than 0.64."""

ALPHA = 0.2
"""FaceNet's margin between squared distances of vectors of length 1."""

_LEAST_DISTANCE = 1e-3
_ALMOST_NOTHING = 1e-4  # which dlib adds to numbers of pairs


@dataclass(frozen=True, slots=True)
class Loss:
    """value: of the batch. gradient: float64 [n, d], for each of its vectors."""

    value: float
    gradient: Floats


def pair_hinge(vectors: Floats, people: People, threshold: float = DISTANCE_THRESHOLD, margin: float = MARGIN) -> Loss:
    """dlib's structured metric loss over all pairs of a batch (King 2017, dlib/dnn/loss.h, `loss_metric_`).

    With p pairs of one person it is 1 / (p + 0.0001) times the sum, over pairs of one person, of max(0, d - (threshold
    - margin)) and, over the p nearest pairs of two people (all, if there are fewer), of max(0, threshold + margin - d).
    The gradient is the one that dlib gives to the layers below: half of the derivative of this value, because dlib
    counts each pair from both sides in the value and from one in the gradient.

    vectors: float64 [n, d]. people: int64 [n]. Raises: ValueError without a pair of one person or of two.
    """
    squares = squared_distances(vectors)
    same = people[:, None] == people
    upper = np.arange(len(people))[:, None] < np.arange(len(people))
    first, second = np.nonzero(same & upper)
    count, strangers = len(first), len(people) * (len(people) - 1) // 2 - len(first)
    if not count or not strangers:
        raise ValueError("a batch needs a pair of one person and a pair of two people")
    own = np.sqrt(squares[first, second])
    far = own >= threshold - margin
    a, b = np.nonzero((squares <= (threshold + margin) ** 2) & upper & ~same)
    near = np.sqrt(squares[a, b])
    if len(near) > count:
        worst = near <= np.partition(near, count - 1)[count - 1]
        a, b, near = a[worst], b[worst], near[worst]
    scale = 1 / (count + _ALMOST_NOTHING)
    value = float(np.sum(own[far] - (threshold - margin)) + np.sum(threshold + margin - near))
    weights = np.concatenate([1 / own[far], -1 / np.maximum(near, _LEAST_DISTANCE)])
    pulled = _pulled(vectors, np.concatenate([first[far], a]), np.concatenate([second[far], b]), weights)
    return Loss(scale * value, scale / 2 * pulled)


def semi_hard_triplets(vectors: Floats, people: People, alpha: float = ALPHA) -> npt.NDArray[np.int64]:
    """int64 [m, 3]: anchor, positive and negative of each triplet (Schroff, Kalenichenko, Philbin 2015, FaceNet, 3.2).

    Every two faces of one person are anchor and positive, both ways. The negative is, of the other people's faces that
    are further from the anchor than the positive, but by less than `alpha` (distances squared), the nearest; a pair
    without such a face gives no triplet.
    """
    squares = squared_distances(vectors)
    same = people[:, None] == people
    anchors, positives = np.nonzero(same & ~np.eye(len(people), dtype=bool))
    strangers = np.where(same, np.inf, squares)
    order = np.argsort(strangers, axis=1, kind="stable")
    rising = np.take_along_axis(strangers, order, axis=1)
    reached = squares[anchors, positives]
    places = np.array([np.searchsorted(rising[a], d, side="right") for a, d in zip(anchors, reached, strict=True)])
    places = np.minimum(places.astype(np.int64), len(people) - 1)
    found = rising[anchors, places]
    wanted = (found > reached) & (found < reached + alpha)
    triplets: npt.NDArray[np.int64] = np.stack([anchors, positives, order[anchors, places]], axis=1)[wanted]
    return triplets


def triplet_loss(vectors: Floats, people: People, alpha: float = ALPHA) -> Loss:
    """The mean of |a - p|^2 - |a - n|^2 + alpha over `semi_hard_triplets`; 0 without any.

    vectors: float64 [n, d]; FaceNet's have length 1, which is not required here. people: int64 [n].
    """
    triplets = semi_hard_triplets(vectors, people, alpha)
    gradient = np.zeros_like(vectors)
    if not len(triplets):
        return Loss(0.0, gradient)
    a, p, n = (vectors[places] for places in triplets.T)
    value = np.sum((a - p) ** 2, axis=1) - np.sum((a - n) ** 2, axis=1) + alpha
    for places, part in zip(triplets.T, (2 * (n - p), 2 * (p - a), 2 * (a - n)), strict=True):
        np.add.at(gradient, places, part / len(triplets))
    return Loss(float(value.mean()), gradient)


def squared_distances(vectors: Floats) -> Floats:
    """float64 [n, n], not negative, of vectors float64 [n, d]."""
    norms = np.einsum("ij,ij->i", vectors, vectors)
    squares: Floats = np.maximum(norms[:, None] + norms - 2 * vectors @ vectors.T, 0)
    return squares


def _pulled(vectors: Floats, first: Places, second: Places, weights: Floats) -> Floats:
    """float64 [n, d]: the sum, over pairs that a face is in, of its vector less the other one, by their weights."""
    moves = weights[:, None] * (vectors[first] - vectors[second])
    pulled = np.zeros_like(vectors)
    np.add.at(pulled, first, moves)
    np.subtract.at(pulled, second, moves)
    return pulled
