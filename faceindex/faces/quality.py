"""One number per face: how likely an ordinary photo of the same person is recognised as such.

Three things are measured on the face as it is framed for the encoder: how far it looks like a face from the front
(dlib's frontal HOG template on the aligned chip, so that it means the same whichever detector found the face),
sharpness and size. What the encoder makes of the face tells more: with a mirroring recipe how far its vectors of the
chip and of its mirror image disagree, with SFace how long its vector is before it is scaled. A network that was trained
with a margin on the angle gives short vectors where it recognises little (Meng et al. 2021, MagFace; Kim et al. 2022,
AdaFace), whatever the reason: blur, noise, darkness, a hand before the mouth, a profile, or no face at all. Who it is
is not looked at: no direction of a vector goes in, and the fit has an intercept per person.

scripts/fit_quality.py makes the coefficients and shows what they are worth. A stored quality is never changed: faces of
a library that was made before a measure was added keep theirs, until they are analysed again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image

from faceindex.faces.align import DLIB_SIZE, Landmarks, face_chip
from faceindex.faces.alignments import Picture
from faceindex.faces.encode import Encoded
from faceindex.faces.frontality import FACE, frontality
from faceindex.faces.recipe import Recipe
from faceindex.models.graphs import ENCODER
from faceindex.types import Pixels

SMALLEST_EYES, ENOUGH_EYES = 4.0, 19.0
"""Pixels between the eyes below and above which size is not told apart: of the pairs of a reduced
face of lfw-dev and an untouched one 0.82 are matched at 28 pixels, 0.81 at 19, 0.76 at 13, 0.17 at 6, 0.01 at 4."""

ENOUGH_SHARPNESS = -1.9
"""Sharpness above which more of it gains nothing: that of chips blurred by 1.5 pixels, 0.81 of whose pairs are still
matched. Blurred by 2.5 pixels they have -2.3 (0.69 matched), by 4 pixels -2.6 (0.36)."""

ENOUGH_LENGTH = 12.0
"""Length of SFace's own vector above which more of it gains nothing."""

NOISE, NO_EDGES = 2.0, 0.02
"""Grey levels added to the contrast, so that noise on a blank chip is not sharp, and to the edges' strength."""


@dataclass(frozen=True, slots=True)
class Framing:
    """Where an aligned chip has the eyes. left, right: x of the two eyes' centres as seen; y: of both. Pixels."""

    left: float
    right: float
    y: float


DLIB_FRAMING = Framing(47.7, 100.3, 47.1)
"""150 pixels, padding 0.25 (dlib get_face_chip_details: the mean shape of five landmarks)."""

ARCFACE_FRAMING = Framing(38.3, 73.5, 51.6)
"""112 pixels (InsightFace arcface_dst), the chip of SFace."""


@dataclass(frozen=True, slots=True)
class Measures:
    """What the quality is computed from.

    frontality: score of dlib's frontal template, above 0 for a face that dlib would detect. sharpness: log of RMS
    Laplacian over RMS contrast, ENOUGH_SHARPNESS at most. size: log2 of the distance between the eyes over ENOUGH_EYES,
    0 at most. mirror: Euclidean distance of the encoder's own vectors of chip and mirror image, or None. length: log2
    of the length of SFace's own vector over ENOUGH_LENGTH, 0 at most, or None.
    """

    frontality: float
    sharpness: float
    size: float
    mirror: float | None = None
    length: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Sight:
    """What a face is measured on. chip: uint8 [h, w, 3], aligned. eyes: distance between the eyes in pixels of the
    source photo. framing: of the chip."""

    chip: Pixels
    eyes: float
    framing: Framing = DLIB_FRAMING

    def measured(self) -> Measures:
        """The measures, without mirror and length."""
        return measure(self.chip, self.eyes, framing=self.framing)


@dataclass(frozen=True, slots=True)
class Coefficients:
    """Of a logistic regression on Measures."""

    intercept: float
    frontality: float
    sharpness: float
    size: float
    mirror: float = 0.0
    length: float = 0.0


# Printed by scripts/fit_quality.py for recipe `dlib` as it is: half "a" of the people of lfw-dev. Without the fifth of
# worst quality the false non-match rate of half "b", at the threshold of false match rate 1e-4 over all, falls from
# 0.229 to 0.202, averaged over its people instead of its pairs from 0.152 to 0.110 (1,577 of the 3,816 false
# non-matches are one man's); that of all people from 0.155 to 0.113, or to 0.122 without mirror.
WITH_MIRROR = Coefficients(intercept=9.273, frontality=0.381, sharpness=3.376, size=1.217, mirror=-4.462)
WITHOUT_MIRROR = Coefficients(intercept=8.288, frontality=0.501, sharpness=3.352, size=1.239)

# Printed with `--recipe sface-dlib`, again of half "a". Without the fifth of worst quality the false non-match rate of
# half "b" falls from 0.012 to a hundredth of that, without the measure `length` to 0.009; fitted on half "b", that of
# half "a" falls from 0.005 to 0.001. Of copies of faces of which SFace's vector is 7 to 8 long half are matched, of
# those below 6 a twentieth, and strangers' begin to be taken for each other.
WITH_LENGTH = Coefficients(intercept=11.339, frontality=0.46, sharpness=2.842, size=0.837, length=7.654)


