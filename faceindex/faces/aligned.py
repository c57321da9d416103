"""Photos whose faces are detected and aligned, and not yet encoded: chips of several photos are encoded together."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from faceindex.faces.align import Landmarks
from faceindex.faces.detect import Detection
from faceindex.faces.encode import Encoded, encoded
from faceindex.faces.engine import Engine
from faceindex.faces.recipe import Recipe
from faceindex.faces.turns import turned_back
from faceindex.types import AnalysedPhoto, Face, Pixels

if TYPE_CHECKING:
    from faceindex.faces.quality import Measures, Sight


@dataclass(frozen=True, slots=True, eq=False)
class AlignedFace:
    """A face before it is encoded.

    found: in pixels of the photo as it was turned; so are the landmarks, float32 [5 or 68, 2]. chips: uint8 [s, s, 3]
    each, as `align` cuts them for the recipe. seen: what the quality is computed from; None when that is not asked for.
    """

    found: Detection
    landmarks: Landmarks
    chips: list[Pixels]
    seen: Sight | Measures | None


@dataclass(frozen=True, slots=True, eq=False)
class AlignedPhoto:
    """A photo before its faces are encoded. photo: all that is known already, and no faces. faces: left to right as
    they are seen upright. It can be sent to another process: a face of the default recipe has 105 KB."""

    photo: AnalysedPhoto
    faces: tuple[AlignedFace, ...] = ()


def measured(photo: AlignedPhoto) -> AlignedPhoto:
    """The same with the measures of its faces, for a process that leaves the encoding to another one."""
    from faceindex.faces.quality import Sight

    faces = [replace(face, seen=face.seen.measured()) if isinstance(face.seen, Sight) else face for face in photo.faces]
    return replace(photo, faces=tuple(faces))


def encode_photos(photos: Sequence[AlignedPhoto], recipe: Recipe, engine: Engine) -> list[AnalysedPhoto]:
    """The photos with their faces, all encoded together: vectors do not depend on which photos these are.

    Raises: ModelError.
    """
    faces = [face for photo in photos for face in photo.faces]
    seen = encoded([face.chips for face in faces], recipe, engine)
    found = [
        Face(face.found.box(), face.found.score, face.landmarks, vector, quality)
        for face, vector, quality in zip(faces, seen.vectors, _qualities(faces, seen, recipe), strict=True)
    ]
    analysed, start = [], 0
    for photo in photos:
        own, known = found[start : start + len(photo.faces)], photo.photo
        start += len(own)
        shown = tuple(turned_back(face, known.turned, known.width, known.height) for face in own)
        analysed.append(replace(known, faces=shown))
    return analysed


def _qualities(faces: Sequence[AlignedFace], seen: Encoded, recipe: Recipe) -> Sequence[float]:
    sights = [face.seen for face in faces if face.seen]
    if len(sights) < len(faces) or not faces:
        return [math.nan] * len(faces)
    from faceindex.faces.quality import qualities

    return qualities(sights, seen, recipe)  # one after the other: tables and code stay in the processor's cache
