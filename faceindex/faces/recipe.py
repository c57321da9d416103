"""Recipes: a named combination of detector, alignment, encoder and what is stored of its output."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, replace

from faceindex.errors import UsageError
from faceindex.models.cards import DETECTORS, PRECISIONS, PartCard, RecipeCard, model_cards, recipe_cards
from faceindex.models.graphs import DETECTOR, YUNET
from faceindex.models.networks import landmark_model

DEFAULT_RECIPE = "sface-dlib"
"""Of new libraries; each keeps the one it was made with."""

MAX_JITTER = 100

_OTHER = "recipe dlib takes other ones"


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a face becomes a vector. Everything here that changes a vector is part of the fingerprint.

    card: what the recipe's name stands for. detector: "hog", "cnn" or "yunet". landmarks: 5 or 68 points align the
    chip. jitter: number of slightly disturbed copies of the chip to average over; 0 is none. chip_size: side of the
    largest chip in pixels. dimension: of the vector. precision: "f32", or "bf16" in which encoders are faster
    and give other numbers.
    """

    card: RecipeCard
    detector: str
    landmarks: int
    jitter: int
    chip_size: int
    dimension: int
    precision: str = "f32"

    @property
    def name(self) -> str:
        """The card's."""
        return self.card.name

    @property
    def match_threshold(self) -> float:
        """Distance up to which a pair is called the same person."""
        return self.card.match_threshold

    @property
    def cluster_threshold(self) -> float:
        """Distance up to which faces are neighbours in the album graph."""
        return self.card.cluster_threshold

    @property
    def needs(self) -> tuple[str, ...]:
        """Names of the models that must be here: `models`, and what finds out which side of a photo is up."""
        turning = (landmark_model(5),) if self.detector == "yunet" else ()
        return tuple(dict.fromkeys((*self.models, *turning)))

    @property
    def models(self) -> tuple[str, ...]:
        """Names of the models that determine a vector."""
        detector = {"hog": (), "cnn": (DETECTOR,), "yunet": (YUNET,)}[self.detector]
        points = [part.landmarks for part in self.parts if part.alignment != "five-point"]
        points += [5] if self.card.follow_tilt is not None else []
        landmarks = [landmark_model(count) for count in dict.fromkeys(points)]
        return (*detector, *landmarks, *(part.encoder for part in self.parts))

    @property
    def parts(self) -> tuple[PartCard, ...]:
        """The vectors that are made of a face: one, or two that are laid side by side."""
        card = self.card
        first = PartCard(card.alignment, card.encoder, self.landmarks, card.paddings, card.mirror)
        return (first,) if card.second is None else (first, card.second)

    @property
    def fingerprint(self) -> str:
        """sha256 over what determines a vector; equal fingerprints mean comparable vectors."""
        cards = model_cards()
        encoder = cards[self.card.encoder]
        parts = {
            "detector": self.detector,
            "models": [cards[name].sha256 for name in self.models],
            "alignment": self.card.alignment,
            "paddings": self.card.paddings,
            "input": [encoder.size, encoder.colour, encoder.scaling],
            "mirror": self.card.mirror,
            "length": self.card.length,
            "jitter": self.jitter,
            "dimension": self.dimension,
        }
        parts |= self._newer_parts()
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()

    def _newer_parts(self) -> dict[str, object]:
        """Keys that the fingerprint has only where a card or an option says them: older recipes keep theirs."""
        card, parts = self.card, dict[str, object]()
        if card.follow_tilt is not None:
            parts["follow_tilt"] = card.follow_tilt
        if card.second is not None:
            encoder = model_cards()[card.second.encoder]
            parts["second"] = [asdict(card.second), encoder.size, encoder.colour, encoder.scaling]
        if card.projection is not None:
            parts["projection"] = card.projection.sha256
        if self.precision != "f32":
            parts["precision"] = self.precision
        if card.head is not None:
            parts["head"] = card.head.sha256
        return parts

    @property
    def without_head(self) -> Recipe:
        """How the vectors are made that a head applies to; the recipe itself when it has none."""
        return self if self.card.head is None else replace(self, card=replace(self.card, head=None))

    @property
    def title(self) -> str:
        """The name, and the options that differ from the card's."""
        options = [f"detector={self.detector}"] if self.detector != self.card.detector else []
        options += [f"landmarks={self.landmarks}"] if self.landmarks != self.card.landmarks else []
        options += [f"jitter={self.jitter}"] if self.jitter else []
        options += [f"precision={self.precision}"] if self.precision != "f32" else []
        return " ".join([self.name, *options])


def recipe(
    name: str = DEFAULT_RECIPE,
    *,
    detector: str | None = None,
    landmarks: int | None = None,
    jitter: int = 0,
    precision: str = "f32",
) -> Recipe:
    """The recipe `name` with its options; None leaves what the recipe's card says.

    Raises: UsageError when there is no such recipe or option, or they do not go together; ModelError when a card of the
    user's cannot be read.
    """
    card = _card(name)
    detector = card.detector if detector is None else detector
    landmarks = card.landmarks if landmarks is None else landmarks
    if detector not in DETECTORS:
        raise UsageError(f"no detector is called {detector}; there are {', '.join(DETECTORS)}")
    if landmarks not in (5, 68):
        raise UsageError(f"{landmarks} landmarks cannot be placed; choose 5 or 68")
    if not 0 <= jitter <= MAX_JITTER:
        raise UsageError(f"jitter must be between 0 and {MAX_JITTER}, not {jitter}")
    if precision not in PRECISIONS:
        raise UsageError(f"no precision is called {precision}; there are {', '.join(PRECISIONS)}")
    if card.alignment == "five-point" and detector != "yunet":
        raise UsageError(f"recipe {name} takes its landmarks from the detector yunet, {detector} has none; {_OTHER}")
    if (card.second or card.follow_tilt is not None) and detector != "yunet":
        raise UsageError(f"recipe {name} needs the points of the detector yunet, {detector} gives none; {_OTHER}")
    if card.alignment != "dlib" and landmarks != card.landmarks:
        raise UsageError(f"recipe {name} aligns by {card.landmarks} landmarks, not by {landmarks}; {_OTHER}")
    encoders = [model_cards()[name] for name in (card.encoder, *([card.second.encoder] if card.second else []))]
    dimension = card.projection.dimension if card.projection else sum(one.dimension or 0 for one in encoders)
    size = max(one.size or 0 for one in encoders)
    return Recipe(card, detector, landmarks, jitter, size, dimension, precision)


def as_recipe(given: Recipe | str) -> Recipe:
    """The recipe itself, or the one of this name. Raises: UsageError; ModelError."""
    if isinstance(given, Recipe):
        return given
    if not isinstance(given, str):
        raise UsageError(f"{type(given).__name__} is no recipe; give a name or what `faceindex.recipe` returns")
    return recipe(given)


def _card(name: str) -> RecipeCard:
    cards = recipe_cards()
    if name not in cards:
        raise UsageError(f"no recipe is called {name}; there are {', '.join(cards)}")
    return cards[name]
