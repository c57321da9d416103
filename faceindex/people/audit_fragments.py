"""The faces of one person, taken apart into those that may be one person's: the first fragment is the person's core."""

from __future__ import annotations

import numpy as np

from faceindex.people.audit_sets import Floats, Rows
from faceindex.types import Labels, Vectors

MOST = 400
"""Faces of a person that are taken apart at once; each of the others goes where it is nearest."""

_PART = 4096


def fragments(vectors: Vectors, own: Floats, square: float) -> Labels:
    """int64 [n]: fragment 0 has the most faces. Two fragments are, on average, further apart than `square`.

    vectors: float32 [n, d], of one person. own: float64 [n], how well each fits the others: where there are more than
    MOST, half of those that are looked at fit the least. Average linkage of squared distances.
    """
    if len(vectors) == 2:
        apart = float(np.square(vectors[0].astype(np.float64) - vectors[1]).sum())
        return np.array([0, int(apart > square)])
    some = _some(own)
    labels = _linked(vectors[some], square)
    if len(some) < len(vectors):
        labels = _nearest(vectors, vectors[some].astype(np.float64), labels)
    size = np.bincount(labels)
    place = np.empty(len(size), dtype=np.int64)
    place[np.argsort(-size, kind="stable")] = np.arange(len(size))
    return place[labels]


def _some(own: Floats) -> Rows:
    if len(own) <= MOST:
        return np.arange(len(own))
    order = np.argsort(own, kind="stable")
    least, rest = order[: MOST // 2], order[MOST // 2 :]
    return np.sort(np.concatenate([least, rest[:: -(-len(rest) // (MOST // 2))]]))


def _linked(vectors: Vectors, square: float) -> Labels:
    from scipy.cluster.hierarchy import fcluster, linkage  # a quarter of a second, for audits only
    from scipy.spatial.distance import pdist

    tree = linkage(pdist(vectors.astype(np.float64), "sqeuclidean"), "average")
    labels: Labels = fcluster(tree, square, "distance").astype(np.int64) - 1
    return labels


def _nearest(vectors: Vectors, known: Floats, labels: Labels) -> Labels:
    count = int(labels.max()) + 1
    size = np.bincount(labels, minlength=count)
    centre = np.zeros((count, known.shape[1]))
    np.add.at(centre, labels, known)
    centre /= size[:, None]
    spread = np.bincount(labels, np.square(known - centre[labels]).sum(axis=1), minlength=count) / size
    beyond = np.einsum("ij,ij->i", centre, centre) + spread
    parts = [vectors[start : start + _PART] for start in range(0, len(vectors), _PART)]
    return np.concatenate([(beyond - 2 * part @ centre.T).argmin(axis=1) for part in parts])
