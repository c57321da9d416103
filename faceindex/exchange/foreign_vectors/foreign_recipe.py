"""Decides which recipe made the vectors of a file."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from faceindex.errors import RecipeMismatch, UsageError
from faceindex.exchange.foreign_vectors.foreign import ForeignVectors
from faceindex.faces.recipe import Recipe, recipe
from faceindex.faces.vectors_only import VectorsOnly, recipe_with, vectors_only
from faceindex.models.cards import recipe_cards
from faceindex.store.folder import LibraryFolder

FACE_RECOGNITION = "dlib-raw"
"""The recipe of the vectors that the package face_recognition calls encodings."""

_LOOKED_AT = 1024
_LENGTHS = (1.3, 1.6)  # norms of dlib's vectors: median 1.43; 98 of 100 are between 1.27 and 1.61
_LEAST_SPREAD = 0.005  # standard deviation of the norms; dlib's is 0.08, normalised vectors have 0


def looks_like_dlib(vectors: npt.NDArray[np.floating]) -> bool:
    """Whether float [n, d] may be dlib's vectors: 128 numbers, with dlib's typical and varying norms."""
    if vectors.ndim != 2 or vectors.shape[1] != 128 or not len(vectors):
        return False
    lengths = np.linalg.norm(vectors.astype(np.float64), axis=1)
    middle = float(np.median(lengths))
    spread = float(np.std(lengths)) if len(lengths) > 4 else 1.0
    return _LENGTHS[0] <= middle <= _LENGTHS[1] and spread >= _LEAST_SPREAD


def recipe_for(foreign: ForeignVectors, named: str | None, folder: LibraryFolder) -> Recipe:
    """The recipe for a library of these vectors.

    named: the user's choice: one of our recipes, or a name for another program's vectors. Without it, the file's own
    recipe; else `dlib-raw` for vectors that look like face_recognition's; else the library's recipe, if that is for
    another program's vectors of this length; else a recipe for vectors only.
    Raises: UsageError; RecipeMismatch.
    """
    if named is not None:
        made = recipe(named) if named in recipe_cards() else vectors_only(named, foreign.dimension)
        if made.dimension != foreign.dimension:
            raise UsageError(
                f"{foreign.path} has vectors of length {foreign.dimension}; recipe {named} makes {made.dimension}"
            )
        return made
    own = folder.recipe if folder.exists else None
    if foreign.fingerprint is not None:
        known = own if own is not None and own.fingerprint == foreign.fingerprint else recipe_with(foreign.fingerprint)
        if known is None:
            raise RecipeMismatch(
                f"{foreign.path} says that its vectors were made by a recipe that is not installed here; "
                "--recipe NAME imports them under a name of your choice"
            )
        return known
    some = np.asarray(foreign.vectors[:_LOOKED_AT])
    if looks_like_dlib(some):
        return recipe(FACE_RECOGNITION)
    if isinstance(own, VectorsOnly) and own.dimension == foreign.dimension:
        return own
    return vectors_only(None, foreign.dimension)
