"""Matrices of recipes, projections and heads: small files beside the recipe's card, checked before anybody has them."""

from __future__ import annotations

import hashlib
from functools import cache
from io import BytesIO
from pathlib import Path

import numpy as np
import numpy.typing as npt

from faceindex.errors import ModelError
from faceindex.files.reading import read_regular
from faceindex.models.cards import HeadCard, ProjectionCard, models_folder, shipped_folder

Matrix = npt.NDArray[np.float64]


def projection(card: ProjectionCard, dimension: int) -> Matrix:
    """float64 [1 + dimension, card.dimension]: an offset, then the matrix; x becomes x @ matrix + offset.

    dimension: of the vectors that go in. Raises: ModelError when the file is missing, altered or of another shape.
    """
    return _read(_place(card.file), card, (1 + dimension, card.dimension))


def head(card: HeadCard, dimension: int) -> Matrix:
    """float64 [dimension, dimension]: x becomes x @ matrix. Raises: ModelError, as `projection`."""
    return _read(_place(card.file), card, (dimension, dimension))


def check_projection(data: bytes, card: ProjectionCard, dimension: int, where: Path) -> Matrix:
    """The matrix in `data`, a NumPy file. Raises: ModelError, with `where` in it, unless it is what the card says."""
    return _check(data, card, (1 + dimension, card.dimension), where)


def check_head(data: bytes, card: HeadCard, dimension: int, where: Path) -> Matrix:
    """As `check_projection`, of a head."""
    return _check(data, card, (dimension, dimension), where)


def _place(file: str) -> Path:
    folder = models_folder()
    found = next((one for one in (folder, shipped_folder()) if (one / "recipes" / file).is_file()), folder)
    return found / "recipes" / file


def _check(data: bytes, card: ProjectionCard | HeadCard, shape: tuple[int, int], where: Path) -> Matrix:
    kind = _kind(card)
    if hashlib.sha256(data).hexdigest() != card.sha256:
        raise ModelError(f"{where} is not the {kind} that the recipe's card describes (sha256 differs)")
    try:
        matrix = np.load(BytesIO(data), allow_pickle=False)
    except (ValueError, OSError, EOFError) as error:
        raise ModelError(f"the {kind} {where} cannot be read as a NumPy file: {error}") from None
    if not isinstance(matrix, np.ndarray) or matrix.dtype.kind != "f" or matrix.shape != shape:
        raise ModelError(f"the {kind} {where} should hold floats of the shape {shape[0]} x {shape[1]}")
    if not np.isfinite(matrix).all():
        raise ModelError(f"the {kind} {where} holds values that are not numbers")
    return matrix.astype(np.float64)


@cache
def _read(path: Path, card: ProjectionCard | HeadCard, shape: tuple[int, int]) -> Matrix:
    try:
        data = read_regular(path)
    except OSError as error:
        raise ModelError(f"the {_kind(card)} {path} cannot be read: {error.strerror}; a file of the card's") from None
    matrix = _check(data, card, shape, path)
    matrix.setflags(write=False)
    return matrix


def _kind(card: ProjectionCard | HeadCard) -> str:
    return "head" if isinstance(card, HeadCard) else "projection"
