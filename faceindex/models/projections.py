"""Projections of recipes: a small matrix in a file beside the recipe's card, checked before anybody has it."""

from __future__ import annotations

import hashlib
from functools import cache
from io import BytesIO
from pathlib import Path

import numpy as np
import numpy.typing as npt

from faceindex.errors import ModelError
from faceindex.files.reading import read_regular
from faceindex.models.cards import ProjectionCard, models_folder, shipped_folder


def projection(card: ProjectionCard, dimension: int) -> npt.NDArray[np.float64]:
    """float64 [1 + dimension, card.dimension]: an offset, then the matrix; x becomes x @ matrix + offset.

    dimension: of the vectors that go in. Raises: ModelError when the file is missing, altered or of another shape.
    """
    folder = models_folder()
    found = next((one for one in (folder, shipped_folder()) if (one / "recipes" / card.file).is_file()), folder)
    return _read(found / "recipes" / card.file, card, dimension)


def check_projection(data: bytes, card: ProjectionCard, dimension: int, where: Path) -> npt.NDArray[np.float64]:
    """The matrix in `data`, a NumPy file. Raises: ModelError, with `where` in it, unless it is what the card says."""
    if hashlib.sha256(data).hexdigest() != card.sha256:
        raise ModelError(f"{where} is not the projection that the recipe's card describes (sha256 differs)")
    try:
        matrix = np.load(BytesIO(data), allow_pickle=False)
    except (ValueError, OSError, EOFError) as error:
        raise ModelError(f"the projection {where} cannot be read as a NumPy file: {error}") from None
    shape = (1 + dimension, card.dimension)
    if not isinstance(matrix, np.ndarray) or matrix.dtype.kind != "f" or matrix.shape != shape:
        raise ModelError(f"the projection {where} should hold floats of the shape {shape[0]} x {shape[1]}")
    if not np.isfinite(matrix).all():
        raise ModelError(f"the projection {where} holds values that are not numbers")
    return matrix.astype(np.float64)


@cache
def _read(path: Path, card: ProjectionCard, dimension: int) -> npt.NDArray[np.float64]:
    try:
        data = read_regular(path)
    except OSError as error:
        raise ModelError(f"the projection {path} cannot be read: {error.strerror}; a file of the card's") from None
    matrix = check_projection(data, card, dimension, path)
    matrix.setflags(write=False)
    return matrix