def quality(chip: Pixels, eyes: float, mirror_distance: float | None = None, framing: Framing = DLIB_FRAMING) -> float:
    """The quality of a face, in [0, 1].

    It is the expected share of other photos of the same person (press photos as in LFW) that recipe `dlib`, or where
    SFace is the encoder `sface-dlib`, matches at a threshold with one false match in 10,000. For other recipes it is a
    rank, not a share.

    chip: uint8 [h, w, 3], the aligned face. eyes: distance between the eyes in pixels of the source photo, see
    `eye_distance`. mirror_distance: Euclidean, of the encoder's own (not scaled) vectors of chip and mirror image;
    None when there is no mirror image or the encoder is not dlib's. framing: of the chip.
    """
    return quality_of(measure(chip, eyes, mirror_distance, framing))


def quality_of(measures: Measures) -> float:
    """The quality that follows from `measures`."""
    weights = WITH_MIRROR if measures.mirror is not None else WITHOUT_MIRROR
    if measures.length is not None:
        weights = WITH_LENGTH
    logit = (
        weights.intercept
        + weights.frontality * measures.frontality
        + weights.sharpness * measures.sharpness
        + weights.size * measures.size
        + weights.mirror * (measures.mirror or 0.0)
        + weights.length * (measures.length or 0.0)
    )
    return float(1 / (1 + np.exp(-logit)))


def measure(
    chip: Pixels, eyes: float, mirror_distance: float | None = None, framing: Framing = DLIB_FRAMING
) -> Measures:
    """The measures of a face; arguments as for `quality`."""
    face = _framed(chip, framing)
    inner = face[FACE // 8 : -FACE // 8, FACE // 8 : -FACE // 8]
    grey = np.asarray(Image.fromarray(np.ascontiguousarray(inner)).convert("L"), dtype=np.float32)
    contrast = float(grey.std()) + NOISE
    laplacian = grey[:-2, 1:-1] + grey[2:, 1:-1] + grey[1:-1, :-2] + grey[1:-1, 2:] - 4 * grey[1:-1, 1:-1]
    edges = float(np.sqrt(np.mean(laplacian**2)))
    return Measures(
        frontality=frontality(face),
        sharpness=min(float(np.log((edges + NO_EDGES) / contrast)), ENOUGH_SHARPNESS),
        size=float(np.log2(min(max(eyes, SMALLEST_EYES), ENOUGH_EYES) / ENOUGH_EYES)),
        mirror=mirror_distance,
    )


def sight(picture: Picture, landmarks: Landmarks, chips: Sequence[Pixels], recipe: Recipe, zoom: float = 1.0) -> Sight:
    """What a face is measured on, as `align` returned it for `recipe`.

    picture: what it was aligned in. zoom: pixels of the source photo in one of these.
    """
    if recipe.card.alignment == "five-point":
        return Sight(chips[0], zoom * float(np.linalg.norm(landmarks[0] - landmarks[1])), ARCFACE_FRAMING)
    return Sight(face_chip(np.asarray(picture), landmarks), zoom * eye_distance(landmarks))


def qualities(seen: Sequence[Measures | Sight], found: Encoded, recipe: Recipe) -> list[float]:
    """The quality of faces, whose chips were encoded by `recipe`.

    Mirror distances count when the encoder is dlib's, the length of vectors when it is SFace: the fits are theirs.
    """
    measures = [one.measured() if isinstance(one, Sight) else one for one in seen]
    if recipe.card.encoder == "sface":
        return [quality_of(with_length(one, own)) for one, own in zip(measures, found.lengths.tolist(), strict=True)]
    if found.mirror_distances is None or recipe.card.encoder != ENCODER:
        return [quality_of(one) for one in measures]
    distances = found.mirror_distances.tolist()
    return [quality_of(replace(one, mirror=apart)) for one, apart in zip(measures, distances, strict=True)]


def with_length(measures: Measures, own: float) -> Measures:
    """The measures with the length of SFace's vector. own: not scaled."""
    return replace(measures, length=min(float(np.log2(max(own, 1.0) / ENOUGH_LENGTH)), 0.0))


def eye_distance(landmarks: Landmarks) -> float:
    """Pixels between the centres of the eyes. landmarks: float [5 or 68, 2] in dlib's order."""
    one, other = ((0, 1), (2, 3)) if len(landmarks) == 5 else ((36, 39), (42, 45))
    return float(np.linalg.norm(landmarks[list(one)].mean(axis=0) - landmarks[list(other)].mean(axis=0)))


def _framed(chip: Pixels, framing: Framing) -> Pixels:
    """The face of a chip as dlib's chip frames it, reduced until it fills the HOG template: uint8 [FACE, FACE, 3].

    What the chip lacks repeats its edge.
    """
    scale = (framing.right - framing.left) / (DLIB_FRAMING.right - DLIB_FRAMING.left)
    left, top = framing.left - DLIB_FRAMING.left * scale, framing.y - DLIB_FRAMING.y * scale
    side = DLIB_SIZE * scale
    height, width = chip.shape[:2]
    margin = int(np.ceil(max(0, -left, -top, left + side - width, top + side - height)))
    if margin:
        rows, columns = (np.clip(np.arange(-margin, size + margin), 0, size - 1) for size in (height, width))
        chip = chip[rows].take(columns, axis=1)
    box = (left + margin, top + margin, left + margin + side, top + margin + side)
    image = Image.fromarray(np.ascontiguousarray(chip))
    return np.asarray(image.resize((FACE, FACE), Image.Resampling.BILINEAR, box=box))
