"""Recipes of which only vectors are there: some other program made them, and no photo can be turned into one here."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

from faceindex.errors import UsageError
from faceindex.faces.recipe import Recipe, recipe
from faceindex.models.cards import RecipeCard, recipe_cards

LARGEST_DIMENSION = 65_536
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,40}")
_SETTING = "vectors_only"


@dataclass(frozen=True, slots=True)
class VectorsOnly(Recipe):
    """A name and a dimension. Distances mean something once the library has a calibration of its own."""

    @property
    def match_threshold(self) -> float:
        """Raises: UsageError."""
        raise UsageError(f"nobody knows yet which distance between vectors of {self.name} is one person's: --threshold")

    @property
    def cluster_threshold(self) -> float:
        """Raises: UsageError."""
        return self.match_threshold

    @property
    def models(self) -> tuple[str, ...]:
        """Raises: UsageError, as every photo needs them."""
        raise UsageError(
            f"the library's vectors ({self.name}) came from another program: no photo can be turned into one here; "
            "search with --face, --album or --person, or give `search-many` a file of such vectors"
        )

    @property
    def fingerprint(self) -> str:
        """sha256 over name and dimension."""
        parts = {"vectors": self.name, "dimension": self.dimension}
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()

    @property
    def settings(self) -> dict[str, int]:
        """What a library keeps of it beside the settings of every recipe."""
        return {_SETTING: self.dimension}


def vectors_only(name: str | None, dimension: int) -> VectorsOnly:
    """The recipe of another program's vectors; name: None when nobody says what they are.

    Raises: UsageError when it cannot be called so, or is one of ours.
    """
    name = f"vectors-{dimension}" if name is None else name
    if not _NAME.fullmatch(name):
        raise UsageError(f"a recipe's name has small letters, digits, dots and hyphens only, not {name!r}")
    if name in recipe_cards():
        raise UsageError(
            f"{name} is a recipe of faceindex itself; choose another name for vectors of {dimension} numbers"
        )
    if not 0 < dimension <= LARGEST_DIMENSION:
        raise UsageError(f"a vector of {dimension:,} numbers is none")
    card = RecipeCard(name, f"vectors of another program, {dimension}-D", "", "", "", math.nan, math.nan, landmarks=0)
    return VectorsOnly(card, "", 0, 0, 0, dimension)


def recipe_of(settings: Mapping[str, str]) -> Recipe:
    """The recipe that a library's settings speak of. Raises: KeyError; ValueError; UsageError."""
    if _SETTING in settings:
        return vectors_only(settings["recipe"], int(settings[_SETTING]))
    detector, landmarks, jitter = settings["detector"], int(settings["landmarks"]), int(settings["jitter"])
    precision = settings.get("precision", "f32")
    return recipe(settings["recipe"], detector=detector, landmarks=landmarks, jitter=jitter, precision=precision)


def recipe_with(fingerprint: str) -> Recipe | None:
    """The recipe, with the options of its card, that has this fingerprint; None when there is none such."""
    return next((one for one in map(recipe, recipe_cards()) if one.fingerprint == fingerprint), None)
