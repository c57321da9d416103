"""Recipes: a named combination of detector, alignment, encoder and what is stored of its output."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace

from faceindex.errors import UsageError
from faceindex.models.cards import model_cards
from faceindex.models.graphs import DETECTOR, ENCODER
from faceindex.models.networks import landmark_model

CHIP_SIZE = 150
"""Side of a face chip in pixels: the input of dlib's ResNet."""

CHIP_PADDING = 0.25
"""Margin around the face in a chip, as a share of it: dlib's compute_face_descriptor default."""

DLIB_LENGTH = 1.4237
"""Mean L2 norm of dlib's vectors over LFW. Vectors scaled to it keep 0.6 as the natural threshold."""

MAX_JITTER = 100


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a face becomes a vector. Everything here that changes a vector is part of the fingerprint.

    detector: "hog" or "cnn". landmarks: 5 or 68 points align the chip. mirror: the vector is the mean over
    chip and mirror image. length: L2 norm every vector is scaled to; None keeps the network's. jitter:
    number of slightly disturbed copies of the chip to average over; 0 is none. match_threshold: distance up
    to which a pair is called the same person. cluster_threshold: distance up to which faces are neighbours
    in the album graph. confidence: (midpoint, width) of the logistic that turns a distance into a probability.
    """

    name: str
    mirror: bool
    length: float | None
    match_threshold: float
    cluster_threshold: float
    confidence: tuple[float, float]
    detector: str = "hog"
    landmarks: int = 5
    jitter: int = 0
    dimension: int = 128

    @property
    def fingerprint(self) -> str:
        """sha256 over what determines a vector; equal fingerprints mean comparable vectors."""
        cards = model_cards()
        parts = {
            "detector": self._detector_identity,
            "landmarks": cards[landmark_model(self.landmarks)].sha256,
            "encoder": cards[ENCODER].sha256,
            "chip": [CHIP_SIZE, CHIP_PADDING],
            "mirror": self.mirror,
            "length": self.length,
            "jitter": self.jitter,
            "dimension": self.dimension,
        }
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()

    @property
    def _detector_identity(self) -> str:
        """dlib's HOG templates are part of its code; the CNN's weights have a checksum."""
        return "dlib-hog" if self.detector == "hog" else model_cards()[DETECTOR].sha256

    @property
    def title(self) -> str:
        """The name, and the options that differ from its default."""
        options = [f"detector={self.detector}"] if self.detector != "hog" else []
        options += [f"landmarks={self.landmarks}"] if self.landmarks != 5 else []
        options += [f"jitter={self.jitter}"] if self.jitter else []
        return " ".join([self.name, *options])


# confidence: logistic fit by scripts/bench_lfw.py to the 1,000 development pairs of lfw-dev.
RECIPES = {
    recipe.name: recipe
    for recipe in (
        Recipe("dlib", True, DLIB_LENGTH, 0.6, 0.46, (0.599, 0.0196)),
        Recipe("dlib-raw", False, None, 0.6, 0.46, (0.615, 0.0234)),
    )
}
DEFAULT_RECIPE = "dlib"


DETECTORS = ("hog", "cnn")


def recipe(name: str = DEFAULT_RECIPE, *, detector: str = "hog", landmarks: int = 5, jitter: int = 0) -> Recipe:
    """The recipe `name` with its options. Raises: UsageError when there is no such recipe or option."""
    if name not in RECIPES:
        raise UsageError(f"no recipe is called {name}; there are {', '.join(RECIPES)}")
    if detector not in DETECTORS:
        raise UsageError(f"no detector is called {detector}; there are {', '.join(DETECTORS)}")
    if landmarks not in (5, 68):
        raise UsageError(f"{landmarks} landmarks cannot be placed; choose 5 or 68")
    if not 0 <= jitter <= MAX_JITTER:
        raise UsageError(f"jitter must be between 0 and {MAX_JITTER}, not {jitter}")
    return replace(RECIPES[name], detector=detector, landmarks=landmarks, jitter=jitter)
