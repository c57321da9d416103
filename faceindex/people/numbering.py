"""Which album is which: groups of faces take the numbers of the albums that they were."""

from __future__ import annotations

import numpy as np

from faceindex.types import FaceIds, Labels


def known_numbers(faces: FaceIds, group: Labels, former: FaceIds, number: Labels) -> dict[int, int]:
    """The number of each group that was known before; no number is given twice.

    faces: int64 [n], in groups `group`, int64 [n], from 0. former: int64 [m], faces that were in albums `number`, int64
    [m], from 1; a face may be in several. A group that is exactly what an album was takes its number; then those that
    share the most faces with one.
    """
    order = np.argsort(faces)
    places = np.searchsorted(faces, former, sorter=order)
    there = places < len(faces)
    there[there] = faces[order[places[there]]] == former[there]
    rows = np.column_stack([group[order[places[there]]], number[there]])
    pairs, shared = np.unique(rows[rows[:, 0] >= 0], axis=0, return_counts=True)
    sizes, former_sizes = np.bincount(group[group >= 0], minlength=1), np.bincount(number, minlength=1)
    same = (shared == sizes[pairs[:, 0]]) & (shared == former_sizes[pairs[:, 1]])
    found: dict[int, int] = {}
    given: set[int] = set()
    for one in np.lexsort((pairs[:, 0], pairs[:, 1], -shared, ~same)).tolist():
        which, known = pairs[one].tolist()
        if which not in found and known not in given:
            found[which] = known
            given.add(known)
    return found
