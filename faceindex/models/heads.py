"""Heads in the user's folder of models: a recipe's card and a small matrix beside it."""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from io import BytesIO

import numpy as np

from faceindex.errors import ModelError, UsageError
from faceindex.files.writing import make_folder, write_file
from faceindex.models.cards import HeadCard, LearntCard, RecipeCard, forget_cards, models_folder, recipe_cards
from faceindex.models.projections import Matrix
from faceindex.models.written_cards import NAME, card_toml


def check_new_name(name: str) -> None:
    """Raises: UsageError unless a recipe can be called `name`, and none is."""
    if not re.fullmatch(NAME, name):
        raise UsageError(f"a recipe's name has small letters, digits, dots and hyphens only, not {name!r}")
    if name in recipe_cards():
        raise UsageError(
            f"there is already a recipe {name}; choose another --name, or `faceindex models remove {name}`"
        )


def headed_card(
    base: RecipeCard, name: str, title: str, matrix: Matrix, learnt: LearntCard
) -> tuple[RecipeCard, bytes]:
    """The card of `base` with a head, and the head's file. matrix: float64 [d, d], stored as float32."""
    file = BytesIO()
    np.save(file, matrix.astype(np.float32))
    data = file.getvalue()
    head = HeadCard(f"{name}.npy", hashlib.sha256(data).hexdigest(), base.name, learnt)
    return replace(base, name=name, title=title, head=head, accuracy=None), data


def add_head(card: RecipeCard, data: bytes) -> None:
    """Store a card of `headed_card` and its file. Raises: ModelError; UsageError when the name is not free."""
    check_new_name(card.name)
    assert card.head is not None
    folder = models_folder() / "recipes"
    try:
        make_folder(folder)
        write_file(folder / card.head.file, data)
        write_file(folder / f"{card.name}.toml", card_toml(card))
    except OSError as error:
        raise ModelError(f"cannot write to {folder}: {error.strerror}") from None
    forget_cards()
