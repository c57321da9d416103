"""Recipes and models that the user added are removed again."""

from __future__ import annotations

from pathlib import Path

from faceindex.errors import ModelError, UsageError
from faceindex.models.cards import RecipeCard, forget_cards, model_cards, models_folder, recipe_cards
from faceindex.models.networks import onnx_session


def files_of(name: str) -> list[Path]:
    """The files of the user that make the recipe `name`: its card, its matrices, and its network if no other recipe
    needs it. Raises: UsageError when the user added no such recipe."""
    folder = models_folder()
    card = recipe_cards().get(name)
    own = folder / "recipes" / f"{name}.toml"
    if card is None or not own.is_file():
        added = sorted(path.stem for path in (folder / "recipes").glob("*.toml"))
        have = f"you added {', '.join(added)}" if added else "you added none"
        what = "comes with faceindex and stays" if card else "is not a recipe"
        raise UsageError(f"{name} {what}; {have}")
    others = [one for one in recipe_cards().values() if one.name != name]
    found = [own, *(folder / "recipes" / file for file in _matrices(card) - set().union(*map(_matrices, others)))]
    for encoder in sorted(_encoders(card) - set().union(*map(_encoders, others))):
        found += [folder / model_cards()[encoder].file, folder / f"{encoder}.toml"]
    return [path for path in found if path.is_file()]


def remove_recipe(name: str) -> list[Path]:
    """Remove the files of `files_of`, the card first, and return them. Raises: UsageError; ModelError."""
    found = files_of(name)
    try:
        for path in found:
            path.unlink()
    except OSError as error:
        raise ModelError(f"cannot remove {path}: {error.strerror}") from None
    finally:
        forget_cards()
        onnx_session.cache_clear()
    return found


def _matrices(card: RecipeCard) -> set[str]:
    return {part.file for part in (card.projection, card.head) if part is not None}


def _encoders(card: RecipeCard) -> set[str]:
    return {card.encoder} | ({card.second.encoder} if card.second else set())
