"""Which album is which: groups of faces keep the numbers of the albums that they were."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import numpy as np

from faceindex.types import FaceIds, Labels


def known_numbers(
    faces: FaceIds, group: Labels, former: FaceIds, number: Labels, exact: Iterable[tuple[int, int]] = ()
) -> dict[int, int]:
    """The number of each group that was an album before; no number is given twice.

    faces: int64 [n], in groups `group`, int64 [n], -1 for none. former: int64 [m], faces that were in albums `number`,
    int64 [m], from 1; a face may be in several. exact: (group, number) of groups that once were exactly this album, the
    first counts. After these, groups that share the most faces come first.
    """
    order = np.argsort(faces)
    places = np.searchsorted(faces, former, sorter=order)
    there = places < len(faces)
    there[there] = faces[order[places[there]]] == former[there]
    rows = np.column_stack([group[order[places[there]]], number[there]])
    pairs, shared = np.unique(rows[rows[:, 0] >= 0], axis=0, return_counts=True)
    by_shared = pairs[np.lexsort((pairs[:, 0], pairs[:, 1], -shared))].tolist()
    found: dict[int, int] = {}
    given: set[int] = set()
    for which, known in [*exact, *by_shared]:
        if which not in found and known not in given:
            found[which] = known
            given.add(known)
    return found


def fingerprints(faces: FaceIds, group: Labels) -> dict[int, bytes]:
    """A fingerprint of every group but -1: 16 bytes that depend on its set of faces only. faces, group: int64 [n]."""
    inside = group >= 0
    faces, group = faces[inside], group[inside]
    order = np.lexsort((faces, group))
    groups, first = np.unique(group[order], return_index=True)
    sets = np.split(faces[order], first[1:])
    return {
        int(number): hashlib.blake2b(members.astype("<i8").tobytes(), digest_size=16).digest()
        for number, members in zip(groups, sets, strict=False)
    }
