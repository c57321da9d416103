"""Cards as TOML files, for the user's folder of models."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import tomli_w

from faceindex.models.cards import ModelCard, RecipeCard

NAME = r"[a-z0-9][a-z0-9._-]{0,40}"
"""What names of models and recipes look like: they are names of files, too."""


def card_toml(card: ModelCard | RecipeCard) -> bytes:
    """The card as TOML, without keys that are None."""
    return tomli_w.dumps(said(asdict(card))).encode()


def said(values: dict[str, Any]) -> dict[str, Any]:
    """The values without those that are None, which TOML cannot say."""
    return {key: said(one) if isinstance(one, dict) else one for key, one in values.items() if one is not None}
