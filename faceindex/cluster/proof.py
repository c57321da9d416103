"""What a node must prove before it gets work: the same faceindex, the same recipe, the same weights.

The user's own cards, weights and matrices travel to the nodes, and are checked there by the same sums.
"""

from __future__ import annotations

import os
import pickle
import sys
from dataclasses import dataclass
from pathlib import Path

from faceindex.errors import FaceindexError
from faceindex.faces.analyse import Analyser
from faceindex.faces.recipe import Recipe
from faceindex.files.writing import make_folder, write_file
from faceindex.models.cards import ENVIRONMENT, ModelCard, forget_cards, model_cards, models_folder
from faceindex.models.projections import head, projection
from faceindex.models.weights import find_weights, weights
from faceindex.photos.finding import addresses


@dataclass(frozen=True, slots=True)
class Proof:
    """What a node, or this machine, has. version: of faceindex; fingerprint: of the recipe, by the cards there; sums:
    sha256 of each of its weights; device: that encodes; error: why it has no more than the version."""

    version: str
    fingerprint: str = ""
    sums: tuple[tuple[str, str], ...] = ()
    device: str = ""
    error: str = ""


@dataclass(frozen=True, slots=True)
class Parcel:
    """What a node needs: the analyser, the user's files by their path in the folder of models, and logins."""

    analyser: Analyser
    files: dict[str, bytes]
    secrets: dict[str, str]


def parcel(analyser: Analyser) -> bytes:
    """The parcel for every node, pickled. Raises: ModelError when weights are missing or altered."""
    return pickle.dumps(Parcel(analyser, _own_files(analyser.recipe), addresses.secrets_for_children()))


def unpack(data: bytes, folder: Path) -> Analyser:
    """On a node: put the parcel's files into `folder`, which takes the place of the node's own models."""
    given: Parcel = pickle.loads(data)
    for place, content in given.files.items():
        make_folder((folder / place).parent)
        write_file(folder / place, content, durable=False)
    os.environ[ENVIRONMENT] = str(folder)
    os.environ |= given.secrets
    addresses.take_secrets()
    forget_cards()
    return given.analyser


def own_version() -> str:
    """Of the package, which is loaded before any of its modules."""
    return str(sys.modules["faceindex"].__version__)


def proof_of(analyser: Analyser) -> Proof:
    """What is here for the analyser; weights and matrices are hashed."""
    version, recipe = own_version(), analyser.recipe
    try:
        analyser.engine.check(recipe.precision)
        for name in recipe.needs:
            weights(name)
        cards = model_cards()
        if recipe.card.projection is not None:
            projection(recipe.card.projection, sum(cards[part.encoder].dimension or 0 for part in recipe.parts))
        if recipe.card.head is not None:
            head(recipe.card.head, recipe.dimension)
        sums = tuple((name, cards[name].sha256) for name in recipe.needs)
        return Proof(version, recipe.fingerprint, sums, analyser.engine.used_device)
    except KeyError as error:
        return Proof(version, error=f"it has no card of the model {error.args[0]}")
    except FaceindexError as error:
        return Proof(version, error=str(error))


def difference(ours: Proof, theirs: Proof) -> str | None:
    """What is wrong with a node, in words; None if it may work."""
    if theirs.version != ours.version:
        return f"it has faceindex {theirs.version}, and this is {ours.version}"
    if theirs.error:
        return theirs.error
    for (name, ours_sum), (_, theirs_sum) in zip(ours.sums, theirs.sums, strict=False):
        if ours_sum != theirs_sum:
            return f"its weights of {name} are other ones (sha256 {theirs_sum[:12]}, here {ours_sum[:12]})"
    if theirs.fingerprint != ours.fingerprint:
        return f"its recipe is another one (fingerprint {theirs.fingerprint[:12]}, here {ours.fingerprint[:12]})"
    if theirs.device != ours.device:
        return f"its onnxruntime has no device {ours.device}"
    return None


def _own_files(recipe: Recipe) -> dict[str, bytes]:
    """The user's files that the recipe needs: cards, weights, and matrices."""
    folder = models_folder()
    found = list(folder.glob("*.toml"))
    found += [path for name in recipe.needs if (path := _own_weights(model_cards()[name], folder))]
    matrices = (recipe.card.projection, recipe.card.head)
    found += [folder / "recipes" / matrix.file for matrix in matrices if matrix is not None]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found if path.is_file()}


def _own_weights(card: ModelCard, folder: Path) -> Path | None:
    path = find_weights(card)
    return path if path is not None and path.is_relative_to(folder) else None
