"""Which recipe made the vectors of a file."""

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
"""The recipe whose vectors the package face_recognition calls encodings."""

_LOOKED_AT = 1024
_LENGTHS = (1.3, 1.6)  # of dlib's vectors the median is 1.43, and 98 of 100 have 1.27 to 1.61
_LEAST_SPREAD = 0.005  # theirs is 0.08; vectors that were scaled to one length are not theirs


def looks_like_dlib(vectors: npt.NDArray[np.floating]) -> bool:
    """Whether float [n, d] may be dlib's own: of 128 numbers, and as long as those are, each a little different."""
    if vectors.ndim != 2 or vectors.shape[1] != 128 or not len(vectors):
        return False
    lengths = np.linalg.norm(vectors.astype(np.float64), axis=1)
    middle = float(np.median(lengths))
    spread = float(np.std(lengths)) if len(lengths) > 4 else 1.0
    return _LENGTHS[0] <= middle <= _LENGTHS[1] and spread >= _LEAST_SPREAD


def recipe_for(foreign: ForeignVectors, named: str | None, folder: LibraryFolder) -> Recipe:
    """What a library of these vectors is made with.

    named: what the user calls them: a recipe of ours, or a name for vectors of another program. Else what the file
    says; else `dlib-raw` for what looks like encodings of face_recognition; else the library's own, where that is of
    another program's vectors with as many numbers; else a recipe of vectors only.
    Raises: UsageError; RecipeMismatch.
    """
    if named is not None:
        made = recipe(named) if named in recipe_cards() else vectors_only(named, foreign.dimension)
        if made.dimension != foreign.dimension:
            raise UsageError(
                f"{foreign.path} holds vectors of {foreign.dimension} numbers; recipe {named} makes {made.dimension}"
            )
        return made
    own = folder.recipe if folder.exists else None
    if foreign.fingerprint is not None:
        known = own if own is not None and own.fingerprint == foreign.fingerprint else recipe_with(foreign.fingerprint)
        if known is None:
            raise RecipeMismatch(
                f"{foreign.path} says that its vectors were made by a recipe that is not known here; --recipe NAME "
                "calls them something"
            )
        return known
    some = np.asarray(foreign.vectors[:_LOOKED_AT])
    if looks_like_dlib(some):
        return recipe(FACE_RECOGNITION)
    if isinstance(own, VectorsOnly) and own.dimension == foreign.dimension:
        return own
    return vectors_only(None, foreign.dimension)
