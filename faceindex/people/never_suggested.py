"""Which groups are not suggested to be one person, over arrays."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from itertools import product

import numpy as np

from faceindex.journal.state import State
from faceindex.types import FaceIds, Labels


def never_pairs(state: State, faces: FaceIds, albums: Labels) -> FaceIds:
    """Pairs of rows, int64 [k, 2], whose albums, or single faces, are not to be suggested as one person's.

    faces: int64 [n], rising. albums: int64 [n], -1 for none. A group stands on a side where one of its faces does, or
    one that was said to belong with it.
    """
    rows_of: dict[int, list[int]] = defaultdict(list)
    if state.never_suggest:
        for row, face in enumerate(faces.tolist()):
            if face in state.group:
                rows_of[state.group[face]].append(row)

    def one_of_each_group(bonds: Iterable[int]) -> Iterable[int]:
        rows = [row for bond in bonds for row in rows_of[bond]]
        return {(int(albums[row]) if albums[row] >= 0 else -1 - row): row for row in rows}.values()

    pairs = {
        pair
        for ones, others in state.never_suggest
        for pair in product(one_of_each_group(ones), one_of_each_group(others))
    }
    return np.array(sorted(pairs), dtype=np.int64).reshape(-1, 2)
