"""Chips to vectors: the encoder's output, averaged over the recipe's views of a face and scaled to its length.

Where a recipe has two encoders, both vectors are laid side by side, and what its projection makes of them is stored.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from faceindex.errors import ModelError
from faceindex.faces.engine import DEFAULT_ENGINE, Engine
from faceindex.faces.recipe import Recipe
from faceindex.models.cards import PartCard
from faceindex.models.projections import head, projection
from faceindex.types import Pixels, Vectors

Floats = npt.NDArray[np.float64]
_MirrorDistances = npt.NDArray[np.float64] | None


@dataclass(frozen=True, slots=True, eq=False)
class Encoded:
    """What the encoder says of faces.

    vectors: float32 [n, d]. mirror_distances: float64 [n], Euclidean distance of the network's own (not scaled) vectors
    of a view and of its mirror image, mean over a face's views; None when the recipe does not mirror. lengths:
    float64 [n], of the first network's own vectors.
    """

    vectors: Vectors
    mirror_distances: npt.NDArray[np.float64] | None
    lengths: npt.NDArray[np.float64]


def encode(faces: Sequence[Sequence[Pixels]], recipe: Recipe, engine: Engine = DEFAULT_ENGINE) -> Vectors:
    """The vectors alone of `encoded`: float32 [n, d]. Raises: ModelError."""
    return encoded(faces, recipe, engine).vectors


def encoded(faces: Sequence[Sequence[Pixels]], recipe: Recipe, engine: Engine = DEFAULT_ENGINE) -> Encoded:
    """One vector a face: the mean over all views of its chips, scaled to the recipe's length.

    faces: the chips of each as `align` cuts them, as many for every face, uint8 [s, s, 3] each. Raises: ModelError.
    """
    if not faces:
        nothing = np.empty((0, recipe.dimension), dtype=np.float32)
        return Encoded(nothing, np.empty(0) if recipe.card.mirror else None, np.empty(0))
    first, *others = _encoded_parts(faces, recipe, engine)
    vectors, distances = first
    lengths = np.linalg.norm(vectors, axis=1)
    if others or recipe.card.projection is not None:
        weighed = zip((first, *others), recipe.parts, strict=True)
        vectors = np.hstack([_of_length(found, part.weight) for (found, _), part in weighed])
    if recipe.card.projection is not None:
        offset, *rows = projection(recipe.card.projection, vectors.shape[1])
        vectors = vectors @ np.array(rows) + offset
    if recipe.card.length is not None:
        vectors = _of_length(vectors, recipe.card.length)
    if recipe.card.head is not None:
        vectors = vectors @ head(recipe.card.head, recipe.dimension)
    return Encoded(np.asarray(vectors, dtype=np.float32), distances, lengths)


def _encoded_parts(
    faces: Sequence[Sequence[Pixels]], recipe: Recipe, engine: Engine
) -> list[tuple[Floats, _MirrorDistances]]:
    """For each part of the recipe the mean vectors, and the distances of mirror images."""
    made, start = [], 0
    for part in recipe.parts:
        count = len(part.paddings) if part.alignment == "dlib" else 1
        made.append(_mean_vectors([chips[start : start + count] for chips in faces], part, recipe, engine))
        start += count
    return made


def _mean_vectors(
    faces: Sequence[Sequence[Pixels]], part: PartCard, recipe: Recipe, engine: Engine
) -> tuple[Floats, _MirrorDistances]:
    """float64 [n, d], not scaled, and float64 [n], see Encoded."""
    views = [view for chips in faces for chip in chips for view in _views(chip, recipe.jitter, part.mirror)]
    raw = engine.vectors(views, part.encoder, recipe.precision).astype(np.float64)
    if not np.isfinite(raw).all():
        raise ModelError(f"the encoder {part.encoder} gave a vector with values that are not numbers")
    distances = None
    if part.mirror:
        seen, mirrored = np.moveaxis(raw.reshape(len(faces), len(faces[0]), 2, -1, raw.shape[1]), 2, 0)
        distances = np.linalg.norm(seen - mirrored, axis=-1).mean(axis=(1, 2))
    return raw.reshape(len(faces), -1, raw.shape[1]).mean(axis=1), distances


def _of_length(vectors: Floats, length: float) -> Floats:
    return np.asarray(vectors * (length / np.linalg.norm(vectors, axis=1, keepdims=True)))


def _views(chip: Pixels, jitter: int, mirror: bool) -> list[Pixels]:
    """The chip or its jittered copies, then the mirror images of these."""
    views = jittered(chip, jitter) if jitter else [chip]
    return views + [view[:, ::-1] for view in views] if mirror else views


def jittered(chip: Pixels, copies: int) -> list[Pixels]:
    """`copies` slightly turned, scaled, shifted and flipped versions of a chip.

    The ranges are those of dlib's jitter_image (image_transforms/random_cropper as it sets it up:
    rotation up to 3 degrees, scale 0.97 to 1, shift up to 2 %, every other one flipped). Unlike there, the same
    disturbances are applied to every chip, so that a vector never depends on what was encoded before.
    """
    random = np.random.default_rng(seed=0)
    size = chip.shape[0]
    centre = (size - 1) / 2
    source = Image.fromarray(chip)
    views = []
    for copy in range(copies):
        angle = np.deg2rad(random.uniform(-3, 3))
        scale = random.uniform(0.97, 1.0)
        shift = random.uniform(-0.02, 0.02, size=2) * size
        a, b = np.cos(angle) * scale, np.sin(angle) * scale
        x0 = centre - a * (centre + shift[0]) + b * (centre + shift[1])
        y0 = centre - b * (centre + shift[0]) - a * (centre + shift[1])
        turned = source.transform(source.size, Image.Transform.AFFINE, (a, -b, x0, b, a, y0), Image.Resampling.BILINEAR)
        view = np.asarray(turned)
        views.append(view[:, ::-1] if copy % 2 else view)
    return views
