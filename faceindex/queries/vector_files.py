"""Files of vectors that somebody made before: NumPy's and HDF5."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from faceindex.errors import FaceindexError, RecipeMismatch, UsageError
from faceindex.faces.recipe import Recipe
from faceindex.regular_files import require_regular
from faceindex.types import Vectors

SUFFIXES = (".npy", ".h5", ".hdf5")
ROWS = 8192
"""Read at a time."""


def vector_blocks(path: Path, recipe: Recipe) -> Iterator[Vectors]:
    """The rows of a file of vectors, float [n, d] of `recipe`'s dimension, as float32, ROWS at a time.

    .npy: one array. .h5: a dataset `vector`, and an attribute `recipe`, the fingerprint, where that is known, as the
    segments of a library have it. Raises: UsageError when it is no such file; RecipeMismatch.
    """
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
            yield from _rows(file["vector"], path, recipe)
    except FaceindexError:
        raise
    except Exception as error:  # NumPy and h5py have many words for a file that is none of theirs
        raise UsageError(f"{path} holds no vectors that can be read: {' '.join(str(error).split())}") from error


def _rows(array: Any, path: Path, recipe: Recipe) -> Iterator[Vectors]:
    shape, kind = getattr(array, "shape", None), getattr(array, "dtype", None)
    if kind is None or kind.kind != "f" or shape is None or len(shape) != 2 or shape[1] != recipe.dimension:
        wanted = f"float [n, {recipe.dimension}], vectors of recipe {recipe.title}"
        raise UsageError(f"{path} holds {kind} {list(shape or ())}; it must be {wanted}")
    for start in range(0, shape[0], ROWS):
        yield np.asarray(array[start : start + ROWS], dtype=np.float32)
