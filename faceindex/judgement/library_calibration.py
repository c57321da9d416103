"""Which calibration holds: the library's own, when it has one, or else the recipe's."""

from __future__ import annotations

import json
from dataclasses import asdict
from functools import cache
from typing import TYPE_CHECKING

from faceindex.errors import ModelError, UsageError
from faceindex.faces.recipe import Recipe
from faceindex.faces.vectors_only import VectorsOnly
from faceindex.models.cards import RecipeCard
from faceindex.running.lazily import functions
from faceindex.store.folder import LibraryFolder
from faceindex.store.settings import remove_setting, save_settings

if TYPE_CHECKING:
    from faceindex.judgement.calibration import Calibration, of_logistic
else:
    Calibration, of_logistic = functions("faceindex.judgement.calibration", "Calibration", "of_logistic")


DEFAULT, OWN, NONE = "default", "own", "none"
"""A recipe's calibration comes with it; a library's own was fitted to its people, or to those of a labelled folder;
vectors of another program have none at first."""

_SETTING = "calibration"


def of_recipe(recipe: Recipe) -> Calibration:
    """The calibration on the recipe's card, or a cautious one of the logistic there. Raises: ModelError."""
    return _of_card(recipe.card)


def of_library(folder: LibraryFolder) -> Calibration:
    """The one that holds in this library, which need not exist yet. Raises: ModelError."""
    stored = _stored(folder)
    return of_recipe(folder.recipe) if stored is None else stored


def known(folder: LibraryFolder) -> Calibration | None:
    """The one that holds; None for vectors of another program of which nobody knows yet what distances mean."""
    if isinstance(folder.recipe, VectorsOnly) and _stored(folder) is None:
        return None
    return of_library(folder)


def usual_strangers(recipe: Recipe | LibraryFolder, faces: int, threshold: float) -> float:
    """How many strangers within `threshold` a face usually has among so many faces; 0 where nobody knows."""
    try:
        calibration = of_recipe(recipe) if isinstance(recipe, Recipe) else of_library(recipe)
    except UsageError:
        return 0.0
    return faces * float(calibration.false_match_rate(threshold))


def source(folder: LibraryFolder) -> str:
    """DEFAULT, OWN or NONE."""
    return OWN if _stored(folder) is not None else NONE if isinstance(folder.recipe, VectorsOnly) else DEFAULT


def keep(folder: LibraryFolder, calibration: Calibration) -> None:
    """Let it be the library's own from now on. Raises: UsageError without a library; LibraryUnwritable."""
    value = json.dumps({"recipe": folder.recipe.fingerprint} | asdict(calibration))
    with folder.decisions() as catalog, catalog.transaction() as transaction:
        save_settings(transaction, **{_SETTING: value})


def forget(folder: LibraryFolder) -> None:
    """Let the recipe's hold again. Raises: UsageError without a library; LibraryUnwritable."""
    with folder.decisions() as catalog, catalog.transaction() as transaction:
        remove_setting(transaction, _SETTING)


def _stored(folder: LibraryFolder) -> Calibration | None:
    stored = folder.setting(_SETTING)
    if stored is None:
        return None
    values = json.loads(stored)
    return Calibration(**values) if values.pop("recipe") == folder.recipe.fingerprint else None


@cache
def _of_card(card: RecipeCard) -> Calibration:
    if card.calibration is None and card.confidence is None:
        raise UsageError(
            f"nobody knows yet what distances between vectors of {card.name} mean: give --threshold, or name people "
            "and let `faceindex evaluate calibrate --save` find out"
        )
    try:
        if card.calibration is not None:
            return Calibration(**asdict(card.calibration))
        assert card.confidence is not None
        midpoint, width = card.confidence
        return of_logistic(midpoint, width)
    except ValueError as error:
        raise ModelError(f"the card of recipe {card.name} tells no calibration: {error}") from error
