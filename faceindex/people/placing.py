"""Where new faces go: to albums that there are, or to new ones. No other face moves."""

from __future__ import annotations

from collections.abc import Callable

import faiss
import numpy as np
import numpy.typing as npt

from faceindex.types import Labels, Vectors

_ROUNDING = 1e-4  # FAISS's float32 error of a squared distance, amply
_BLOCK = 1024


def placed(
    vectors: Vectors,
    albums: Labels,
    new: npt.NDArray[np.bool_],
    threshold: float,
    group: Callable[[Vectors], Labels],
) -> Labels:
    """`albums`, int64 [n], -1 for none, with the faces in `new`, bool [n], placed; new albums have numbers above.

    A new face joins the album that most of the faces within `threshold` (Euclidean) are in, of equals the smallest
    number. Others are grouped among themselves, and with old faces that are alone and near one of them. group: labels
    of vectors, float32 [m, d].
    """
    result, near = _joined(vectors, albums, np.flatnonzero(new & (albums < 0)), threshold)
    left = np.flatnonzero(new & (result < 0))
    chosen = np.union1d(left, near)
    if not len(left):
        return result
    labels = group(vectors[chosen])
    begun = np.unique(labels[np.isin(chosen, left) & (labels >= 0)])
    first = int(result.max(initial=-1)) + 1
    for number, label in enumerate(begun.tolist(), start=first):
        result[chosen[labels == label]] = number
    return result


def _joined(
    vectors: Vectors, albums: Labels, new: npt.NDArray[np.int64], threshold: float
) -> tuple[Labels, npt.NDArray[np.int64]]:
    """`albums` with those of `new` that join one, and the faces in no album that are near one that joins none."""
    result = albums.copy()
    index = faiss.IndexFlatL2(vectors.shape[1])
    index.add(np.ascontiguousarray(vectors))
    near = [np.empty(0, dtype=np.int64)]
    for begin in range(0, len(new), _BLOCK):
        block = new[begin : begin + _BLOCK]
        limits, _, found = index.range_search(np.ascontiguousarray(vectors[block]), float(threshold) ** 2 + _ROUNDING)
        for place, row in enumerate(block.tolist()):
            neighbours = found[int(limits[place]) : int(limits[place + 1])]
            voting = albums[neighbours]
            if (voting >= 0).any():
                numbers, votes = np.unique(voting[voting >= 0], return_counts=True)
                result[row] = numbers[np.argmax(votes)]
            else:
                near.append(neighbours.astype(np.int64))
    return result, np.unique(np.concatenate(near))
