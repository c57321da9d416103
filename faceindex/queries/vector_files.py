"""Files of vectors that programs made: NumPy's and HDF5."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from faceindex.errors import FaceindexError, Note, RecipeMismatch, UsageError
from faceindex.faces.recipe import Recipe
from faceindex.files.reading import require_regular
from faceindex.files.unreadable import unreadable
from faceindex.plurals import plural
from faceindex.store.hdf5.segments import inside
from faceindex.types import Vectors

SUFFIXES = (".npy", ".h5", ".hdf5")
ROWS = 8192
"""Read at a time."""

_TOLERANCE = 0.02  # as part of the recipe's length: half precision changes it by a thousandth


class OtherLength(Note):
    """Vectors to search with have another length than the recipe's; warned about once for each file."""


def vector_blocks(path: Path, recipe: Recipe) -> Iterator[Vectors]:
    """The rows of a file of vectors, float [n, d] of `recipe`'s dimension, as float32, ROWS at a time.

    .npy: one array. .h5: a dataset `vector`, and an attribute `recipe`, the fingerprint, where that is known, as the
    segments of a library have it. Warns of OtherLength, in the L2 norm, where the recipe has one. Raises: UsageError
    when it is no such file; RecipeMismatch; MachineError.
    """
    wanted, said, start = (None if recipe.card.head else recipe.card.length), False, 0
    for block in _blocks(path, recipe):
        if wanted is not None and not said:
            said = _warn(block, path, recipe.title, wanted, start)
        start += len(block)
        yield block


def _blocks(path: Path, recipe: Recipe) -> Iterator[Vectors]:
    try:
        require_regular(path)
        if path.suffix.lower() == ".npy":
            yield from _rows(np.load(path, mmap_mode="r", allow_pickle=False), path, recipe)
            return
        import h5py

        with h5py.File(path, "r", locking=False) as file:
            made = file.attrs.get("recipe", recipe.fingerprint)
            if made != recipe.fingerprint:
                raise RecipeMismatch(f"{path} holds vectors of another recipe than {recipe.title}, the library's")
            if "vector" not in file:
                raise UsageError(f"{path} has no dataset called vector; it must be float [n, {recipe.dimension}]")
            yield from _rows(inside(file, "vector"), path, recipe)
    except FaceindexError:
        raise
    except Exception as error:  # NumPy and h5py have many words for a file that is none of theirs
        raise unreadable(path, error, "{path} holds no vectors that can be read: {reason}") from error


def _warn(block: Vectors, path: Path, title: str, wanted: float, start: int) -> bool:
    """Whether any vector of the block, which begins at row `start`, has another length."""
    lengths = np.linalg.norm(block.astype(np.float64), axis=1)
    other = np.flatnonzero(np.abs(lengths - wanted) > _TOLERANCE * wanted)
    if len(other):
        of, place = plural(len(block), "vector"), int(other[0])
        text = (
            f"{path}: {len(other):,} of {of} have another length than those of recipe {title} ({wanted:g}); the first "
            f"is row {start + place} ({lengths[place]:.3f}): if another recipe made them, distances mean nothing"
        )
        warnings.warn(text, OtherLength, stacklevel=3)
    return len(other) > 0


def _rows(array: Any, path: Path, recipe: Recipe) -> Iterator[Vectors]:
    shape, kind = getattr(array, "shape", None), getattr(array, "dtype", None)
    if kind is None or kind.kind != "f" or shape is None or len(shape) != 2 or shape[1] != recipe.dimension:
        wanted = f"float [n, {recipe.dimension}], vectors of recipe {recipe.title}"
        raise UsageError(f"{path} holds {kind} {list(shape or ())}; it must be {wanted}")
    for start in range(0, shape[0], ROWS):
        yield np.asarray(array[start : start + ROWS], dtype=np.float32)
